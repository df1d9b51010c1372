//! Configuration: environment variables and the secrets that these name, one small struct per concern, all checked at start with one
//! error that names every bad key.

mod chat;
mod events;
mod identity;
mod issuers;
mod limits;
mod messages;
mod moderation;
mod push;
mod reader;
mod registry;
mod secrets;
mod services;
mod sockets;
mod statistics;
mod support;

pub use chat::ChatConfig;
pub use events::EventsConfig;
pub use identity::{IdentityConfig, JWT_SECRET_MIN_BYTES, SigningKey};
pub use issuers::{IssuerConfig, IssuerKeys};
pub use limits::LimitsConfig;
pub use messages::MessagesConfig;
pub use moderation::{MODERATION_WORDS_MAX, ModerationAction, ModerationConfig, ModerationWebhookConfig};
pub use push::{PushConfig, PushWebhookConfig, VapidConfig};
pub use reader::{ConfigError, Secret};
pub use registry::RegistryConfig;
pub use secrets::{SECRET_SETTINGS, SecretsConfig};
pub use services::ServicesConfig;
pub use sockets::{ROUTING_TTL, SocketConfig};
pub use statistics::StatisticsConfig;
pub use support::SupportConfig;

use reader::Reader;

#[derive(Debug, Clone)]
pub struct Config {
    pub services: ServicesConfig,
    pub identity: IdentityConfig,
    pub sockets: SocketConfig,
    pub chat: ChatConfig,
    pub limits: LimitsConfig,
    pub messages: MessagesConfig,
    pub events: EventsConfig,
    pub moderation: ModerationConfig,
    pub push: PushConfig,
    pub support: SupportConfig,
    pub statistics: StatisticsConfig,
    pub registry: RegistryConfig,
    /// `LOG_LEVEL`: a level such as `info`, or one for each target: `shared=debug,info`.
    pub log_level: String,
}

impl Config {
    /// Reads variables from wherever `lookup` finds them.
    ///
    /// # Errors
    /// One error that names every key that is missing or malformed.
    pub fn from_vars(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(&lookup);
        let config = Self {
            services: ServicesConfig::read(&mut reader),
            identity: IdentityConfig::read(&mut reader),
            sockets: SocketConfig::read(&mut reader),
            chat: ChatConfig::read(&mut reader),
            limits: LimitsConfig::read(&mut reader),
            messages: MessagesConfig::read(&mut reader),
            events: EventsConfig::read(&mut reader),
            moderation: ModerationConfig::read(&mut reader),
            push: PushConfig::read(&mut reader),
            support: SupportConfig::read(&mut reader),
            statistics: StatisticsConfig::read(&mut reader),
            registry: RegistryConfig::read(&mut reader),
            log_level: reader.text("LOG_LEVEL").unwrap_or_else(|| "info".to_owned()),
        };
        reader.finish(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::Networks;

    fn read(vars: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_vars(|key| vars.iter().find(|(k, _)| *k == key).map(|(_, v)| (*v).to_owned()))
    }

    const SECRET: (&str, &str) = ("JWT_SECRET", "0123456789abcdef0123456789abcdef");

    #[test]
    fn the_defaults_are_those_of_the_documents() {
        let config = read(&[SECRET]).unwrap();
        assert_eq!(config.identity.expire_minutes, 1440);
        assert_eq!(config.sockets.max_connections, 20_000);
        assert_eq!(config.sockets.ping_interval_s, 30);
        assert_eq!(config.sockets.presence_ttl.as_secs(), 300);
    }

    #[test]
    fn one_error_names_every_bad_key() {
        let error = read(&[("JWT_SECRET", "short"), ("PRESENCE_TTL", "soon"), ("FANOUT_INLINE", "-1")])
            .unwrap_err()
            .to_string();
        for key in ["JWT_SECRET", "PRESENCE_TTL", "FANOUT_INLINE"] {
            assert!(error.contains(key), "{error}");
        }
        assert!(!error.contains("short"), "a secret's value is never shown: {error}");
    }

    #[test]
    fn several_keys_are_read_in_order_and_the_first_signs() {
        let old = "a".repeat(32);
        let new = "b".repeat(32);
        let config = read(&[("JWT_SECRET", &format!("k2:{new},k1:{old}"))]).unwrap();
        let kids: Vec<_> = config.identity.keys.iter().map(|key| key.kid.as_str()).collect();
        assert_eq!(kids, ["k2", "k1"]);
    }

    #[test]
    fn a_secret_of_31_bytes_is_refused_and_one_of_32_is_taken() {
        assert!(read(&[("JWT_SECRET", &"x".repeat(31))]).is_err());
        assert!(read(&[("JWT_SECRET", &"x".repeat(32))]).is_ok());
    }

    #[test]
    fn keys_of_pushes_come_in_pairs_and_are_checked() {
        let pair = [
            ("PUSH_VAPID_PRIVATE_KEY", "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
            ("PUSH_VAPID_SUBJECT", "mailto:push@example.com"),
            ("PUSH_WEBHOOK_URL", "https://example.com/push"),
            ("PUSH_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ];
        let config = read(&[&[SECRET][..], &pair].concat()).unwrap();
        assert!(config.push.vapid.is_some() && config.push.webhook.is_some());
        for (alone, missing) in [(0, 1), (1, 0), (2, 3), (3, 2)] {
            let error = read(&[SECRET, pair[alone]]).unwrap_err().to_string();
            assert!(error.contains(&format!("{}: is missing", pair[missing].0)), "{error}");
        }
        for ((key, _), bad) in pair.iter().zip(["short", "push@example.com", "example.com", "whsec_short"]) {
            let vars = pair.map(|(name, value)| (name, if name == *key { bad } else { value }));
            let error = read(&[&[SECRET][..], &vars].concat()).unwrap_err().to_string();
            assert!(error.contains(&format!("{key}: ")), "{error}");
        }
    }

    #[test]
    fn a_push_waits_for_one_of_the_fixed_steps() {
        for seconds in ["1", "5", "15", "60"] {
            assert!(read(&[SECRET, ("PUSH_DELAY_SECONDS", seconds)]).is_ok(), "{seconds}");
        }
        assert!(read(&[SECRET, ("PUSH_DELAY_SECONDS", "2")]).is_err());
        assert!(read(&[SECRET, ("PUSH_PREVIEW", "perhaps")]).is_err());
    }

    #[test]
    fn the_exchange_has_a_name_that_is_free() {
        let exchange = |name: &str| read(&[SECRET, ("MESSAGE_QUEUE_EXCHANGE", name)]);
        assert_eq!(read(&[SECRET]).unwrap().events.exchange, "chat.exchange");
        assert_eq!(exchange("my:exchange_1-a").unwrap().events.exchange, "my:exchange_1-a");
        assert!(exchange(&"x".repeat(127)).is_ok());
        for bad in [&"x".repeat(128), "my exchange", "amq.topic", "chat.dead", "chat.retry.7200s"] {
            let error = exchange(bad).unwrap_err().to_string();
            assert!(error.contains("MESSAGE_QUEUE_EXCHANGE: "), "{error}");
        }
    }

    #[test]
    fn events_have_the_limits_of_the_documents() {
        let events = read(&[SECRET]).unwrap().events;
        assert_eq!((events.batch_size, events.deadline.as_secs(), events.target_concurrency), (100, 10, 8));
        let now = crate::clock::UnixMs(40 * 24 * 3_600_000);
        assert_eq!(events.kept_since(now), Some(crate::clock::UnixMs(10 * 24 * 3_600_000)));
        assert_eq!(read(&[SECRET, ("EVENT_RETENTION_DAYS", "0")]).unwrap().events.kept_since(now), None);
        let past =
            [("MESSAGE_BATCH_SIZE", "1001"), ("MESSAGE_TIMEOUT", "61"), ("RELAY_TARGET_CONCURRENCY", "0")];
        for (key, value) in past {
            let error = read(&[SECRET, (key, value)]).unwrap_err().to_string();
            assert!(error.contains(&format!("{key}: ")), "{error}");
        }
        let most = [SECRET, ("MESSAGE_BATCH_SIZE", "1000"), ("MESSAGE_TIMEOUT", "60")];
        assert!(read(&most).is_ok());
    }

    #[test]
    fn days_begin_where_a_known_time_zone_says() {
        let calendar = |zone| read(&[SECRET, ("STATISTICS_TIME_ZONE", zone)]).unwrap().statistics.calendar();
        for (zone, hour) in [("", 0), ("Asia/Shanghai", 8)] {
            assert_eq!(calendar(zone).unwrap().hour_of(crate::clock::UnixMs(0)).1, hour, "{zone}");
        }
        let error = calendar("Mars/Olympus").unwrap_err().to_string();
        assert!(error.contains("STATISTICS_TIME_ZONE: "), "{error}");
    }

    #[test]
    fn the_registry_checks_more_often_than_it_forgets_and_knows_three_networks() {
        let registry = read(&[SECRET]).unwrap().registry;
        assert_eq!((registry.check_interval.as_secs(), registry.instance_timeout.as_secs()), (60, 300));
        assert_eq!((registry.secret_overlap.as_secs(), registry.networks), (86_400, Networks::Public));
        let timeouts = |check, timeout| {
            read(&[SECRET, ("HEALTH_CHECK_INTERVAL", check), ("SERVICE_REGISTRY_TIMEOUT", timeout)])
        };
        assert!(timeouts("60", "61").is_ok());
        let error = timeouts("60", "60").unwrap_err().to_string();
        assert!(error.contains("SERVICE_REGISTRY_TIMEOUT: "), "{error}");
        for (word, networks) in [("loopback", Networks::Loopback), ("private", Networks::Private)] {
            assert_eq!(read(&[SECRET, ("SERVICE_NETWORKS", word)]).unwrap().registry.networks, networks);
        }
        let error = read(&[SECRET, ("SERVICE_NETWORKS", "all")]).unwrap_err().to_string();
        assert!(error.contains("SERVICE_NETWORKS: "), "{error}");
    }

    #[test]
    fn figures_go_nowhere_unless_a_namespace_that_cloudwatch_takes_is_named() {
        let namespace = |name: &str| {
            read(&[SECRET, ("METRICS_NAMESPACE", name)]).map(|config| config.statistics.metrics_namespace)
        };
        assert_eq!(namespace("").unwrap(), "");
        assert_eq!(namespace("Hark/staging_2").unwrap(), "Hark/staging_2");
        assert!(namespace(&"n".repeat(255)).is_ok());
        for bad in ["AWS/Hark", "Hark live", &"n".repeat(256)] {
            assert!(namespace(bad).unwrap_err().to_string().contains("METRICS_NAMESPACE: "), "{bad}");
        }
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let config = read(&[SECRET, ("DATABASE_URL", "postgres://u:hunter2@h/d")]).unwrap();
        let shown = format!("{config:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("0123456789"), "{shown}");
    }
}
