//! The functions' environment: what the runner was given, over what the template says, over what the
//! runner itself knows.

use crate::{
    Options,
    template::{Function, Template},
};
use anyhow::{Context, bail};
use shared::config::Config;
use std::collections::{BTreeMap, HashMap};

/// What names the real services.
pub(crate) const SERVICES: [&str; 3] = ["DATABASE_URL", "REDIS_URL", "RABBITMQ_URL"];

/// Environment variables by name. In process all functions share one environment, so what the template
/// gives to a single function all of them see.
pub(crate) struct Variables {
    given: HashMap<String, String>,
    template: BTreeMap<String, String>,
    own: HashMap<&'static str, String>,
}

impl Variables {
    pub(crate) fn new(options: &Options, template: &Template) -> Self {
        let environments = template.functions.values().map(|function| function.environment.clone());
        Self {
            given: options.variables.clone(),
            template: environments.flatten().collect(),
            own: HashMap::new(),
        }
    }

    /// Sets what holds when nobody says otherwise.
    pub(crate) fn default(&mut self, name: &'static str, value: impl Into<String>) {
        self.own.insert(name, value.into());
    }

    /// The value of a variable; an empty one is none.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let given = self.given(name).or_else(|| by_another_name(name, |name| self.given(name)));
        let templates = || self.template.get(name).cloned();
        let value = given.or_else(templates).filter(|value| !value.is_empty());
        value.or_else(|| self.own.get(name).cloned())
    }

    /// The environment of a process that runs `function` alone, over the one that the runner itself has.
    pub(crate) fn of(&self, function: &Function) -> BTreeMap<String, String> {
        let own = self.own.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let environment = function.environment.clone().into_iter();
        let says =
            environment.filter(|(name, value)| !value.is_empty() || !self.own.contains_key(name.as_str()));
        let unless_given = own.chain(says).filter(|(name, _)| self.given(name).is_none());
        let renamed = RENAMED.into_iter().filter_map(|name| Some((name.to_owned(), self.get(name)?)));
        let signs =
            CREDENTIALS.into_iter().filter_map(|name| Some((name.to_owned(), self.own.get(name)?.clone())));
        let own = unless_given.chain(self.endpoints(function)).chain(settings(function));
        own.chain(renamed).chain(self.given.clone()).chain(signs).collect()
    }

    /// The environment of a process of a template that isn't Hark's: what the template says, and where to post.
    pub(crate) fn of_guest(&self, function: &Function) -> BTreeMap<String, String> {
        let key = CREDENTIALS.into_iter().map(|name| (name.to_owned(), "local".to_owned()));
        let given = function.environment.keys().filter_map(|name| Some((name.clone(), self.given(name)?)));
        let environment = function.environment.clone().into_iter().chain(given).chain(key);
        environment.chain(self.endpoints(function)).chain(settings(function)).collect()
    }

    /// The variables that say where to post, unless they were given.
    fn endpoints(&self, function: &Function) -> impl Iterator<Item = (String, String)> {
        let own = self.get("ENDPOINT_URL").unwrap_or_default();
        let named = function.endpoints.iter();
        named.map(move |name| (name.clone(), self.given(name).unwrap_or_else(|| own.clone())))
    }

    fn given(&self, name: &str) -> Option<String> {
        self.given.get(name).cloned().or_else(|| std::env::var(name).ok())
    }

    /// Whether the real services are to be used: all of their URLs are there, or none.
    ///
    /// # Errors
    /// Some are: names those that are missing.
    pub(crate) fn has_services(&self) -> anyhow::Result<bool> {
        let (there, missing): (Vec<_>, Vec<_>) =
            SERVICES.into_iter().partition(|name| self.get(name).is_some());
        if !there.is_empty() && !missing.is_empty() {
            let (there, missing) = (there.join(", "), missing.join(", "));
            bail!(
                "{there} set but not {missing}: set all three to use the services, or none to run embedded"
            );
        }
        Ok(missing.is_empty())
    }

    /// The functions' configuration.
    ///
    /// # Errors
    /// Names every bad key, and fan-out queues that nothing reads.
    pub(crate) fn config(&self, template: &Template) -> anyhow::Result<Config> {
        if self.given("JWT_ALGORITHM").is_some_and(|algorithm| algorithm != "HS256") {
            bail!("JWT_ALGORITHM: own tokens are HS256; those of others are JWT_ISSUERS'");
        }
        let config = Config::from_vars(|name| self.get(name))?;
        let read = |queue: &str| template.queues.iter().any(|source| source.queue == queue);
        let unread = (0..config.chat.fanout_queues).map(shared::ports::fanout_queue).find(|name| !read(name));
        match unread {
            Some(queue) if !template.queues.is_empty() => Err(anyhow::anyhow!(
                "FANOUT_QUEUES is {} but the template reads no {queue}: pass --parameter FanoutQueues={0}",
                config.chat.fanout_queues
            )),
            _ => Ok(config),
        }
    }

    /// The value of a variable that was checked to be there.
    ///
    /// # Errors
    /// It isn't.
    pub(crate) fn need(&self, name: &str) -> anyhow::Result<String> {
        self.get(name).with_context(|| format!("{name} is missing"))
    }
}

/// The filter of this process's own logs, by either of its names; None when nobody set it.
#[must_use]
pub fn log_level() -> Option<String> {
    let given = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    given("LOG_LEVEL").or_else(|| by_another_name("LOG_LEVEL", given))
}

/// What Lambda tells a function of its own settings.
fn settings(function: &Function) -> impl Iterator<Item = (String, String)> {
    let memory = function.memory_mb.map(|size| size.to_string());
    let settings = [("_HANDLER", function.handler.clone()), ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory)];
    settings.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)))
}

/// What a function signs its posts with: the runner's, never a developer's own.
const CREDENTIALS: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

/// The variables that have other names, too.
const RENAMED: [&str; 3] = ["JWT_SECRET", "LOG_LEVEL", "PRESENCE_TTL"];

/// What a variable is by the names that services of the same purpose use.
fn by_another_name(name: &str, given: impl Fn(&str) -> Option<String>) -> Option<String> {
    match name {
        "JWT_SECRET" => given("JWT_SECRET_KEY"),
        "LOG_LEVEL" => given("DEBUG").filter(|debug| debug == "true").map(|_| "debug".to_owned()),
        // Who hasn't answered the last ping in time is gone.
        "PRESENCE_TTL" => {
            let seconds = |name, default| given(name).map_or(Some(default), |text| text.parse::<u32>().ok());
            let timeout: u32 = given("WEBSOCKET_PING_TIMEOUT")?.parse().ok()?;
            Some(seconds("WEBSOCKET_PING_INTERVAL", 30)?.checked_add(timeout)?.to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "
        Resources:
          Deliver:
            Type: AWS::Serverless::Function
            Properties:
              CodeUri: target/lambda/deliver/
              Environment: {Variables: {PRESENCE_TTL: '60', FANOUT_QUEUES: '1', SERVICE_NETWORKS: ''}}
          Source:
            Type: AWS::Lambda::EventSourceMapping
            Properties:
              FunctionName: !Ref Deliver
              EventSourceArn: arn
              Queues: [chat.fanout.0]";

    fn given(variables: &[(&str, &str)]) -> (Variables, Template) {
        let template = Template::parse(TEMPLATE, &Default::default()).unwrap();
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let options = Options { variables: variables.collect(), ..Options::defaults() };
        let mut variables = Variables::new(&options, &template);
        variables.default("JWT_SECRET", "0123456789abcdef0123456789abcdef");
        (variables, template)
    }

    #[test]
    fn other_names_count_when_ours_is_not_given() {
        let value = |variables: &[(&str, &str)], name: &str| given(variables).0.get(name);
        let secret = "x".repeat(32);
        assert_eq!(value(&[("JWT_SECRET_KEY", &secret)], "JWT_SECRET"), Some(secret.clone()));
        assert_eq!(
            value(&[("JWT_SECRET_KEY", &secret), ("JWT_SECRET", "ours")], "JWT_SECRET").as_deref(),
            Some("ours")
        );
        assert_eq!(value(&[("DEBUG", "true")], "LOG_LEVEL").as_deref(), Some("debug"));
        assert_eq!(value(&[("DEBUG", "false")], "LOG_LEVEL"), None);
        let pings = [("WEBSOCKET_PING_TIMEOUT", "10"), ("WEBSOCKET_PING_INTERVAL", "20")];
        assert_eq!(value(&pings, "PRESENCE_TTL").as_deref(), Some("30"));
        assert_eq!(value(&pings[..1], "PRESENCE_TTL").as_deref(), Some("40"));
        let (variables, template) = given(&[("JWT_ALGORITHM", "RS256")]);
        assert!(variables.config(&template).unwrap_err().to_string().contains("JWT_ALGORITHM"));
        let (variables, template) = given(&[("JWT_ALGORITHM", "HS256")]);
        assert!(variables.config(&template).is_ok());
    }

    #[test]
    fn what_is_given_beats_the_template_and_that_the_runners_own() {
        let (mut variables, _) = given(&[("PRESENCE_TTL", "9")]);
        variables.default("FANOUT_QUEUES", "8");
        assert_eq!(variables.get("PRESENCE_TTL").as_deref(), Some("9"));
        assert_eq!(variables.get("FANOUT_QUEUES").as_deref(), Some("1"));
        assert!(variables.get("JWT_SECRET").is_some());
    }

    #[test]
    fn an_empty_variable_leaves_it_to_the_runner() {
        let (variables, _) = given(&[("JWT_SECRET", "")]);
        assert!(variables.get("JWT_SECRET").is_some());
    }

    #[test]
    fn what_the_template_leaves_empty_a_process_has_from_the_runner() {
        let (mut variables, template) = given(&[]);
        variables.default("SERVICE_NETWORKS", "loopback");
        let deliver = template.functions.values().next().unwrap();
        let environment = variables.of(deliver);
        assert_eq!(environment["SERVICE_NETWORKS"], "loopback");
        assert_eq!(environment["PRESENCE_TTL"], "60");
    }

    #[test]
    fn fan_out_queues_that_nothing_reads_are_an_error() {
        let (variables, template) = given(&[]);
        assert!(variables.config(&template).is_ok());
        let (variables, template) = given(&[("FANOUT_QUEUES", "2")]);
        let refused = variables.config(&template).unwrap_err().to_string();
        assert!(refused.contains("chat.fanout.1"), "{refused}");
    }
}
