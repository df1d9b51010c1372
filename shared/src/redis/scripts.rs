//! The Lua scripts, one file each; what their keys and arguments are stands on top of each file.

use std::sync::LazyLock;

use redis::{Cmd, Script};

macro_rules! scripts {
    ($($name:ident = $file:literal),+ $(,)?) => {
        $(pub(super) static $name: LazyLock<Script> =
            LazyLock::new(|| Script::new(include_str!(concat!("scripts/", $file))));)+

        /// Loads every script; one missing on the server means that all are, since it was restarted.
        pub(super) fn load_all() -> Vec<Cmd> {
            [$(include_str!(concat!("scripts/", $file))),+]
                .into_iter()
                .map(|code| {
                    let mut load = redis::cmd("SCRIPT");
                    load.arg("LOAD").arg(code);
                    load
                })
                .collect()
        }
    };
}

scripts!(
    ADMIT = "admit.lua",
    LIMIT = "limit.lua",
    STILL_ONLINE = "still_online.lua",
    REGISTER = "register.lua",
    COUNT_IN = "count_in.lua",
    LISTEN = "listen.lua",
    CONFIRM = "confirm.lua",
    FORGET = "forget.lua",
    REBUILD = "rebuild.lua",
    JOINED = "joined.lua",
    MEMBERS_CHANGED = "members_changed.lua",
    SWEEP = "sweep.lua",
    TELL = "tell.lua",
    CLAIM = "claim.lua",
    KEEP_CLAIM = "keep_claim.lua",
    END_REBUILD = "end_rebuild.lua",
    PUSH_TURN = "push_turn.lua",
);

/// `EVALSHA` of a script on these keys; the arguments are added by the caller.
pub(super) fn call(script: &Script, keys: &[String]) -> Cmd {
    let mut command = redis::cmd("EVALSHA");
    command.arg(script.get_hash()).arg(keys.len()).arg(keys);
    command
}
