use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use super::{
    loopback::{Loopback, Service, locked},
    reply::{Reply, Seen},
};

/// What AWS gives for an encrypted parameter that nobody asked to decrypt.
const CIPHERTEXT: &str = "AQICAHgh-cipher-text";

/// AWS's Parameter Store and Secrets Manager on loopback, as much of them as reading takes; it ends when it is dropped.
///
/// Every request must be signed, but with whose key is not looked at.
pub struct ParameterServer {
    state: Arc<Mutex<State>>,
    server: Loopback,
}

#[derive(Default)]
struct State {
    /// Name to value, and whether it is kept encrypted.
    parameters: BTreeMap<String, (String, bool)>,
    secrets: BTreeMap<String, String>,
}

impl ParameterServer {
    /// A server that knows nothing yet.
    pub fn start() -> io::Result<Self> {
        let state = Arc::default();
        let server = Loopback::start(Arc::new(Aws(Arc::clone(&state))))?;
        Ok(Self { state, server })
    }

    /// `http://127.0.0.1:PORT`, for both services.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Keeps a parameter in the clear.
    pub fn keep(&self, name: &str, value: impl Into<String>) {
        locked(&self.state).parameters.insert(name.to_owned(), (value.into(), false));
    }

    /// Keeps a parameter encrypted.
    pub fn keep_encrypted(&self, name: &str, value: impl Into<String>) {
        locked(&self.state).parameters.insert(name.to_owned(), (value.into(), true));
    }

    /// Keeps a secret of Secrets Manager.
    pub fn keep_secret(&self, id: &str, value: impl Into<String>) {
        locked(&self.state).secrets.insert(id.to_owned(), value.into());
    }

    /// What was asked for, in order: `/lab/endpoints`, `/lab/token decrypted`, `secret lab/token`.
    pub fn asked(&self) -> Vec<String> {
        self.server.seen().iter().map(|seen| Asked::of(seen).shown()).collect()
    }
}

enum Asked {
    Parameter { name: String, decrypt: bool },
    Secret(String),
    Other(String),
}

impl Asked {
    fn of(seen: &Seen) -> Self {
        let body: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        match seen.header("x-amz-target") {
            Some("AmazonSSM.GetParameter") => {
                let decrypt = body.get("WithDecryption").and_then(Value::as_bool).unwrap_or(false);
                Self::Parameter { name: text("Name"), decrypt }
            }
            Some("secretsmanager.GetSecretValue") => Self::Secret(text("SecretId")),
            other => Self::Other(other.unwrap_or_default().to_owned()),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Parameter { name, decrypt: false } => name.clone(),
            Self::Parameter { name, decrypt: true } => format!("{name} decrypted"),
            Self::Secret(id) => format!("secret {id}"),
            Self::Other(target) => format!("something else: {target}"),
        }
    }
}

struct Aws(Arc<Mutex<State>>);

impl Service for Aws {
    fn handle(&self, seen: &Seen) -> Reply {
        let signed = seen.header("authorization").is_some_and(|text| text.starts_with("AWS4-HMAC-SHA256 "));
        if !signed {
            return refusal("MissingAuthenticationTokenException", "Missing Authentication Token");
        }
        let state = locked(&self.0);
        match Asked::of(seen) {
            Asked::Parameter { name, decrypt } => match state.parameters.get(&name) {
                Some((value, encrypted)) => parameter(&name, value, *encrypted, decrypt),
                None => refusal("ParameterNotFound", ""),
            },
            Asked::Secret(id) => match state.secrets.get(&id) {
                Some(value) => answer(&json!({ "Name": id, "SecretString": value })),
                None => {
                    refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
                }
            },
            Asked::Other(_) => refusal("UnknownOperationException", ""),
        }
    }
}

fn parameter(name: &str, value: &str, encrypted: bool, decrypt: bool) -> Reply {
    let shown = if encrypted && !decrypt { CIPHERTEXT } else { value };
    let kind = if encrypted { "SecureString" } else { "String" };
    answer(&json!({ "Parameter": { "Name": name, "Type": kind, "Value": shown, "Version": 1 } }))
}

fn answer(value: &Value) -> Reply {
    Reply::json(200, value.to_string())
}

fn refusal(code: &str, message: &str) -> Reply {
    Reply::json(400, json!({ "__type": code, "message": message }).to_string())
}
