use std::{fmt, sync::Arc, time::Duration};

use adt_net::Environment;
use jiff::Timestamp;

/// How services are asked. Everything a library must not fetch for itself comes in here.
#[derive(Clone)]
pub struct ServiceOptions {
    /// Where credentials, endpoints and proxies are looked up.
    pub environment: Environment,
    /// How long a request is tried again, counted from its first failure.
    pub retry_time: Duration,
    /// How long one attempt may take.
    pub request_timeout: Duration,
    /// The time of day, for signatures and for the age of credentials.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Is told one line, naming what and why, when a request is tried again.
    pub on_retry: Arc<dyn Fn(&str) + Send + Sync>,
}

impl ServiceOptions {
    /// The defaults: 60 s of patience, 30 s for an attempt, nobody told of retries.
    pub fn new(environment: Environment, clock: Arc<dyn Fn() -> Timestamp + Send + Sync>) -> Self {
        Self {
            environment,
            retry_time: Duration::from_mins(1),
            request_timeout: Duration::from_secs(30),
            clock,
            on_retry: Arc::new(|_| {}),
        }
    }
}

impl fmt::Debug for ServiceOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceOptions")
            .field("environment", &self.environment)
            .field("retry_time", &self.retry_time)
            .field("request_timeout", &self.request_timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_value() {
        let mut environment = Environment::default();
        environment.vars.insert("AWS_SECRET_ACCESS_KEY".into(), "canary".into());
        let shown = format!("{:?}", ServiceOptions::new(environment, Arc::new(|| Timestamp::UNIX_EPOCH)));
        assert!(shown.contains("AWS_SECRET_ACCESS_KEY") && !shown.contains("canary"), "{shown}");
    }
}
