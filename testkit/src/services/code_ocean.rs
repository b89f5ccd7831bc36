use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{
    loopback::{Loopback, Service, locked},
    reply::{Reply, Seen},
};

const NO_TOKEN: &str = r#"{"message":"unauthorized"}"#;
const NO_CAPSULE: &str = r#"{"message":"capsule not found"}"#;

/// A computation that was started, whatever the client was told.
#[derive(Clone, Debug)]
pub struct Computation {
    /// `computation-1` and so on.
    pub id: String,
    /// Seconds since 1970.
    pub created: u64,
    /// The capsule that runs.
    pub capsule: String,
    /// The request's body.
    pub body: String,
    /// The request's positional parameters.
    pub parameters: Vec<String>,
}

/// What becomes of one order to run a capsule, whose token and capsule are right.
#[derive(Clone, Debug)]
pub struct Run {
    before: Duration,
    accept: bool,
    /// Waits after it was accepted, then what the client is told in place of the computation.
    delay: Duration,
    reply: Option<Reply>,
}

/// What the server lists of its computations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// All of them, with their parameters.
    Whole,
    /// All of them, without.
    WithoutParameters,
    /// None of them: the list lags behind.
    Nothing,
    /// An error of this status in place of a list.
    Unavailable(u16),
    /// A page for browsers in place of a list.
    WebPage,
}

impl Run {
    /// It is started, and the client is told.
    pub fn accept() -> Self {
        Self { before: Duration::ZERO, accept: true, delay: Duration::ZERO, reply: None }
    }

    /// It is not started, and the client is told this.
    pub fn refuse(reply: Reply) -> Self {
        Self { accept: false, reply: Some(reply), ..Self::accept() }
    }

    /// It is started, but the client is told this: 500, or nothing by [`Reply::hang`] or [`Reply::reset`].
    pub fn accept_then(reply: Reply) -> Self {
        Self { reply: Some(reply), ..Self::accept() }
    }

    /// Waits before it is started or refused. A client that goes away meanwhile has started nothing.
    #[must_use]
    pub fn before(mut self, delay: Duration) -> Self {
        self.before = delay;
        self
    }

    /// Waits after it was started, before the client is told.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

/// A Code Ocean on loopback; it ends when it is dropped.
///
/// It starts what is asked with the right token of any capsule, unless told otherwise.
pub struct CodeOceanServer {
    state: Arc<Mutex<State>>,
    server: Loopback,
}

struct State {
    authorization: String,
    /// The capsules there are; any at all when empty.
    capsules: Vec<String>,
    runs: VecDeque<Run>,
    always: Run,
    listing: Listing,
    accepted: Vec<Computation>,
}

impl CodeOceanServer {
    /// A server that accepts one token.
    pub fn start(token: &str) -> io::Result<Self> {
        let state = State {
            authorization: format!("Basic {}", BASE64_STANDARD.encode(format!("{token}:"))),
            capsules: Vec::new(),
            runs: VecDeque::new(),
            always: Run::accept(),
            listing: Listing::Whole,
            accepted: Vec::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let server = Loopback::start(Arc::new(Ocean(Arc::clone(&state))))?;
        Ok(Self { state, server })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Only these capsules exist from now on.
    pub fn know(&self, capsules: &[&str]) {
        locked(&self.state).capsules = capsules.iter().map(|&capsule| capsule.to_owned()).collect();
    }

    /// What becomes of the next orders, one after the other, before those of [`Self::always`].
    pub fn next(&self, runs: impl IntoIterator<Item = Run>) {
        locked(&self.state).runs.extend(runs);
    }

    /// What becomes of every order that is not told otherwise.
    pub fn always(&self, run: Run) {
        locked(&self.state).always = run;
    }

    /// What is listed from now on.
    pub fn list(&self, listing: Listing) {
        locked(&self.state).listing = listing;
    }

    /// The computations that were started, in order: the truth.
    pub fn accepted(&self) -> Vec<Computation> {
        locked(&self.state).accepted.clone()
    }

    /// Every request so far, in order.
    pub fn requests(&self) -> Vec<Seen> {
        self.server.seen()
    }

    /// `POST /api/v1/computations` of every request so far.
    pub fn lines(&self) -> Vec<String> {
        self.requests().iter().map(Seen::line).collect()
    }
}

struct Ocean(Arc<Mutex<State>>);

impl Service for Ocean {
    fn before(&self, seen: &Seen) -> Duration {
        let state = locked(&self.0);
        if is_order(seen) { state.runs.front().unwrap_or(&state.always).before } else { Duration::ZERO }
    }

    fn handle(&self, seen: &Seen) -> Reply {
        let mut state = locked(&self.0);
        if seen.header("authorization") != Some(state.authorization.as_str()) {
            return Reply::json(401, NO_TOKEN);
        }
        if is_order(seen) {
            return state.run(seen);
        }
        let path: Vec<&str> = seen.path().split('/').collect();
        match (seen.method.as_str(), path.as_slice()) {
            ("GET", ["", "api", "v1", "capsules", capsule, "computations"]) => state.listed(capsule),
            ("GET", ["", "api", "v1", "computations", id]) => {
                let one = state.accepted.iter().find(|computation| computation.id == *id);
                one.map_or_else(not_found, |one| Reply::json(200, one.shown(true).to_string()))
            }
            _ => not_found(),
        }
    }
}

fn is_order(seen: &Seen) -> bool {
    seen.method == "POST" && seen.path() == "/api/v1/computations"
}

fn not_found() -> Reply {
    Reply::json(404, r#"{"message":"not found"}"#)
}

impl State {
    fn knows(&self, capsule: &str) -> bool {
        self.capsules.is_empty() || self.capsules.iter().any(|known| known == capsule)
    }

    fn run(&mut self, seen: &Seen) -> Reply {
        let run = self.runs.pop_front().unwrap_or_else(|| self.always.clone());
        let Ok(body) = serde_json::from_slice::<Value>(&seen.body) else {
            return Reply::json(400, r#"{"message":"the body is no JSON"}"#);
        };
        let capsule = body.get("capsule_id").and_then(Value::as_str).unwrap_or_default().to_owned();
        if !self.knows(&capsule) {
            return Reply::json(404, NO_CAPSULE);
        }
        if !run.accept {
            return run.reply.unwrap_or_else(not_found);
        }
        let texts = body.get("parameters").and_then(Value::as_array).into_iter().flatten();
        let computation = Computation {
            id: format!("computation-{}", self.accepted.len() + 1),
            created: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
            capsule,
            body: String::from_utf8_lossy(&seen.body).into_owned(),
            parameters: texts.filter_map(Value::as_str).map(str::to_owned).collect(),
        };
        let told = Reply::json(200, computation.shown(true).to_string());
        self.accepted.push(computation);
        let mut reply = run.reply.unwrap_or(told);
        reply.delay += run.delay;
        reply
    }

    fn listed(&self, capsule: &str) -> Reply {
        let with_parameters = match self.listing {
            Listing::Unavailable(status) => return Reply::json(status, r#"{"message":"not here"}"#),
            Listing::WebPage => return Reply::html(200),
            Listing::Nothing => return Reply::json(200, "[]"),
            Listing::Whole => true,
            Listing::WithoutParameters => false,
        };
        if !self.knows(capsule) {
            return Reply::json(404, NO_CAPSULE);
        }
        let own = self.accepted.iter().filter(|computation| computation.capsule == capsule);
        let list: Vec<Value> = own.map(|computation| computation.shown(with_parameters)).collect();
        Reply::json(200, Value::from(list).to_string())
    }
}

impl Computation {
    /// As the API shows it.
    fn shown(&self, with_parameters: bool) -> Value {
        let mut shown = json!({
            "id": self.id,
            "created": self.created,
            "name": format!("Run {}", self.id),
            "run_time": 0,
            "state": "initializing",
            "has_results": false,
        });
        if with_parameters {
            let all: Vec<Value> =
                self.parameters.iter().map(|text| json!({"name": "", "value": text})).collect();
            shown["parameters"] = Value::from(all);
        }
        shown
    }
}
