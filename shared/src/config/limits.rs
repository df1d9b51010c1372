use super::reader::Reader;
use crate::limiter::Rate;

/// How often may be tried what takes no token. 0 turns a limit off.
#[derive(Debug, Clone, Copy)]
pub struct LimitsConfig {
    /// `RATE_LIMIT_LOGIN_PER_MINUTE` (20) and `RATE_LIMIT_LOGIN_BURST` (20), from one address.
    pub login: Rate,
    /// `RATE_LIMIT_LOGIN_NAME_PER_MINUTE` (30) and `RATE_LIMIT_LOGIN_NAME_BURST` (60), for one user name
    /// from wherever: slows guessing from many addresses, and is wide enough to keep nobody out for long.
    pub login_name: Rate,
    /// `RATE_LIMIT_REGISTER_PER_HOUR` (60) and `RATE_LIMIT_REGISTER_BURST` (20), from one address.
    pub register: Rate,
    /// `RATE_LIMIT_VISITORS_PER_HOUR` (600) and `RATE_LIMIT_VISITORS_BURST` (100), from one address: an office
    /// may be behind one, and every page that is opened asks.
    pub visitors: Rate,
}

impl LimitsConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let mut pair = |number: &str, default, burst: &str, at_once| {
            (reader.number(number, default, 0..=1_000_000), reader.number(burst, at_once, 1..=1_000_000))
        };
        let login = pair("RATE_LIMIT_LOGIN_PER_MINUTE", 20, "RATE_LIMIT_LOGIN_BURST", 20);
        let name = pair("RATE_LIMIT_LOGIN_NAME_PER_MINUTE", 30, "RATE_LIMIT_LOGIN_NAME_BURST", 60);
        let register = pair("RATE_LIMIT_REGISTER_PER_HOUR", 60, "RATE_LIMIT_REGISTER_BURST", 20);
        let visitors = pair("RATE_LIMIT_VISITORS_PER_HOUR", 600, "RATE_LIMIT_VISITORS_BURST", 100);
        Self {
            login: Rate::per_minute(login.0, login.1),
            login_name: Rate::per_minute(name.0, name.1),
            register: Rate::per_hour(register.0, register.1),
            visitors: Rate::per_hour(visitors.0, visitors.1),
        }
    }
}
