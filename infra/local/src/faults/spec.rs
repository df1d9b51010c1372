//! Faults as text: what `--fault` takes, and `/_faults` takes and gives.
//!
//! ```text
//! SPEC        WHAT[:SHARE][,count=N][,connection=ID][,function=NAME]
//! WHAT        disconnect=lose | disconnect=late:TIME | disconnect=twice
//!             connect=429 | connect=limit:PER_SECOND | connect=late:TIME
//!             post=403 | post=410 | post=413 | post=429 | post=503 | post=late:TIME
//!             event=twice
//!             function=NAME:fail | function=NAME:crash | function=NAME:slow:TIME
//! ```

use super::{ConnectFault, DisconnectFault, Fault, FunctionFault, Kind, PostAnswer, Share};
use crate::gateway::sockets::PostError;
use jiff::SignedDuration;
use std::{
    fmt::{self, Display, Formatter},
    num::NonZeroU32,
    str::{FromStr, Split},
    time::Duration,
};

/// The longest TIME.
pub const MAX_TIME: Duration = Duration::from_secs(3600);

const REFUSALS: [(&str, PostError); 5] = [
    ("403", PostError::Forbidden),
    ("410", PostError::Gone),
    ("413", PostError::TooLarge),
    ("429", PostError::Throttled),
    ("503", PostError::Unavailable),
];

/// Why a text is no fault: names the part that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SpecError(String);

type Parsed<T> = Result<T, SpecError>;

impl From<String> for SpecError {
    fn from(problem: String) -> Self {
        Self(problem)
    }
}

/// What is between the colons.
struct Words<'a> {
    /// What a part is missing behind.
    before: &'a str,
    rest: Split<'a, char>,
}

impl<'a> Words<'a> {
    fn of(what: &'a str) -> Parsed<(&'a str, Self)> {
        let (on, words) = what.split_once('=').ok_or_else(|| format!("{what:?} must be WHERE=WHAT"))?;
        Ok((on, Self { before: on, rest: words.split(':') }))
    }

    /// The next one, which is `what`.
    fn need(&mut self, what: &str) -> Parsed<&'a str> {
        let word = self.rest.next().filter(|word| !word.is_empty());
        let word = word.ok_or_else(|| format!("{what} is missing after {:?}", self.before))?;
        self.before = word;
        Ok(word)
    }

    fn time(&mut self) -> Parsed<Duration> {
        let text = self.need("a time")?;
        let time = text.parse::<SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
        let time = time.ok_or_else(|| format!("{text:?} is no time: write 500ms, 2s or 1m"))?;
        if time > MAX_TIME {
            return Err(format!("{text:?} is too long: a time is at most {}", shown(MAX_TIME)).into());
        }
        Ok(time)
    }

    /// What may stand at the end of all.
    fn share(&mut self) -> Parsed<Share> {
        let share = self.rest.next().map_or(Ok(Share::ALL), str::parse)?;
        match self.rest.next() {
            Some(more) => Err(format!("{more:?} is too much: the share is the last").into()),
            None => Ok(share),
        }
    }
}

impl FromStr for Fault {
    type Err = SpecError;

    fn from_str(spec: &str) -> Parsed<Self> {
        let (what, options) = spec.split_once(',').map_or((spec, None), |(what, rest)| (what, Some(rest)));
        let (on, mut words) = Words::of(what)?;
        let kind = kind(on, &mut words)?;
        let mut fault = Self { kind, share: words.share()?, count: None };
        for option in options.into_iter().flat_map(|options| options.split(',')) {
            fault.take(option)?;
        }
        Ok(fault)
    }
}

fn kind(on: &str, words: &mut Words<'_>) -> Parsed<Kind> {
    match on {
        "disconnect" => Ok(Kind::Disconnect(disconnect(words)?)),
        "connect" => Ok(Kind::Connect(connect(words)?)),
        "post" => Ok(Kind::Post { answer: answer(words)?, connection: None }),
        "event" => match words.need("twice")? {
            "twice" => Ok(Kind::EventTwice { function: None }),
            other => Err(none_of(other, "twice")),
        },
        "function" => {
            let name = words.need("a function's name")?.to_owned();
            Ok(Kind::Function { name, fault: function(words)? })
        }
        other => Err(none_of(other, "disconnect, connect, post, event, function")),
    }
}

fn disconnect(words: &mut Words<'_>) -> Parsed<DisconnectFault> {
    match words.need("lose, late or twice")? {
        "lose" => Ok(DisconnectFault::Lost),
        "late" => Ok(DisconnectFault::Late(words.time()?)),
        "twice" => Ok(DisconnectFault::Twice),
        other => Err(none_of(other, "lose, late, twice")),
    }
}

fn connect(words: &mut Words<'_>) -> Parsed<ConnectFault> {
    match words.need("429, limit or late")? {
        "429" => Ok(ConnectFault::Throttled),
        "limit" => Ok(ConnectFault::Limit(positive(words.need("a number of connects per second")?)?)),
        "late" => Ok(ConnectFault::Late(words.time()?)),
        other => Err(none_of(other, "429, limit, late")),
    }
}

fn answer(words: &mut Words<'_>) -> Parsed<PostAnswer> {
    let word = words.need("a status or late")?;
    if word == "late" {
        return Ok(PostAnswer::Late(words.time()?));
    }
    let refusal = REFUSALS.iter().find(|(status, _)| *status == word);
    let refusal = refusal.ok_or_else(|| none_of(word, "403, 410, 413, 429, 503, late"))?;
    Ok(PostAnswer::Refused(refusal.1))
}

fn function(words: &mut Words<'_>) -> Parsed<FunctionFault> {
    match words.need("fail, crash or slow")? {
        "fail" => Ok(FunctionFault::Fails),
        "crash" => Ok(FunctionFault::Crashes),
        "slow" => Ok(FunctionFault::Slow(words.time()?)),
        other => Err(none_of(other, "fail, crash, slow")),
    }
}

impl Fault {
    /// Takes one of what stands behind a comma.
    fn take(&mut self, option: &str) -> Parsed<()> {
        let (name, value) = option.split_once('=').ok_or_else(|| format!("{option:?} must be NAME=VALUE"))?;
        if value.is_empty() {
            return Err(format!("{name:?} has no value").into());
        }
        match (name, &mut self.kind) {
            ("count", _) => once(&mut self.count, name, positive(value)?.get()),
            ("connection", Kind::Post { connection, .. }) => once(connection, name, value.to_owned()),
            ("function", Kind::EventTwice { function }) => once(function, name, value.to_owned()),
            ("connection", _) => Err("\"connection\" goes with post alone".to_owned().into()),
            ("function", _) => Err("\"function\" goes with event alone".to_owned().into()),
            _ => Err(none_of(name, "count, connection, function")),
        }
    }
}

fn once<T>(slot: &mut Option<T>, name: &str, value: T) -> Parsed<()> {
    match slot.replace(value) {
        Some(_) => Err(format!("{name:?} stands there twice").into()),
        None => Ok(()),
    }
}

fn positive(text: &str) -> Parsed<NonZeroU32> {
    text.parse().map_err(|_| format!("{text:?} is no number from 1 on").into())
}

fn none_of(word: &str, known: &str) -> SpecError {
    SpecError(format!("{word:?} is none of: {known}"))
}

impl Display for Fault {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { kind, share, count } = self;
        kind.fmt(f)?;
        if !share.is_all() {
            write!(f, ":{share}")?;
        }
        if let Some(count) = count {
            write!(f, ",count={count}")?;
        }
        match kind {
            Kind::Post { connection: Some(connection), .. } => write!(f, ",connection={connection}"),
            Kind::EventTwice { function: Some(function) } => write!(f, ",function={function}"),
            _ => Ok(()),
        }
    }
}

/// What stands before the share.
impl Display for Kind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disconnect(DisconnectFault::Lost) => f.write_str("disconnect=lose"),
            Self::Disconnect(DisconnectFault::Late(late)) => write!(f, "disconnect=late:{}", shown(*late)),
            Self::Disconnect(DisconnectFault::Twice) => f.write_str("disconnect=twice"),
            Self::Connect(ConnectFault::Throttled) => f.write_str("connect=429"),
            Self::Connect(ConnectFault::Limit(most)) => write!(f, "connect=limit:{most}"),
            Self::Connect(ConnectFault::Late(late)) => write!(f, "connect=late:{}", shown(*late)),
            Self::Post { answer: PostAnswer::Late(late), .. } => write!(f, "post=late:{}", shown(*late)),
            Self::Post { answer: PostAnswer::Refused(refusal), .. } => write!(f, "post={}", status(*refusal)),
            Self::EventTwice { .. } => f.write_str("event=twice"),
            Self::Function { name, fault: FunctionFault::Fails } => write!(f, "function={name}:fail"),
            Self::Function { name, fault: FunctionFault::Crashes } => write!(f, "function={name}:crash"),
            Self::Function { name, fault: FunctionFault::Slow(slow) } => {
                write!(f, "function={name}:slow:{}", shown(*slow))
            }
        }
    }
}

fn shown(time: Duration) -> String {
    SignedDuration::try_from(time).map_or_else(|_| format!("{time:?}"), |time| format!("{time:#}"))
}

/// One that no text asks for is a 400 of the gateway.
fn status(refusal: PostError) -> &'static str {
    REFUSALS.iter().find(|(_, known)| *known == refusal).map_or("400", |(status, _)| status)
}

impl TryFrom<String> for Fault {
    type Error = SpecError;

    fn try_from(spec: String) -> Parsed<Self> {
        spec.parse()
    }
}

impl From<Fault> for String {
    fn from(fault: Fault) -> Self {
        fault.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(spec: &str) -> String {
        spec.parse::<Fault>().expect_err(spec).to_string()
    }

    #[test]
    fn every_form_reads_as_it_is_written() {
        for spec in [
            "disconnect=lose:0.2",
            "disconnect=late:2s",
            "disconnect=twice:0.5,count=3",
            "connect=429",
            "connect=429:0.1",
            "connect=limit:500",
            "connect=late:300ms:0.5",
            "post=403",
            "post=410:0.1,count=5,connection=L0SM9cOFvHcCIhw=",
            "post=413",
            "post=429:0",
            "post=503",
            "post=late:1m:0.25",
            "event=twice:0.5",
            "event=twice,function=message",
            "function=message:fail:0.1",
            "function=message:crash,count=1",
            "function=deliver:slow:500ms:0.5",
        ] {
            assert_eq!(spec.parse::<Fault>().expect(spec).to_string(), spec);
        }
    }

    #[test]
    fn a_share_of_one_and_times_of_any_unit_are_the_same_fault() {
        let plain: Fault = "disconnect=late:2s".parse().unwrap();
        assert_eq!("disconnect=late:2000ms:1".parse(), Ok(plain.clone()));
        assert_eq!(plain, Fault::every(Kind::Disconnect(DisconnectFault::Late(Duration::from_secs(2)))));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (spec, part) in [
            ("", "\"\" must be WHERE=WHAT"),
            ("disconnect", "\"disconnect\" must be"),
            ("sockets=lose", "\"sockets\" is none of: disconnect"),
            ("disconnect=", "missing after \"disconnect\""),
            ("disconnect=losse:0.2", "\"losse\" is none of: lose"),
            ("disconnect=late", "a time is missing after \"late\""),
            ("disconnect=late:0.5", "\"0.5\" is no time"),
            ("disconnect=late:-2s", "\"-2s\" is no time"),
            ("disconnect=lose:half", "\"half\" is no share"),
            ("disconnect=lose:0.1:0.2", "\"0.2\" is too much"),
            ("connect=430", "\"430\" is none of: 429"),
            ("connect=limit:0", "\"0\" is no number"),
            ("post=500", "\"500\" is none of: 403"),
            ("event=thrice", "\"thrice\" is none of: twice"),
            ("function=fail", "fail, crash or slow is missing after \"fail\""),
            ("function=message:slow", "a time is missing after \"slow\""),
            ("post=429,count=0", "\"0\" is no number"),
            ("post=429,count=-1", "\"-1\" is no number"),
            ("post=429,count", "\"count\" must be NAME=VALUE"),
            ("post=429,count=1,count=2", "\"count\" stands there twice"),
            ("post=429,times=1", "\"times\" is none of: count"),
            ("post=429,connection=", "\"connection\" has no value"),
            ("event=twice,connection=a", "\"connection\" goes with post"),
            ("post=429,function=message", "\"function\" goes with event"),
        ] {
            let said = refused(spec);
            assert!(said.contains(part), "{spec}: {said}");
        }
    }

    #[test]
    fn a_share_is_from_0_to_1() {
        for share in ["0", "1", "0.5"] {
            assert!(format!("post=429:{share}").parse::<Fault>().is_ok(), "{share}");
        }
        for share in ["-0.1", "1.001", "NaN", "inf", ""] {
            assert!(refused(&format!("post=429:{share}")).contains("no share"), "{share}");
        }
    }

    #[test]
    fn a_time_is_an_hour_at_most() {
        assert!("disconnect=late:1h".parse::<Fault>().is_ok());
        assert!(refused("disconnect=late:3600001ms").contains("at most 1h"));
    }
}
