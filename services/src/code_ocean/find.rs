use std::time::Duration;

use adt_model::Fault;
use adt_net::encode;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{CodeOcean, Request};
use crate::http::{Ask, Patience, Reply};

/// Times are listed in whole seconds, and so is the server's own.
const GRAIN: SignedDuration = SignedDuration::from_secs(2);
/// How far the server's clock may be from ours where it does not tell its time.
const APART: SignedDuration = SignedDuration::from_mins(5);
/// Before the key in a computation's name.
const NAMED: &str = " (adt ";
/// How long naming a computation may take: nothing depends on it.
const NAMING: Duration = Duration::from_secs(5);

/// A computation that was asked for by a request of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Code Ocean's id for it.
    pub id: String,
    /// When it was started, by the server's clock.
    pub created: Option<Timestamp>,
}

/// Whether a request was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// It was, as often as there are runs.
    Found(Vec<Run>),
    /// The list is whole, and it is not in it. A request that a server still has in hand is in no list, so whoever asks
    /// right after a silence asks too early.
    None,
    /// The server does not list what its capsules ran, or not with what they were given; here is why.
    CannotTell(String),
}

impl CodeOcean {
    /// Looks for runs of the request's capsule that are named by the request's key, or have its parameter, were started after
    /// `since` (a time of our clock) and are not named by another key. The difference to the server's clock is seen from its
    /// answer, so a rig with a wrong clock finds what it started.
    pub async fn find(&self, request: &Request, since: Timestamp) -> Result<Lookup, Fault> {
        let reply = self.computations_of(request.capsule()).await?;
        if !reply.status.is_success() {
            return Ok(Lookup::CannotTell(Self::said(&reply)));
        }
        let Some((computations, whole)) = listed(&reply) else {
            return Ok(Lookup::CannotTell(format!("no list of computations: {}", Self::said(&reply))));
        };
        let since = self.by_its_clock(&reply, since);
        let late: Vec<&Value> =
            computations.iter().filter(|one| created(one).is_none_or(|at| at >= since)).collect();
        let named = computations.iter().filter(|one| is_named_by(one, request.key()) == Some(true));
        let given = late
            .iter()
            .copied()
            .filter(|one| is_named_by(one, request.key()).is_none() && is_given(one, request.parameter()));
        let found: Vec<Run> = named.chain(given).map(run).collect();
        Ok(match (found.is_empty(), late.iter().all(|one| tells_parameters(one)), whole) {
            (false, ..) => Lookup::Found(found),
            (true, false, _) => Lookup::CannotTell(format!(
                "{} lists computations without what they were given",
                self.server.address.shown()
            )),
            (true, true, false) => Lookup::CannotTell(format!(
                "{} lists a part of its computations only",
                self.server.address.shown()
            )),
            (true, true, true) => Lookup::None,
        })
    }

    /// Names a computation after its asset and its order's key, so that people and other machines recognise it. Not every token may
    /// do that and not every server can; a computation that keeps its name is recognised by its parameter.
    pub async fn name(&self, computation: &str, asset: &str, key: &str) {
        let name = format!("name={}", encode::query(&format!("{asset}{NAMED}{key})")));
        let segments = ["api", "v1", "computations", computation];
        let Some(url) = self.server.address.at(&segments, Some(&name)) else { return };
        let ask = Ask { method: Method::PATCH, ..Ask::get(url, NAMING) }.with_user(&self.token);
        let _ = tokio::time::timeout(NAMING, self.server.ask(&ask, Patience::Deed)).await;
    }

    /// A time of ours as the server's clock has it, or a little earlier: what is looked for is rather found.
    fn by_its_clock(&self, reply: &Reply, ours: Timestamp) -> Timestamp {
        let ahead = reply.date().map(|theirs| theirs.duration_since((self.server.options.clock)()));
        let shift = ahead.map_or(-APART, |ahead| ahead - GRAIN);
        ours.checked_add(shift).unwrap_or(Timestamp::MIN)
    }
}

/// The computations, and whether that is all of them.
fn listed(reply: &Reply) -> Option<(Vec<Value>, bool)> {
    match serde_json::from_slice(&reply.body).ok()? {
        Value::Array(all) => Some((all, true)),
        Value::Object(mut page) => {
            let more = page.get("has_more").and_then(Value::as_bool).unwrap_or(false)
                || page.get("next_token").and_then(Value::as_str).is_some_and(|token| !token.is_empty());
            let list = ["results", "computations", "items"].iter().find_map(|name| page.remove(*name))?;
            if let Value::Array(all) = list { Some((all, !more)) } else { None }
        }
        _ => None,
    }
}

/// Whether a computation carries the name that [`CodeOcean::name`] gives, with this key; `None` where it has another kind of name.
fn is_named_by(computation: &Value, key: Option<&str>) -> Option<bool> {
    let name = computation.get("name")?.as_str()?;
    let (_, found) = name.strip_suffix(')')?.rsplit_once(NAMED)?;
    key.map(|key| found == key)
}

fn run(computation: &Value) -> Run {
    let id = computation.get("id").and_then(Value::as_str).unwrap_or("without an id");
    Run { id: id.to_owned(), created: created(computation) }
}

/// Seconds since 1970, as the API has it; milliseconds and texts where a server has those.
fn created(computation: &Value) -> Option<Timestamp> {
    const MILLIS_FROM: f64 = 1e11;
    match computation.get("created")? {
        Value::Number(number) => {
            let number = number.as_f64()?;
            let millis = if number.abs() < MILLIS_FROM { number * 1e3 } else { number };
            Timestamp::from_millisecond(millis as i64).ok()
        }
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn tells_parameters(computation: &Value) -> bool {
    computation.get("parameters").is_some_and(|parameters| !parameters.is_null())
}

/// Whether a text anywhere in its parameters is ours, or says the same in other spacing.
fn is_given(computation: &Value, parameter: &str) -> bool {
    let wanted = serde_json::from_str::<Value>(parameter).ok();
    computation.get("parameters").is_some_and(|parameters| holds(parameters, parameter, wanted.as_ref()))
}

fn holds(value: &Value, text: &str, wanted: Option<&Value>) -> bool {
    match value {
        Value::String(given) => {
            given == text
                || (wanted.is_some() && serde_json::from_str::<Value>(given).ok().as_ref() == wanted)
        }
        Value::Array(all) => all.iter().any(|one| holds(one, text, wanted)),
        Value::Object(members) => {
            wanted == Some(value) || members.values().any(|one| holds(one, text, wanted))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case::texts(json!({"parameters": [r#"{"a": 1}"#]}), true)]
    #[case::named(json!({"parameters": [{"name": "", "value": r#"{"a": 1}"#}]}), true)]
    #[case::other_spacing(json!({"parameters": [{"value": r#"{"a":1}"#}]}), true)]
    #[case::parsed_by_the_server(json!({"parameters": [{"value": {"a": 1}}]}), true)]
    #[case::other(json!({"parameters": [r#"{"a": 2}"#]}), false)]
    #[case::none(json!({"parameters": []}), false)]
    #[case::elsewhere(json!({"name": r#"{"a": 1}"#}), false)]
    fn ours_is_known_by_its_parameter(#[case] computation: Value, #[case] ours: bool) {
        assert_eq!(is_given(&computation, r#"{"a": 1}"#), ours);
    }

    #[rstest]
    #[case(json!({"name": "mouse 1 (adt 00ff)"}), Some(true))]
    #[case(json!({"name": "mouse 1 (adt 00fe)"}), Some(false))]
    #[case(json!({"name": "Run With Parameters 123"}), None)]
    #[case(json!({}), None)]
    fn ours_is_known_by_the_key_in_its_name(#[case] computation: Value, #[case] ours: Option<bool>) {
        assert_eq!(is_named_by(&computation, Some("00ff")), ours);
        assert_eq!(is_named_by(&computation, None), None);
    }

    #[rstest]
    #[case(json!(1_700_000_000), Some(1_700_000_000))]
    #[case(json!(1_700_000_000.25), Some(1_700_000_000))]
    #[case(json!(1_700_000_000_000_i64), Some(1_700_000_000))]
    #[case(json!("2023-11-14T22:13:20Z"), Some(1_700_000_000))]
    #[case(json!("yesterday"), None)]
    #[case(json!(1e300), None)]
    fn times_are_read_in_any_form(#[case] value: Value, #[case] second: Option<i64>) {
        assert_eq!(created(&json!({ "created": value })).map(Timestamp::as_second), second);
    }
}
