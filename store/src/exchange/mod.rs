//! The talk with a cloud's server: one request, dressed for that cloud, sent, and tried again while there is hope. What is the same for
//! every cloud is here; a [`Server`] knows what is not.

mod complaint;
mod document;
mod fault;
mod flow;
mod lanes;
mod range;
mod request;
mod strange;

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use adt_model::{Fault, Redactor};
use adt_net::{
    Backoff, Random,
    body::{self, Account, Broken},
    connect::{self, is_about_certificates},
    plain, reqwest, secrets_of, secrets_of_session,
};
use http::{HeaderMap, Method, StatusCode};
use tokio::time::Instant;

use crate::{Looks, StoreOptions};
pub(crate) use complaint::{Complaint, Cure, Kind};
pub(crate) use document::Items;
use fault::Scene;
pub(crate) use fault::{Trouble, Words, damaged};
use flow::Flow;
pub use flow::{Hear, Way, heard};
use lanes::Lanes;
pub(crate) use range::gives_range;
pub(crate) use request::{Answer, Body, Deed, Lost, Request, header};
pub(crate) use strange::{is_what, shown};

/// What a body may take at least, in bytes a second, before it counts as stalled.
const SLOWEST: u64 = 256 << 10;
/// A person wants to know that requests are tried again, not of each one.
const TELL: Duration = Duration::from_secs(1);
/// How often bytes may arrive damaged before the line is not to be trusted.
const DAMAGED: u32 = 4;
/// Bytes of a refusal that are read: its code and its words come first.
const REFUSAL: u64 = 64 << 10;

/// What is a cloud's own about a request and its answer.
pub(crate) trait Server: Send + Sync + 'static {
    /// What a request was dressed with, for [`Server::mend`] to know whether another has mended it already.
    type With: Send + Sync;

    /// The request as it goes over the wire at this moment: where, with which headers, on whose behalf.
    fn dress(&self, request: &Request) -> impl Future<Output = Result<Dressed<Self::With>, Fault>> + Send;

    /// A refusal, read and sorted, in the server's own words: [`Complaint::without_secrets`] makes them fit to be shown.
    fn complaint(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Complaint;

    /// Whether an answer whose status says well is a refusal all the same.
    fn refuses_late(&self, _request: &Request, _body: &[u8]) -> bool {
        false
    }

    /// Gets other credentials or goes to another region; false when another attempt would go no better.
    fn mend(&self, complaint: &Complaint, dressed: &Dressed<Self::With>)
    -> impl Future<Output = bool> + Send;

    /// Learns from an answer what is worth knowing, such as the server's clock.
    fn answered(&self, _headers: &HeaderMap) {}

    /// The bucket's or container's bare name.
    fn bucket(&self) -> &str;

    /// An object (by its whole key) or the bucket itself, as people write it.
    fn target(&self, key: Option<&str>) -> String;

    /// What must be allowed for a deed.
    fn permission(&self, deed: Deed) -> String;

    /// The cloud's words.
    fn words(&self) -> Words;
}

/// A request as it goes over the wire.
pub(crate) struct Dressed<With> {
    /// Encoded, with its query.
    pub(crate) url: String,
    /// All of them but `content-length`; what is secret is marked so.
    pub(crate) headers: HeaderMap,
    /// The server, for people.
    pub(crate) server: String,
    /// Where the credentials came from, for people.
    pub(crate) identity: String,
    pub(crate) with: With,
}

/// Connections and lanes to a server, and patience with it.
pub(crate) struct Exchange<S> {
    pub(crate) server: S,
    options: StoreOptions,
    http: reqwest::Client,
    lanes: Lanes,
    /// Room for large documents; the bytes of objects have theirs in the budget of who asks for them.
    account: Account,
    random: Random,
    told: Mutex<(Option<Instant>, u32)>,
}

/// Why an attempt failed.
enum Failure {
    Answered(Box<Complaint>),
    Network(reqwest::Error),
    Late(Duration),
    /// More bytes than were asked for, or than any such answer has.
    Long {
        most: u64,
        asked: bool,
    },
}

/// Connections for a server; `secure` says whether TLS will be needed.
pub(crate) fn connections(options: &StoreOptions, secure: bool) -> Result<reqwest::Client, Fault> {
    connect::client(&options.environment, options.lanes, secure)
}

impl<S: Server> Exchange<S> {
    pub(crate) fn new(server: S, http: reqwest::Client, options: &StoreOptions) -> Self {
        Self {
            server,
            http,
            lanes: Lanes::new(options.lanes),
            account: Account::default(),
            random: Random::from_time((options.clock)()),
            told: Mutex::default(),
            options: options.clone(),
        }
    }

    /// Sends a request until it is answered, refused for good, or out of time.
    pub(crate) async fn send(&self, request: &Request) -> Result<Answer, Trouble> {
        let mut backoff = Backoff::new(self.options.retry_time);
        let (mut refreshed, mut moved, mut damaged) = (false, false, 0);
        loop {
            let dressed = self.server.dress(request).await?;
            self.protect(request, &dressed)?;
            let lane = self.lanes.enter().await;
            let (began, from) = (Instant::now(), (self.options.clock)());
            let failure = match self.attempt(request, &dressed).await {
                Ok(answer) => {
                    lane.succeeded();
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            if let Some(lost) = request.lost.as_ref().filter(|_| failure.may_be_done()) {
                lost.add(from, (self.options.clock)());
            }
            let cure = failure.cure();
            match cure {
                Cure::SlowDown => lane.overloaded(),
                Cure::SendAgain => {
                    drop(lane);
                    damaged += 1;
                    if damaged >= DAMAGED {
                        return Err(self.scene(request, &dressed, String::new()).damaged(damaged).into());
                    }
                }
                Cure::Again => drop(lane),
                Cure::None | Cure::Refresh | Cure::Move => {
                    let tried = match cure {
                        Cure::Refresh => std::mem::replace(&mut refreshed, true),
                        Cure::Move => std::mem::replace(&mut moved, true),
                        _ => true,
                    };
                    if let (false, Some(complaint)) = (tried, failure.complaint())
                        && self.server.mend(complaint, &dressed).await
                    {
                        continue;
                    }
                    return Err(failure.trouble(&self.scene(request, &dressed, String::new())));
                }
            }
            let Some(wait) = backoff.failed(began, &self.random) else {
                return Err(failure.trouble(&self.scene(request, &dressed, backoff.shown())));
            };
            self.tell(request, &failure, wait);
            tokio::time::sleep(wait).await;
        }
    }

    /// Credentials are not sent where they could be read on the way, unless that is allowed.
    fn protect(&self, request: &Request, dressed: &Dressed<S::With>) -> Result<(), Fault> {
        if plain::is_plain(&dressed.url) && !secrets(request, dressed).is_empty() {
            let note = plain::carry(&self.options.environment, &dressed.server)?;
            if let Some(note) = note {
                (self.options.on_retry)(&note);
            }
        }
        Ok(())
    }

    async fn attempt(&self, request: &Request, dressed: &Dressed<S::With>) -> Result<Answer, Failure> {
        let flow = Flow::of_this_task();
        let answered = self.flowing(request, dressed, &flow).await;
        if answered.is_err() {
            flow.take_back();
        }
        answered
    }

    async fn flowing(
        &self,
        request: &Request,
        dressed: &Dressed<S::With>,
        flow: &Flow,
    ) -> Result<Answer, Failure> {
        let body = request.body.bytes();
        let mut sent =
            self.http.request(request.method.clone(), &dressed.url).headers(dressed.headers.clone());
        if request.method == Method::PUT || request.method == Method::POST {
            sent = sent.header(http::header::CONTENT_LENGTH, body.len()).body(flow.body(body.clone()));
        }
        let patience = self.options.request_timeout;
        let moved = (body.len() as u64).max(request.answer_size);
        let time = patience + Duration::from_secs(moved / SLOWEST);
        let answer = tokio::time::timeout(time, sent.send()).await.map_err(|_| Failure::Late(time))??;
        let (status, headers) = (answer.status(), answer.headers().clone());
        self.server.answered(&headers);
        let welcome = status.is_success() || request.welcome == Some(status.as_u16());
        let refused = |body: &[u8]| {
            let complaint = self.server.complaint(status, &headers, body);
            Failure::Answered(Box::new(complaint.without_secrets(&secrets(request, dressed))))
        };
        if !welcome {
            return Err(refused(&body::beginning(answer, REFUSAL, patience).await));
        }
        let account = (request.deed != Deed::Get).then_some(&self.account);
        let read = body::collect_into(answer, request.most, patience, account).await;
        let (body, room) = read.map_err(|broken| Failure::broken(broken, request, status))?;
        flow.received(body.len());
        if self.server.refuses_late(request, &body) {
            return Err(refused(&body));
        }
        Ok(Answer { status, headers, body, _room: room })
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

    /// What a request is about, as people write it.
    pub(crate) fn target(&self, request: &Request) -> String {
        self.server.target(request.key.as_deref())
    }

    /// An object of a listing cannot be named: whoever wants to know is told, and the listing goes on.
    pub(crate) fn pass_over(&self, fault: Fault) -> Result<(), Fault> {
        match &self.options.on_odd {
            Some(tell) => {
                tell(fault);
                Ok(())
            }
            None => Err(fault),
        }
    }

    /// A listing has met what consoles make to show a folder; it is no file of anybody.
    pub(crate) fn met_folder(&self, relative: &str) {
        let name = relative.trim_end_matches('/');
        if let (Some(tell), false) = (&self.options.on_folder, name.is_empty()) {
            tell(name);
        }
    }

    /// Whether what was written can be looked at.
    pub(crate) fn may_look(&self) -> bool {
        self.options.looks != Looks::None
    }

    /// A number unlike others, for names; nothing secret.
    pub(crate) fn number(&self) -> u64 {
        self.random.next()
    }

    fn scene<'a>(&'a self, request: &Request, dressed: &'a Dressed<S::With>, tries: String) -> Scene<'a> {
        Scene {
            deed: request.deed,
            target: self.target(request),
            bucket: self.server.bucket(),
            words: self.server.words(),
            permission: self.server.permission(request.deed),
            server: &dressed.server,
            identity: &dressed.identity,
            now: (self.options.clock)().to_string(),
            tries,
            avoidable: self.options.looks == Looks::Avoidable,
        }
    }
}

/// What of a request must not be repeated.
fn secrets<With>(request: &Request, dressed: &Dressed<With>) -> Redactor {
    let mut hidden = secrets_of(&dressed.url, &dressed.headers, &[]);
    if let Some(session) = &request.at {
        secrets_of_session(session.expose(), &mut hidden);
    }
    hidden
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self::Network(error)
    }
}

impl Failure {
    fn broken(broken: Broken, request: &Request, status: StatusCode) -> Self {
        match broken {
            Broken::Network(error) => Self::Network(error),
            Broken::Late(time) => Self::Late(time),
            Broken::Long(_) if request.is_ranged() && status == StatusCode::OK => {
                Self::Answered(Box::new(Complaint::no_ranges()))
            }
            Broken::Long(most) => Self::Long { most, asked: request.deed == Deed::Get },
        }
    }

    fn cure(&self) -> Cure {
        match self {
            Self::Answered(complaint) => complaint.kind.cure(),
            Self::Network(error) if is_about_certificates(error) || error.is_builder() => Cure::None,
            Self::Network(error) if error.is_timeout() => Cure::SlowDown,
            Self::Network(_) => Cure::Again,
            Self::Late(_) => Cure::SlowDown,
            Self::Long { .. } => Cure::None,
        }
    }

    /// Whether the server may have carried the request out all the same.
    fn may_be_done(&self) -> bool {
        match self {
            Self::Answered(complaint) => complaint.status >= 500 || complaint.status < 300,
            Self::Network(error) => !error.is_connect() && !error.is_builder(),
            Self::Late(_) | Self::Long { .. } => true,
        }
    }

    fn complaint(&self) -> Option<&Complaint> {
        match self {
            Self::Answered(complaint) => Some(complaint),
            _ => None,
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Answered(complaint) => complaint.shown(),
            Self::Network(error) if error.is_connect() => "no connection".into(),
            Self::Network(_) => "the connection broke".into(),
            Self::Late(time) => format!("no complete answer within {} s", time.as_secs()),
            Self::Long { most, .. } => format!("the answer has more than {most} bytes"),
        }
    }

    fn trouble(self, scene: &Scene<'_>) -> Trouble {
        match self {
            Self::Answered(complaint) => {
                Trouble { fault: scene.refused(&complaint), complaint: Some(*complaint) }
            }
            Self::Network(error) => scene.unreachable(error).into(),
            Self::Late(time) => scene.late(time.as_secs()).into(),
            Self::Long { most, asked } => scene.long(most, asked).into(),
        }
    }
}

impl<S: Server> fmt::Debug for Exchange<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("bucket", &self.server.bucket()).finish_non_exhaustive()
    }
}
