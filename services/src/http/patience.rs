use std::time::Duration;

use adt_net::{Backoff, connect};
use jiff::Timestamp;
use tokio::time::Instant;

use super::{Outcome, Reply, Server, Trouble, exchange::Ask};

/// What may be asked again, by what went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// A question: whatever may pass.
    Question,
    /// A deed that must not be done twice: only what certainly was not done.
    Deed,
}

impl Server {
    /// Asks until it is answered, refused for good, or out of time.
    pub(crate) async fn ask(&self, ask: &Ask<'_>, patience: Patience) -> Outcome {
        let budget = self.options.retry_time;
        let mut backoff = Backoff::new(budget);
        let mut first = None;
        loop {
            let began = Instant::now();
            let result = self.attempt(ask).await;
            if !patience.again(&result) {
                return Outcome { result, tries: String::new() };
            }
            let since = *first.get_or_insert(began);
            let Some(wait) = backoff.failed(began, &self.random) else {
                return Outcome { result, tries: format!(", {}", backoff.shown()) };
            };
            // A server that names a time is not asked sooner, but the budget holds.
            let left = budget.saturating_sub(since.elapsed());
            let wait = wait.max(self.wanted(&result).unwrap_or_default().min(left));
            (self.options.on_retry)(&self.told(ask, &result, wait));
            tokio::time::sleep(wait).await;
        }
    }

    /// What `Retry-After` asks for, in seconds or as a date.
    fn wanted(&self, result: &Result<Reply, Trouble>) -> Option<Duration> {
        let text = result.as_ref().ok()?.header("retry-after")?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let then = date(text)?;
        Duration::try_from(then.duration_since((self.options.clock)())).ok()
    }

    fn told(&self, ask: &Ask<'_>, result: &Result<Reply, Trouble>, wait: Duration) -> String {
        let why = match result {
            Ok(reply) => format!("answered {}", reply.status.as_u16()),
            Err(Trouble::Late(time)) => format!("did not answer within {} s", time.as_secs_f64()),
            Err(Trouble::Unsent(_)) => "cannot be reached".to_owned(),
            Err(_) => "broke off".to_owned(),
        };
        format!("{} {why}: {}; trying again in {:.1} s", self.name, ask.shown(), wait.as_secs_f64())
    }
}

impl Patience {
    fn again(self, result: &Result<Reply, Trouble>) -> bool {
        match (self, result) {
            (_, Err(Trouble::Unsent(error))) => error.is_connect() && !connect::is_about_certificates(error),
            (Self::Question, Err(Trouble::Broken(_) | Trouble::Late(_))) => true,
            (_, Err(_)) => false,
            (Self::Question, Ok(reply)) => {
                matches!(reply.status.as_u16(), 408 | 429 | 500..=599)
                    && !matches!(reply.status.as_u16(), 501 | 505)
            }
            (Self::Deed, Ok(reply)) => reply.was_put_off(),
        }
    }
}

impl Reply {
    /// The server says that it did nothing and may be asked later: 429, or 503 with a time. A 503 without one may come
    /// from something between, after the server began.
    pub(crate) fn was_put_off(&self) -> bool {
        match self.status.as_u16() {
            429 => true,
            503 => self.headers.contains_key("retry-after"),
            _ => false,
        }
    }

    /// When the server sent this, by its own clock.
    pub(crate) fn date(&self) -> Option<Timestamp> {
        date(self.header("date")?)
    }
}

/// A date as HTTP has it: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_as_http_has_it() {
        assert_eq!(date("Sun, 06 Nov 1994 08:49:37 GMT"), Timestamp::from_second(784_111_777).ok());
        assert_eq!(date("soon"), None);
    }
}
