//! Code Ocean: a capsule is asked to start the pipeline, once.
//!
//! The service has no key that makes a repeated request harmless. So [`CodeOcean::run`] repeats only what certainly was
//! not done, and tells apart what certainly did not start from what may have; [`CodeOcean::find`] answers the latter.

mod find;
mod python;
mod request;
mod run;

use std::time::Duration;

use adt_model::{Class, Fault, Secret};
use adt_net::reqwest::Url;
use serde::de::IgnoredAny;

pub use find::{Lookup, Run};
pub use request::{Request, request};
pub use run::{Failure, Started};

use crate::{
    ServiceOptions,
    http::{Address, Ask, Patience, Reply, Server},
};

const NAME: &str = "Code Ocean";
/// Where computations are started.
const COMPUTATIONS: [&str; 3] = ["api", "v1", "computations"];

/// A Code Ocean server and who we are there.
pub struct CodeOcean {
    server: Server,
    token: Secret,
}

/// The address that a computation is asked of, for showing what would be sent.
pub fn run_url(domain: &str) -> Result<String, Fault> {
    let address = Address::parse(NAME, domain)?;
    Ok(format!("{}/{}", address.shown(), COMPUTATIONS.join("/")))
}

/// Where a person sees what a capsule ran.
pub fn runs_url(domain: &str, capsule: &str) -> Result<String, Fault> {
    let address = Address::parse(NAME, domain)?;
    let url = address.at(&["api", "v1", "capsules", capsule, "computations"], None);
    Ok(url.map_or_else(|| address.shown().to_owned(), |url| url.to_string()))
}

impl CodeOcean {
    /// A server at an http or https address. The token is the user name of Basic credentials, the password is empty.
    /// Nothing is asked yet. Questions follow redirects within the server and to the same host's https; the order to run
    /// follows none.
    pub fn open(domain: &str, token: Secret, options: &ServiceOptions) -> Result<Self, Fault> {
        if token.expose().trim().is_empty() {
            return Err(Fault::new(Class::Missing, "the Code Ocean token is empty")
                .help("set `codeocean_api_token`, as `env:NAME` or `ssm:/path` for example"));
        }
        Ok(Self { server: Server::open_with_credentials(NAME, domain, options)?, token })
    }

    /// Whether the token is accepted and the capsule known, for a check before any work.
    pub async fn check(&self, capsule: &str) -> Result<(), Fault> {
        let reply = self.computations_of(capsule).await?;
        match reply.status.as_u16() {
            // A web page comes with 200 too.
            200..=299 if serde_json::from_slice::<IgnoredAny>(&reply.body).is_ok() => Ok(()),
            // A server without this list does not tell; that is found when the capsule is run.
            405 | 501 => Ok(()),
            400 | 404 => Err(self.no_capsule(capsule, &reply)),
            _ => Err(Self::refused(&reply)),
        }
    }

    /// The list of what a capsule ran; 5xx have been tried again.
    async fn computations_of(&self, capsule: &str) -> Result<Reply, Fault> {
        let url = self.address(&["api", "v1", "capsules", capsule, "computations"])?;
        let ask = Ask::get(url, self.time()).with_user(&self.token);
        let outcome = self.server.ask(&ask, Patience::Question).await;
        let reply = outcome
            .result
            .map_err(|trouble| self.server.unanswered(&ask.shown(), trouble, &outcome.tries))?;
        match reply.status.as_u16() {
            401 => Err(Self::refused(&reply)),
            501 => Ok(reply),
            408 | 429 | 500..=599 => {
                Err(Fault::new(Class::Transient, format!("{}{}", Self::said(&reply), outcome.tries)))
            }
            _ => Ok(reply),
        }
    }

    fn address(&self, segments: &[&str]) -> Result<Url, Fault> {
        self.server.address.at(segments, None).ok_or_else(|| {
            Fault::new(Class::BadInput, "the Code Ocean capsule's id is empty or no id")
                .help("set `codeocean_trigger_capsule_id`")
        })
    }

    fn time(&self) -> Duration {
        self.server.options.request_timeout
    }

    /// `POST https://… answered 400: no such capsule`.
    fn said(reply: &Reply) -> String {
        format!("{}: {}", reply.said(), reply.excerpt())
    }

    fn no_capsule(&self, capsule: &str, reply: &Reply) -> Fault {
        let what = format!("there is no capsule `{capsule}` at {}", self.server.address.shown());
        Fault::new(Class::Missing, what)
            .because(adt_net::Said(Self::said(reply)))
            .help("check `codeocean_trigger_capsule_id`, and that the token's owner may see the capsule")
    }

    /// A fault for a status that no trying again will cure.
    fn refused(reply: &Reply) -> Fault {
        let said = Self::said(reply);
        match reply.status.as_u16() {
            401 => Fault::new(Class::Refused, "the Code Ocean token is refused")
                .because(adt_net::Said(said))
                .help("make a new token in Code Ocean's account settings; tokens expire"),
            403 => Fault::new(Class::Refused, "the Code Ocean token may not do this")
                .because(adt_net::Said(said))
                .help("give the token the rights to read and to run capsules"),
            200..=399 => Fault::new(Class::BadInput, format!("that is no answer of Code Ocean: {said}"))
                .help("check `codeocean_domain`"),
            429 => Fault::new(Class::Transient, format!("Code Ocean is busy: {said}")),
            _ => Fault::new(Class::Refused, format!("Code Ocean refuses: {said}")),
        }
    }
}
