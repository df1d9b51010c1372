//! What the runner says once it is ready.

use crate::{
    Running,
    demo::Demo,
    gateway::http::{docs, page},
};
use std::fmt::{self, Display, Formatter};

/// Where Hark is and what to try first, for a terminal.
pub struct Banner<'a> {
    /// The runner.
    pub running: &'a Running,
    /// Whom to try it as; nobody with real services.
    pub demos: &'a [Demo],
}

impl Display for Banner<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let http = self.running.http_url();
        if self.running.are_guests() {
            return writeln!(f, "The template's functions are behind {http} and {}", self.running.ws_url());
        }
        writeln!(f, "Hark listens on {http}\n")?;
        writeln!(f, "  {http}{:<14} describes its HTTP API", docs::PATH)?;
        writeln!(f, "  {http}{:<14} describes its sockets\n", page::SOCKET_PATH)?;
        match self.demos {
            [] => self.registering(f),
            demos => self.trying(demos, f),
        }?;
        self.going_wrong(f)
    }
}

impl Banner<'_> {
    fn going_wrong(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (seed, faults) = self.running.sockets().faults().list();
        if !faults.is_empty() {
            writeln!(f, "\nGoing wrong on demand:\n")?;
        }
        for fault in &faults {
            writeln!(f, "  {fault}")?;
        }
        if faults.iter().any(|fault| !fault.share.is_all()) {
            writeln!(f, "\nBy chance of seed {seed}: --fault-seed {seed} decides the same again.")?;
        }
        Ok(())
    }

    fn registering(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (http, ws) = (self.running.http_url(), self.running.ws_url());
        writeln!(
            f,
            "It uses the services of DATABASE_URL, REDIS_URL and RABBITMQ_URL. Register:\n\n  \
             curl -s {http}/api/v1/auth/register -H 'content-type: application/json' \\\n    \
             -d '{{\"username\":\"ann\",\"password\":\"secret1\"}}'\n\n\
             and connect with the token of the answer:\n\n  \
             npx wscat -c '{ws}/?token=TOKEN'"
        )
    }

    fn trying(&self, demos: &[Demo], f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "Tokens to try it with:\n")?;
        for Demo { username, token, .. } in demos {
            writeln!(f, "  {username:<6} {token}")?;
        }
        writeln!(f, "\nTwo terminals:\n")?;
        for Demo { token, .. } in demos.iter().take(2) {
            writeln!(f, "  npx wscat -c '{}/?token={token}'", self.running.ws_url())?;
        }
        let other = demos.get(1).map_or("bob", |demo| demo.username.as_str());
        writeln!(
            f,
            "\nand in the first:\n\n  {{\"type\":\"message\",\"to\":\"{other}\",\"content\":\"hello\"}}"
        )
    }
}
