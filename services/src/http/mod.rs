//! A server that is spoken to in JSON over HTTP: its address, its connections, and the patience it is met with.

mod address;
mod exchange;
mod patience;
mod words;

use adt_model::{Class, Fault, Redactor};
use adt_net::{
    Random, connect, plain,
    reqwest::{self, Url},
};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};

pub(crate) use address::Address;
pub(crate) use exchange::Ask;
pub(crate) use patience::Patience;
pub(crate) use words::Excerpt;
use words::one_line;

use crate::ServiceOptions;

/// A document of a lab is some kilobytes; what is larger than this is something else.
pub(crate) const LONGEST_BODY: usize = 32 << 20;
/// Requests to one service at a time are few.
const LANES: usize = 4;

/// One service at one address.
pub(crate) struct Server {
    /// For people, with its article: `the metadata service`.
    pub(crate) name: &'static str,
    pub(crate) address: Address,
    pub(crate) options: ServiceOptions,
    http: reqwest::Client,
    random: Random,
}

/// What a server answered, whatever the status.
pub(crate) struct Reply {
    /// `GET https://…`, as it was asked last.
    pub(crate) asked: String,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// What was sent and must not be repeated.
    hidden: Redactor,
}

/// Why there is no answer.
pub(crate) enum Trouble {
    /// No connection was had, so nothing was sent.
    Unsent(reqwest::Error),
    /// The connection broke after something may have been sent.
    Broken(reqwest::Error),
    /// Nothing, or not everything, came in time; something may have been sent.
    Late(std::time::Duration),
    /// The answer is longer than anything that is waited for.
    TooLong,
    /// The answer is elsewhere, where it is not looked for.
    Elsewhere(StatusCode, String),
}

/// How a logical request ended after its tries.
pub(crate) struct Outcome {
    pub(crate) result: Result<Reply, Trouble>,
    /// `, 3 tries in 60 s`; empty after a single one.
    pub(crate) tries: String,
}

impl Server {
    pub(crate) fn open(name: &'static str, address: &str, options: &ServiceOptions) -> Result<Self, Fault> {
        let address = Address::parse(name, address)?;
        Ok(Self {
            name,
            // A redirect may lead from http to https.
            http: connect::client(&options.environment, LANES, !address.is_loopback())?,
            random: Random::from_time((options.clock)()),
            options: options.clone(),
            address,
        })
    }

    /// The same for a service that is sent credentials.
    pub(crate) fn open_with_credentials(
        name: &'static str,
        address: &str,
        options: &ServiceOptions,
    ) -> Result<Self, Fault> {
        let server = Self::open(name, address, options)?;
        if let Some(note) = plain::carry(&options.environment, server.address.shown())? {
            (options.on_retry)(&note);
        }
        Ok(server)
    }

    fn request(&self, method: http::Method, url: Url) -> reqwest::RequestBuilder {
        self.http.request(method, url).header(http::header::ACCEPT, "application/json")
    }

    /// The fault of a request that was not answered.
    pub(crate) fn unanswered(&self, asked: &str, trouble: Trouble, tries: &str) -> Fault {
        let name = self.name;
        match trouble {
            Trouble::Unsent(error) if connect::is_about_certificates(&error) => {
                let what = format!("{name}'s certificate is not trusted: {asked}");
                Fault::new(Class::Refused, what).because(error.without_url()).help(
                    "name the file of the lab's certificates with `--ca-file` (setting `ca_file`, variable AWS_CA_BUNDLE), or write the host as its certificate has it",
                )
            }
            Trouble::Unsent(error) => {
                Fault::new(Class::Transient, format!("cannot reach {name}: {asked}{tries}"))
                    .because(error.without_url())
                    .help("check the address, and whether this machine is in the lab's network")
            }
            Trouble::Broken(error) => {
                Fault::new(Class::Transient, format!("{name} broke off its answer: {asked}{tries}"))
                    .because(error.without_url())
            }
            Trouble::Late(time) => {
                let what = format!("{name} did not answer within {} s: {asked}{tries}", time.as_secs_f64());
                Fault::new(Class::Transient, what)
            }
            Trouble::TooLong => {
                let limit = LONGEST_BODY >> 20;
                let what = format!("{name} answered with more than {limit} MiB: {asked}");
                Fault::new(Class::Corrupt, what)
            }
            Trouble::Elsewhere(status, to) => {
                let what = format!("{name} sends {asked} on to `{to}` ({})", status.as_u16());
                Fault::new(Class::BadInput, what).help("write the address that answers itself")
            }
        }
    }
}

impl Reply {
    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// `GET https://… answered 404`.
    pub(crate) fn said(&self) -> String {
        format!("{} answered {}", self.asked, self.status.as_u16())
    }

    /// What the body says for a person: a `message` or `detail`, else its beginning. Without the secrets of the request, which
    /// a server may repeat.
    pub(crate) fn excerpt(&self) -> Excerpt<'_> {
        Excerpt { body: &self.body, hidden: &self.hidden }
    }

    /// A text of the answer, on one line and without the secrets of the request.
    pub(crate) fn clean(&self, text: &str) -> String {
        one_line(&self.hidden.clean(text))
    }
}
