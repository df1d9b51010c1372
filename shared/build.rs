//! A new file in `migrations/` has to be built in, though no source file changed.

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
