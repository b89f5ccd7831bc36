use adt_model::{Class, Fault};
use adt_net::Said;

use super::{
    attempt::Failure,
    complaint::{Complaint, Cure},
    wanted::{Oddity, Wanted},
};

/// Why an attempt gave no value.
#[derive(Debug)]
pub(super) enum Trouble {
    Unanswered(Failure),
    Refused(Complaint),
    Odd(Oddity),
}

impl Trouble {
    pub(super) fn cure(&self) -> Cure {
        match self {
            Self::Unanswered(failure) if failure.may_pass() => Cure::Again,
            Self::Refused(complaint) => complaint.cure(),
            Self::Unanswered(_) | Self::Odd(_) => Cure::None,
        }
    }

    /// For a note that it is tried again.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Unanswered(failure) => failure.shown(),
            Self::Refused(complaint) => complaint.shown(),
            Self::Odd(_) => "an odd answer".into(),
        }
    }
}

/// What a fault's text needs to know about the request.
pub(super) struct Scene<'a> {
    pub(super) wanted: &'a Wanted,
    pub(super) region: &'a str,
    /// The server, for people.
    pub(super) server: &'a str,
    /// The server was named by somebody; it is not AWS's own.
    pub(super) custom: bool,
    /// Where the credentials came from.
    pub(super) identity: &'a str,
    /// Our clock, for people.
    pub(super) now: String,
    /// `3 tries in 61 s`; empty for a refusal that was not tried again.
    pub(super) tries: String,
}

impl Scene<'_> {
    pub(super) fn fault(&self, trouble: Trouble) -> Fault {
        match trouble {
            Trouble::Unanswered(failure) => failure.fault(self.what(), self.server),
            Trouble::Refused(complaint) => self.refused(&complaint),
            Trouble::Odd(oddity) => self.odd(oddity),
        }
    }

    fn what(&self) -> String {
        let tries = if self.tries.is_empty() { String::new() } else { format!(" ({})", self.tries) };
        format!("cannot get {} in {}{tries}", self.wanted.shown(), self.region)
    }

    fn refused(&self, complaint: &Complaint) -> Fault {
        let (class, help) = self.judge(complaint);
        let fault = Fault::new(class, self.what()).because(Said(complaint.shown()));
        if help.is_empty() { fault } else { fault.help(help) }
    }

    fn judge(&self, complaint: &Complaint) -> (Class, String) {
        let Self { region, server, identity, .. } = self;
        let help = match complaint.code.as_str() {
            "ParameterNotFound" | "ParameterVersionNotFound" | "ResourceNotFoundException" => {
                let help = format!(
                    "check the name, and that it is in region {region} of the account of {identity}; asked {server}"
                );
                return (Class::Missing, help);
            }
            "ValidationException" | "InvalidParameterException" => {
                return (Class::BadInput, "check how the name is written".into());
            }
            "AccessDeniedException" | "AccessDenied" | "DecryptionFailure" => {
                format!("{} must be allowed for the credentials from {identity}", self.wanted.permission())
            }
            "UnrecognizedClientException" | "InvalidClientTokenId" | "InvalidAccessKeyId" => {
                format!("the access key from {identity} is not known to {server}; check it, or AWS_PROFILE")
            }
            // The same name for a wrong key and for a wrong clock; the message alone tells which.
            "InvalidSignatureException" if is_about_clocks(&complaint.message) => {
                format!("set this machine's clock; here it is {}", self.now)
            }
            "InvalidSignatureException" | "SignatureDoesNotMatch" => {
                format!("the secret key from {identity} is not the one that belongs to its access key")
            }
            "ExpiredTokenException" | "ExpiredToken" | "InvalidToken" | "RequestExpired" => format!(
                "the credentials from {identity} have expired; get new ones (such as `aws sso login`), then run the same command again"
            ),
            "" if complaint.cure() == Cure::None => self.stranger(),
            _ => String::new(),
        };
        let class = if complaint.cure() == Cure::Again { Class::Transient } else { Class::Refused };
        (class, help)
    }

    fn odd(&self, oddity: Oddity) -> Fault {
        let (class, said, help) = match oddity {
            Oddity::Encrypted => (
                Class::BadInput,
                "it is kept encrypted (SecureString), where plain text is wanted".to_owned(),
                "keep it as a String, and what is secret in parameters of its own".to_owned(),
            ),
            Oddity::Bytes => {
                (Class::BadInput, "it holds bytes, not text".to_owned(), "keep it as text".to_owned())
            }
            Oddity::Stranger => {
                let service = self.wanted.service();
                (
                    Class::Refused,
                    format!("{} does not answer as `{service}` does", self.server),
                    self.stranger(),
                )
            }
        };
        let fault = Fault::new(class, self.what()).because(Said(said));
        if help.is_empty() { fault } else { fault.help(help) }
    }

    /// A server that somebody named and that does not know this service is most often there for S3.
    fn stranger(&self) -> String {
        if !self.custom {
            return format!("check the network: something answers in place of {}", self.server);
        }
        let variable = self.wanted.section().to_uppercase();
        format!(
            "is {} only for S3? Then name it in AWS_ENDPOINT_URL_S3 instead of AWS_ENDPOINT_URL; else name the right \
             server in AWS_ENDPOINT_URL_{variable}",
            self.server
        )
    }
}

fn is_about_clocks(message: &str) -> bool {
    ["Signature expired", "not yet current"].iter().any(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn scene(wanted: &Wanted, custom: bool) -> Scene<'_> {
        Scene {
            wanted,
            region: "us-west-2",
            server: "https://ssm.us-west-2.amazonaws.com",
            custom,
            identity: "profile `lab`",
            now: "2026-01-01T00:00:00Z".into(),
            tries: String::new(),
        }
    }

    #[rstest]
    #[case(400, "ParameterNotFound", "", Class::Missing, "region us-west-2")]
    #[case(400, "ResourceNotFoundException", "", Class::Missing, "profile `lab`")]
    #[case(400, "ValidationException", "", Class::BadInput, "name")]
    #[case(400, "AccessDeniedException", "", Class::Refused, "`ssm:GetParameter` (and `kms:Decrypt`")]
    #[case(400, "UnrecognizedClientException", "", Class::Refused, "AWS_PROFILE")]
    #[case(
        400,
        "InvalidSignatureException",
        "Signature expired: …",
        Class::Refused,
        "clock; here it is 2026"
    )]
    #[case(400, "InvalidSignatureException", "The request signature …", Class::Refused, "secret key")]
    #[case(400, "ExpiredTokenException", "", Class::Refused, "get new ones")]
    #[case(400, "ThrottlingException", "", Class::Transient, "")]
    #[case(502, "", "", Class::Transient, "")]
    #[case(404, "", "", Class::Refused, "check the network")]
    #[case(400, "SomethingNew", "", Class::Refused, "")]
    fn refusals(
        #[case] status: u16,
        #[case] code: &str,
        #[case] message: &str,
        #[case] class: Class,
        #[case] help: &str,
    ) {
        let wanted = Wanted::Parameter { name: "/lab".into(), decrypt: true };
        let complaint = Complaint { status, code: code.into(), message: message.into() };
        let fault = scene(&wanted, false).fault(Trouble::Refused(complaint));
        assert_eq!(fault.class(), class);
        assert_eq!(fault.advice().is_some(), !help.is_empty(), "{:?}", fault.advice());
        assert!(fault.advice().unwrap_or_default().contains(help), "{:?}", fault.advice());
        assert!(fault.line().starts_with("cannot get parameter `/lab` in us-west-2: "), "{}", fault.line());
    }

    #[test]
    fn a_server_for_s3_alone_is_told_from_one_for_this_service() {
        let wanted = Wanted::Secret { id: "x".into() };
        let fault = scene(&wanted, true).fault(Trouble::Odd(Oddity::Stranger));
        let help = fault.advice().unwrap();
        assert!(
            help.contains("AWS_ENDPOINT_URL_S3") && help.contains("AWS_ENDPOINT_URL_SECRETS_MANAGER"),
            "{help}"
        );
    }
}
