use std::{sync::Arc, time::Duration};

use adt_model::{Class, Fault, Secret};
use adt_net::{
    Backoff, Random,
    aws::{self, Credentials, Endpoint, Keys, Post, Profiles},
    connect, plain, reqwest,
};
use tokio::time::Instant;

use super::{
    attempt::attempt,
    complaint::{Complaint, Cure},
    scene::{Scene, Trouble},
    wanted::{Oddity, Wanted},
};
use crate::ServiceOptions;

const JSON: &str = "application/x-amz-json-1.1";
/// A parameter has at most 8 KiB, a secret 64 KiB; escaped as JSON that is at most six times as much.
const LONGEST_ANSWER: usize = 1 << 20;
const LANES: usize = 8;

/// The way to both services: connections, and who we are.
pub(super) struct Connection {
    options: ServiceOptions,
    profiles: Profiles,
    http: reqwest::Client,
    credentials: Credentials,
    random: Random,
}

/// Which server is asked for something.
struct Site {
    base: String,
    region: String,
    custom: bool,
}

impl Connection {
    pub(super) fn open(options: ServiceOptions) -> Result<Self, Fault> {
        let environment = &options.environment;
        let profiles = Profiles::load(environment);
        let plain = |service: &str| {
            aws::configured_endpoint(service, environment, &profiles)
                .is_some_and(|url| url.starts_with("http://"))
        };
        let secure = !(plain("ssm") && plain("secrets_manager"));
        let http = connect::client(environment, LANES, secure)?;
        Ok(Self {
            credentials: Credentials::new(environment.clone(), http.clone(), Arc::clone(&options.clock)),
            random: Random::from_time((options.clock)()),
            http,
            profiles,
            options,
        })
    }

    /// Asks until there is an answer, a refusal for good, or no time left.
    pub(super) async fn ask(&self, wanted: &Wanted) -> Result<Secret, Fault> {
        let site = self.site(wanted)?;
        if let Some(note) = plain::carry(&self.options.environment, &site.base)? {
            (self.options.on_retry)(&note);
        }
        let mut backoff = Backoff::new(self.options.retry_time);
        let mut refreshed = false;
        loop {
            let keys = self.credentials.get().await?;
            let began = Instant::now();
            let trouble = match self.once(wanted, &site, &keys).await {
                Ok(value) => return Ok(value),
                Err(trouble) => trouble,
            };
            match trouble.cure() {
                Cure::Again => {}
                Cure::Refresh if !refreshed && keys.token.is_some() => {
                    refreshed = true;
                    self.credentials.forget(&keys).await;
                    continue;
                }
                Cure::Refresh | Cure::None => {
                    return Err(self.scene(wanted, &site, &keys, String::new()).fault(trouble));
                }
            }
            let Some(wait) = backoff.failed(began, &self.random) else {
                return Err(self.scene(wanted, &site, &keys, backoff.shown()).fault(trouble));
            };
            self.tell(wanted, &trouble, wait);
            tokio::time::sleep(wait).await;
        }
    }

    async fn once(&self, wanted: &Wanted, site: &Site, keys: &Keys) -> Result<Secret, Trouble> {
        let body = wanted.body();
        let headers = [("content-type", JSON), ("x-amz-target", wanted.target())];
        let post = Post {
            base: &site.base,
            region: &site.region,
            service: wanted.service(),
            headers: &headers,
            body: &body,
        };
        let request = post.signed(&self.http, keys, (self.options.clock)());
        let answer = attempt(request, self.options.request_timeout, LONGEST_ANSWER)
            .await
            .map_err(Trouble::Unanswered)?;
        if !answer.status.is_success() {
            return Err(Trouble::Refused(Complaint::read(&answer)));
        }
        let document = serde_json::from_slice(&answer.body).map_err(|_| Trouble::Odd(Oddity::Stranger))?;
        wanted.value(&document).map_err(Trouble::Odd)
    }

    fn site(&self, wanted: &Wanted) -> Result<Site, Fault> {
        let environment = &self.options.environment;
        let region = match wanted.region()? {
            Some(region) => region,
            None => aws::region(environment, &self.profiles).ok_or_else(|| self.no_region(wanted))?,
        };
        // It becomes part of a host's name; anything else would send the request elsewhere.
        if !region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            let what = format!("cannot get {}: `{region}` is no region of AWS", wanted.shown());
            return Err(Fault::new(Class::BadInput, what).help("write it as `us-west-2`"));
        }
        let custom = aws::configured_endpoint(wanted.section(), environment, &self.profiles);
        let base = match custom {
            Some(endpoint) => Endpoint::parse(endpoint, &wanted.shown())?.base,
            None => format!("https://{}.{region}.{}", wanted.service(), aws::domain(region)),
        };
        Ok(Site { base, region: region.to_owned(), custom: custom.is_some() })
    }

    fn no_region(&self, wanted: &Wanted) -> Fault {
        let (profile, file) = (self.profiles.current(), &self.profiles.config_file);
        let what = format!("cannot get {}: no AWS region is set", wanted.shown());
        Fault::new(Class::Missing, what).help(format!(
            "set AWS_REGION to the region it is kept in (such as us-west-2), or `region` for profile `{profile}` in \
             `{file}`; looked at AWS_REGION, AWS_DEFAULT_REGION and there"
        ))
    }

    fn tell(&self, wanted: &Wanted, trouble: &Trouble, wait: Duration) {
        let (what, wait, why) = (wanted.shown(), wait.as_secs_f64(), trouble.shown());
        (self.options.on_retry)(&format!("will get {what} again in {wait:.1} s: {why}"));
    }

    fn scene<'a>(&self, wanted: &'a Wanted, site: &'a Site, keys: &'a Keys, tries: String) -> Scene<'a> {
        Scene {
            wanted,
            region: &site.region,
            server: &site.base,
            custom: site.custom,
            identity: &keys.source,
            now: (self.options.clock)().to_string(),
            tries,
        }
    }
}
