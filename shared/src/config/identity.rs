use super::issuers::{self, IssuerConfig};
use super::reader::{Reader, Secret};

/// The least that HS256 needs (RFC 7518, section 3.2).
pub const JWT_SECRET_MIN_BYTES: usize = 32;
const KID_MAX_CHARS: usize = 32;

/// One key of `JWT_SECRET`.
#[derive(Debug, Clone)]
pub struct SigningKey {
    /// Stands in the token's header and picks the key that checks it.
    pub kid: String,
    pub secret: Secret,
}

/// Hark's own tokens.
#[derive(Debug, Clone)]
pub struct IdentityConfig {
    /// `JWT_SECRET`: one secret, or `kid:secret` pairs separated by commas. The first signs, all check,
    /// so that keys can rotate.
    pub keys: Vec<SigningKey>,
    /// `JWT_EXPIRE_MINUTES` (1440).
    pub expire_minutes: i64,
    /// `JWT_ISSUERS`: others whose tokens are taken.
    pub issuers: Vec<IssuerConfig>,
    /// `API_KEYS_MAX` (20): keys of one service account in force.
    pub api_keys_max: u32,
    /// `ADMIN_USERNAME`, read by `migrate` to make the first admin.
    pub admin_username: Option<String>,
    /// `ADMIN_PASSWORD`.
    pub admin_password: Option<Secret>,
}

impl IdentityConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let config = Self {
            keys: reader.list("JWT_SECRET").iter().map(|item| signing_key(item)).collect(),
            expire_minutes: reader.number("JWT_EXPIRE_MINUTES", 1440, 1..=525_600),
            issuers: issuers::read(reader),
            api_keys_max: reader.number("API_KEYS_MAX", 20, 1..=1_000),
            admin_username: reader.text("ADMIN_USERNAME"),
            admin_password: reader.secret("ADMIN_PASSWORD"),
        };
        config.check(reader);
        config
    }

    fn check(&self, reader: &mut Reader<'_>) {
        if self.keys.is_empty() {
            reader.problem("JWT_SECRET", "is missing");
        }
        for key in &self.keys {
            if key.secret.expose().len() < JWT_SECRET_MIN_BYTES {
                reader
                    .problem("JWT_SECRET", format!("key {} is under {JWT_SECRET_MIN_BYTES} bytes", key.kid));
            }
        }
        if self.admin_username.is_some() != self.admin_password.is_some() {
            reader.problem("ADMIN_USERNAME", "must be set together with ADMIN_PASSWORD");
        }
    }
}

/// `kid:secret`, or a bare secret, whose key id is `1`.
fn signing_key(item: &str) -> SigningKey {
    let is_kid = |text: &str| {
        (1..=KID_MAX_CHARS).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    match item.split_once(':') {
        Some((kid, secret)) if is_kid(kid) => SigningKey { kid: kid.to_owned(), secret: Secret::new(secret) },
        _ => SigningKey { kid: "1".to_owned(), secret: Secret::new(item) },
    }
}
