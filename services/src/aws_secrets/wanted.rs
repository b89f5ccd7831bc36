use adt_model::{Class, Fault, Secret};
use adt_net::Said;
use serde_json::{Value, json};

/// One thing to fetch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Wanted {
    Parameter { name: String, decrypt: bool },
    Secret { id: String },
}

impl Wanted {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Parameter { name, .. } => name,
            Self::Secret { id } => id,
        }
    }

    /// For people: ``parameter `/lab/endpoints` ``.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Parameter { name, .. } => format!("parameter `{name}`"),
            Self::Secret { id } => format!("secret `{id}`"),
        }
    }

    /// The service in host names, signatures and ARNs.
    pub(super) fn service(&self) -> &'static str {
        match self {
            Self::Parameter { .. } => "ssm",
            Self::Secret { .. } => "secretsmanager",
        }
    }

    /// The service in profiles and, in capitals, in the names of variables.
    pub(super) fn section(&self) -> &'static str {
        match self {
            Self::Parameter { .. } => "ssm",
            Self::Secret { .. } => "secrets_manager",
        }
    }

    /// The `x-amz-target` of the request.
    pub(super) fn target(&self) -> &'static str {
        match self {
            Self::Parameter { .. } => "AmazonSSM.GetParameter",
            Self::Secret { .. } => "secretsmanager.GetSecretValue",
        }
    }

    /// What AWS wants allowed for it.
    pub(super) fn permission(&self) -> &'static str {
        match self {
            Self::Parameter { decrypt: false, .. } => "`ssm:GetParameter`",
            Self::Parameter { decrypt: true, .. } => "`ssm:GetParameter` (and `kms:Decrypt` on its key)",
            Self::Secret { .. } => "`secretsmanager:GetSecretValue` (and `kms:Decrypt` on its key)",
        }
    }

    pub(super) fn body(&self) -> String {
        match self {
            Self::Parameter { name, decrypt } => json!({"Name": name, "WithDecryption": decrypt}),
            Self::Secret { id } => json!({"SecretId": id}),
        }
        .to_string()
    }

    /// The region of an ARN; `None` for a plain name.
    pub(super) fn region(&self) -> Result<Option<&str>, Fault> {
        let name = self.name();
        let wrong = |why: String| {
            Fault::new(Class::BadInput, format!("cannot get {}", self.shown())).because(Said(why))
        };
        if name.is_empty() {
            return Err(wrong("its name is empty".into()));
        }
        let Some(rest) = name.strip_prefix("arn:") else { return Ok(None) };
        let mut parts = rest.splitn(5, ':').skip(1);
        let (Some(service), Some(region), Some(_), Some(_)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong("an ARN has six parts with `:` between them".into()));
        };
        if service != self.service() {
            return Err(wrong(format!("it is an ARN of `{service}`, not of `{}`", self.service())));
        }
        Ok(Some(region).filter(|region| !region.is_empty()))
    }

    /// The value in an answer. The error says what is wrong with it without showing any of it.
    pub(super) fn value(&self, answer: &Value) -> Result<Secret, Oddity> {
        match self {
            Self::Parameter { decrypt, .. } => {
                let parameter = answer.get("Parameter").ok_or(Oddity::Stranger)?;
                if !decrypt && parameter.get("Type").and_then(Value::as_str) == Some("SecureString") {
                    return Err(Oddity::Encrypted);
                }
                text(parameter, "Value").ok_or(Oddity::Stranger)
            }
            Self::Secret { .. } => text(answer, "SecretString").ok_or_else(|| {
                if answer.get("SecretBinary").is_some() { Oddity::Bytes } else { Oddity::Stranger }
            }),
        }
    }
}

/// What is wrong with an answer that is no refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Oddity {
    /// The parameter is kept encrypted and was not to be decrypted.
    Encrypted,
    /// The secret is bytes, not text.
    Bytes,
    /// Not an answer of this service at all.
    Stranger,
}

fn text(object: &Value, name: &str) -> Option<Secret> {
    object.get(name)?.as_str().map(Secret::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn parameter(name: &str) -> Wanted {
        Wanted::Parameter { name: name.into(), decrypt: false }
    }

    #[rstest]
    #[case("/lab/endpoints", None)]
    #[case("arn:aws:ssm:us-west-2:123456789012:parameter/lab/endpoints:3", Some("us-west-2"))]
    #[case("arn:aws-cn:ssm:cn-north-1:1:parameter/x", Some("cn-north-1"))]
    #[case("arn:aws:ssm::1:parameter/x", None)]
    fn an_arn_names_its_region(#[case] name: &str, #[case] region: Option<&str>) {
        assert_eq!(parameter(name).region().unwrap(), region);
    }

    #[rstest]
    #[case("")]
    #[case("arn:aws:ssm:us-west-2")]
    #[case("arn:aws:secretsmanager:us-west-2:1:secret:x")]
    fn a_name_that_cannot_be_meant_is_refused(#[case] name: &str) {
        assert_eq!(parameter(name).region().unwrap_err().class(), Class::BadInput);
    }

    #[rstest]
    #[case(json!({"Parameter": {"Type": "String", "Value": "v"}}), Ok("v"))]
    #[case(json!({"Parameter": {"Type": "String", "Value": ""}}), Ok(""))]
    #[case(json!({"Parameter": {"Type": "SecureString", "Value": "AQICA"}}), Err(Oddity::Encrypted))]
    #[case(json!({"Parameter": {"Value": 1}}), Err(Oddity::Stranger))]
    #[case(json!({}), Err(Oddity::Stranger))]
    #[case(json!([]), Err(Oddity::Stranger))]
    fn parameters(#[case] answer: Value, #[case] value: Result<&str, Oddity>) {
        assert_eq!(parameter("x").value(&answer), value.map(Secret::new));
    }

    #[rstest]
    #[case(json!({"SecretString": "{\"a\":1}"}), Ok("{\"a\":1}"))]
    #[case(json!({"SecretBinary": "AAAA"}), Err(Oddity::Bytes))]
    #[case(json!({"SecretString": null}), Err(Oddity::Stranger))]
    fn secrets(#[case] answer: Value, #[case] value: Result<&str, Oddity>) {
        assert_eq!(Wanted::Secret { id: "x".into() }.value(&answer), value.map(Secret::new));
    }
}
