use adt_model::{Class, Fault};
use serde_json::Value;

use super::{COMPUTATIONS, CodeOcean, Request};
use crate::http::{Ask, Outcome, Patience, Reply, Trouble};

/// A computation that was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// Code Ocean's id for it.
    pub id: Option<String>,
    /// Such as `initializing`.
    pub state: Option<String>,
}

/// How starting a computation failed.
#[derive(Clone, Debug)]
pub enum Failure {
    /// Certainly nothing was started; it may be asked for again.
    Refused(Fault),
    /// It may have been started. It must not be asked for again before [`CodeOcean::find`] says that it was not.
    Unknown(Fault),
}

impl Failure {
    /// What happened.
    pub fn fault(&self) -> &Fault {
        match self {
            Self::Refused(fault) | Self::Unknown(fault) => fault,
        }
    }
}

impl CodeOcean {
    /// Starts a computation, at most one.
    ///
    /// Tried again within the retry time is only what certainly did not start one: no connection, 429, and 503 with
    /// `Retry-After`. Whoever drops the future before it ends does not know whether one was started.
    pub async fn run(&self, request: &Request) -> Result<Started, Failure> {
        let url = self.address(&COMPUTATIONS).map_err(Failure::Refused)?;
        let ask = Ask::post(url, request.body(), self.time()).with_user(&self.token);
        let Outcome { result, tries } = self.server.ask(&ask, Patience::Deed).await;
        match result {
            Ok(reply) => self.judge(request, &reply, &tries),
            Err(trouble) => {
                let nothing_started = trouble.nothing_was_done();
                let fault = self.server.unanswered(&ask.shown(), trouble, &tries);
                Err(if nothing_started { Failure::Refused(fault) } else { Failure::Unknown(fault) })
            }
        }
    }

    fn judge(&self, request: &Request, reply: &Reply, tries: &str) -> Result<Started, Failure> {
        match reply.status.as_u16() {
            200..=299 => started(reply).ok_or_else(|| {
                let what = format!("Code Ocean's answer names no computation: {}", Self::said(reply));
                Failure::Unknown(Fault::new(Class::Corrupt, what))
            }),
            _ if reply.was_put_off() => {
                let what = format!("Code Ocean is busy: {}{tries}", Self::said(reply));
                Err(Failure::Refused(Fault::new(Class::Transient, what)))
            }
            404 => Err(Failure::Refused(self.no_capsule(request.capsule(), reply))),
            // The request may have arrived whole all the same.
            408 | 500.. => Err(Failure::Unknown(Fault::new(Class::Transient, Self::said(reply)))),
            303 => Err(Failure::Unknown(Self::refused(reply))),
            _ => Err(Failure::Refused(Self::refused(reply))),
        }
    }
}

impl Trouble {
    /// Whether the server certainly did not act. Of the redirects, 303 alone says that it may have.
    fn nothing_was_done(&self) -> bool {
        match self {
            Self::Unsent(_) => true,
            Self::Elsewhere(status, _) => *status != http::StatusCode::SEE_OTHER,
            Self::Broken(_) | Self::Late(_) | Self::TooLong => false,
        }
    }
}

/// A computation by what is said of it; an object that says nothing of one is not taken for one.
fn started(reply: &Reply) -> Option<Started> {
    let value: Value = serde_json::from_slice(&reply.body).ok()?;
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let started = Started { id: text("id"), state: text("state") };
    (started.id.is_some() || started.state.is_some()).then_some(started)
}
