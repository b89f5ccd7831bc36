//! One request to a bucket: signed, sent, and tried again while there is hope.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use adt_model::{Class, Fault};
use adt_net::{
    Backoff, Random,
    aws::{self, Credentials, Keys, Profiles, Signable, Signer},
    connect::{self, is_about_certificates},
    reqwest,
    xml::Element,
};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tokio::time::Instant;

use super::{
    complaint::{Complaint, Cure},
    fault::{Scene, Trouble},
    lanes::Lanes,
    request::{Answer, Body, Request},
    site::Site,
};
use crate::StoreOptions;

/// What a body may take at least, in bytes a second, before it counts as stalled.
const SLOWEST: u64 = 256 << 10;
/// A person wants to know that requests are tried again, not of each one.
const TELL: Duration = Duration::from_secs(1);
/// How often bytes may arrive damaged before the line is not to be trusted.
const DAMAGED: u32 = 4;
/// What is set aside for an answer before its first byte; a foreign length is no reason for more.
const ASIDE: u64 = 64 << 20;

/// A bucket's server: connections, lanes, credentials, and what has been learned about it.
pub(crate) struct Client {
    pub(crate) bucket: String,
    options: StoreOptions,
    site: RwLock<Site>,
    moved: AtomicBool,
    http: reqwest::Client,
    credentials: Credentials,
    signer: Signer,
    lanes: Lanes,
    random: Random,
    told: Mutex<(Option<Instant>, u32)>,
    /// The server refuses checksum headers; it gets none any more.
    pub(crate) plain: AtomicBool,
}

/// Why an attempt failed.
enum Failure {
    Answered(Box<Complaint>),
    Network(reqwest::Error),
    Late(Duration),
}

impl Client {
    pub(crate) fn open(bucket: &str, options: &StoreOptions) -> Result<Self, Fault> {
        let environment = &options.environment;
        let site = Site::choose(bucket, environment, &Profiles::load(environment))?;
        let http = connect::client(environment, options.lanes, site.shown().starts_with("https"))?;
        let credentials = Credentials::new(environment.clone(), http.clone(), Arc::clone(&options.clock));
        Ok(Self {
            bucket: bucket.to_owned(),
            site: RwLock::new(site),
            moved: AtomicBool::new(false),
            http,
            credentials,
            signer: Signer::default(),
            lanes: Lanes::new(options.lanes),
            random: Random::from_time((options.clock)()),
            told: Mutex::default(),
            plain: AtomicBool::new(false),
            options: options.clone(),
        })
    }

    /// Sends a request until it is answered, refused for good, or out of time.
    pub(crate) async fn send(&self, request: &Request) -> Result<Answer, Trouble> {
        let mut backoff = Backoff::new(self.options.retry_time);
        let (mut refreshed, mut moved, mut damaged) = (false, false, 0);
        loop {
            let keys = self.credentials.get().await?;
            let site = self.site.read().unwrap_or_else(PoisonError::into_inner).clone();
            let lane = self.lanes.enter().await;
            let began = Instant::now();
            let failure = match self.attempt(request, &site, &keys).await {
                Ok(answer) => {
                    lane.succeeded();
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            match failure.cure() {
                Cure::SlowDown => lane.overloaded(),
                Cure::Refresh if !refreshed && keys.token.is_some() => {
                    refreshed = true;
                    self.credentials.forget(&keys).await;
                    continue;
                }
                Cure::Move if !moved && self.follow(&site, failure.region()) => {
                    moved = true;
                    continue;
                }
                Cure::SendAgain => {
                    drop(lane);
                    damaged += 1;
                    if damaged >= DAMAGED {
                        let scene = self.scene(request, &site, &keys, String::new());
                        return Err(scene.damaged(damaged).into());
                    }
                }
                Cure::Again => drop(lane),
                Cure::None | Cure::Refresh | Cure::Move => {
                    return Err(failure.trouble(&self.scene(request, &site, &keys, String::new())));
                }
            }
            let Some(wait) = backoff.failed(began, &self.random) else {
                return Err(failure.trouble(&self.scene(request, &site, &keys, backoff.shown())));
            };
            self.tell(request, &failure, wait);
            tokio::time::sleep(wait).await;
        }
    }

    async fn attempt(&self, request: &Request, site: &Site, keys: &Keys) -> Result<Answer, Failure> {
        let body = request.body.bytes();
        let url = self.url(request, site);
        let headers = self.signed(request, site, keys, &url, &body).await;
        let mut sent = self.http.request(request.method.clone(), url).headers(headers);
        if request.method == Method::PUT || request.method == Method::POST {
            sent = sent.header(http::header::CONTENT_LENGTH, body.len()).body(body.clone());
        }
        let patience = self.options.request_timeout;
        let moved = (body.len() as u64).max(request.answer_size);
        let time = patience + Duration::from_secs(moved / SLOWEST);
        let answer = tokio::time::timeout(time, sent.send()).await.map_err(|_| Failure::Late(time))??;
        let (status, headers) = (answer.status(), answer.headers().clone());
        if request.answer_size > 0 && request.method == Method::GET && status == StatusCode::OK {
            // A range was asked for and everything is being sent; it may be more than there is memory.
            let length = answer.content_length().unwrap_or(u64::MAX);
            if length > request.answer_size {
                return Err(Failure::Answered(Box::new(Complaint::no_ranges())));
            }
        }
        let body = collect(answer, patience).await?;
        judge(request, status, headers, body)
    }

    fn url(&self, request: &Request, site: &Site) -> String {
        let mut url = site.url(&self.bucket, request.key.as_deref());
        let query = request.encoded_query();
        if !query.is_empty() {
            url.push('?');
            url.push_str(&query);
        }
        url
    }

    async fn signed(
        &self,
        request: &Request,
        site: &Site,
        keys: &Keys,
        url: &str,
        body: &Bytes,
    ) -> HeaderMap {
        let payload = self.payload(request, site, body).await;
        let stamp = aws::amz_date((self.options.clock)());
        let mut all: Vec<(&str, &str)> =
            vec![("host", &site.host), ("x-amz-content-sha256", &payload), ("x-amz-date", &stamp)];
        if let Some(token) = &keys.token {
            all.push(("x-amz-security-token", token.expose()));
        }
        all.extend(request.headers.iter().map(|(name, value)| (*name, value.as_str())));
        all.sort_unstable();
        let (path, query) = path_and_query(url);
        let what =
            Signable { method: request.method.as_str(), path, query, headers: &all, payload: &payload };
        let identity = (keys.access_key.as_str(), &keys.secret);
        let authorization = self.signer.authorization(identity, (&site.region, "s3"), &stamp, &what);
        all.push(("authorization", &authorization));
        all.iter()
            .filter(|(name, _)| *name != "host")
            // What is no header (a line end in a key from a file, say) is left out, and the server refuses the signature.
            .filter_map(|(name, value)| {
                let mut shown: HeaderValue = value.parse().ok()?;
                shown.set_sensitive(matches!(*name, "authorization" | "x-amz-security-token"));
                Some((name.parse::<http::HeaderName>().ok()?, shown))
            })
            .collect()
    }

    async fn payload(&self, request: &Request, site: &Site, body: &Bytes) -> String {
        match &request.body {
            Body::None => aws::EMPTY_SHA256.to_owned(),
            Body::Data(_) if site.trusted && !self.options.sign_payload => aws::UNSIGNED.to_owned(),
            Body::Document(_) => aws::sha256_hex(body),
            Body::Data(_) => {
                // A large body's hash would hold up the other requests of this thread.
                let copy = body.clone();
                match tokio::task::spawn_blocking(move || aws::sha256_hex(&copy)).await {
                    Ok(hash) => hash,
                    Err(_) => aws::sha256_hex(body),
                }
            }
        }
    }

    /// Goes to the region that the server named; true when another attempt may find it there. Done once for a place.
    fn follow(&self, from: &Site, region: Option<&str>) -> bool {
        let mut site = self.site.write().unwrap_or_else(PoisonError::into_inner);
        if *site != *from {
            return true;
        }
        let Some(region) = region.filter(|region| *region != from.region) else { return false };
        if self.moved.swap(true, Ordering::Relaxed) {
            return false;
        }
        *site = from.moved_to(&self.bucket, region);
        true
    }

    fn tell(&self, request: &Request, failure: &Failure, wait: Duration) {
        let more = {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            if told.0.is_some_and(|at| at.elapsed() < TELL) {
                told.1 += 1;
                return;
            }
            told.0 = Some(Instant::now());
            std::mem::take(&mut told.1)
        };
        let others =
            if more == 0 { String::new() } else { format!("; {more} other retries since the last note") };
        let (words, target, why) = (request.deed.words(), self.target(request), failure.shown());
        let wait = wait.as_secs_f64();
        (self.options.on_retry)(&format!("will {words} `{target}` again in {wait:.1} s: {why}{others}"));
    }

    /// `s3://bucket/key`.
    pub(crate) fn target(&self, request: &Request) -> String {
        match &request.key {
            Some(key) => format!("s3://{}/{key}", self.bucket),
            None => format!("s3://{}", self.bucket),
        }
    }

    fn scene<'a>(&'a self, request: &Request, site: &'a Site, keys: &'a Keys, tries: String) -> Scene<'a> {
        Scene {
            deed: request.deed,
            target: self.target(request),
            bucket: &self.bucket,
            server: site.shown(),
            identity: &keys.source,
            now: (self.options.clock)().to_string(),
            tries,
        }
    }
}

/// The encoded path and query of a URL, as they are signed.
fn path_and_query(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').map_or("/", |slash| &rest[slash..]);
    path.split_once('?').unwrap_or((path, ""))
}

/// Reads an answer's body. A server that stops in the middle is late, however much it has sent before.
async fn collect(mut answer: reqwest::Response, patience: Duration) -> Result<Bytes, Failure> {
    let length = answer.content_length().unwrap_or_default();
    let mut body = BytesMut::with_capacity(length.min(ASIDE) as usize);
    let mut first = None;
    loop {
        let chunk =
            tokio::time::timeout(patience, answer.chunk()).await.map_err(|_| Failure::Late(patience))??;
        match (chunk, first.take()) {
            (None, None) => return Ok(body.freeze()),
            // Most answers come in one piece, which need not be copied.
            (None, Some(only)) => return Ok(only),
            (Some(chunk), None) if body.is_empty() && chunk.len() as u64 >= length => first = Some(chunk),
            (Some(chunk), earlier) => {
                body.extend_from_slice(earlier.as_deref().unwrap_or_default());
                body.extend_from_slice(&chunk);
            }
        }
    }
}

/// Tells an answer from a refusal. A completed upload or a copy may be refused in the body of a 200.
fn judge(request: &Request, status: StatusCode, headers: HeaderMap, body: Bytes) -> Result<Answer, Failure> {
    let late_refusal =
        || request.method == Method::POST && Element::parse(&body).is_ok_and(|root| root.name == "Error");
    if status.is_success() && !late_refusal() {
        return Ok(Answer { status, headers, body });
    }
    Err(Failure::Answered(Box::new(Complaint::read(status, &headers, &body))))
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self::Network(error)
    }
}

impl Failure {
    fn cure(&self) -> Cure {
        match self {
            Self::Answered(complaint) => complaint.cure(),
            Self::Network(error) if is_about_certificates(error) || error.is_builder() => Cure::None,
            Self::Network(error) if error.is_timeout() => Cure::SlowDown,
            Self::Network(_) => Cure::Again,
            Self::Late(_) => Cure::SlowDown,
        }
    }

    fn region(&self) -> Option<&str> {
        match self {
            Self::Answered(complaint) => complaint.region.as_deref(),
            _ => None,
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Answered(complaint) => complaint.shown(),
            Self::Network(error) if error.is_connect() => "no connection".into(),
            Self::Network(_) => "the connection broke".into(),
            Self::Late(time) => format!("no answer within {} s", time.as_secs()),
        }
    }

    fn trouble(self, scene: &Scene<'_>) -> Trouble {
        match self {
            Self::Answered(complaint) => {
                Trouble { fault: scene.refused(&complaint), complaint: Some(*complaint) }
            }
            Self::Network(error) => scene.unreachable(error).into(),
            Self::Late(time) => scene.late(time.as_secs()).into(),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("bucket", &self.bucket).finish_non_exhaustive()
    }
}

/// A key in the bucket is at most so long; saying so by name is better than a server's refusal halfway through a job.
pub(crate) fn check_key(bucket: &str, key: &str) -> Result<(), Fault> {
    let most = crate::part_size::MAX_KEY;
    if key.len() <= most {
        return Ok(());
    }
    let what = format!("`s3://{bucket}/{key}` has a key of {} bytes; S3 keeps at most {most}", key.len());
    Err(Fault::new(Class::BadInput, what).help("shorten the names of the folders"))
}
