//! What is Azure's own about a request: its version, its date, what allows it, its roles.

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use adt_model::{Class, Fault};
use adt_net::{
    azure::{Access, Account, Authorized, Unsigned},
    encode,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use jiff::tz::TimeZone;

use super::complaint;
use crate::{
    Encryption, StoreOptions,
    exchange::{Complaint, Cure, Deed, Dressed, Exchange, Request, Server, Words, connections, header},
    http_date::http_date,
};

/// The version of the service's language that is spoken here.
const VERSION: &str = "2023-11-03";
/// The most characters of a blob's name ("Naming and referencing containers, blobs, and metadata" in Azure's REST reference).
const MAX_NAME: usize = 1024;
/// Where a copy's bytes come from; with a shared access signature, so does what allows reading them.
pub(super) const COPY_SOURCE: &str = "x-ms-copy-source";

/// A header field: its lower-case name, its value.
type Field<'a> = (Cow<'a, str>, Cow<'a, str>);

/// A container's server.
pub(crate) type Client = Exchange<Az>;

/// A container's server: what allows requests, and what has been learned about it.
pub(crate) struct Az {
    pub(super) container: String,
    account: Account,
    access: Option<Access>,
    options: StoreOptions,
    /// The server refuses checksum headers; it gets none any more.
    pub(super) plain: AtomicBool,
    /// The server has answered with the checksum of what it got.
    pub(super) confirms: AtomicBool,
    /// The server makes no copies by itself.
    pub(super) no_copies: AtomicBool,
    /// By how many milliseconds the server's clock is ahead of ours.
    ahead: AtomicI64,
}

pub(super) fn open(account: &str, container: &str, options: &StoreOptions) -> Result<Client, Fault> {
    let account = Account::choose(account, &options.environment)?;
    let http = connections(options, account.endpoint().starts_with("https"))?;
    let access =
        || Access::new(&account, options.environment.clone(), http.clone(), Arc::clone(&options.clock));
    let server = Az {
        container: container.to_owned(),
        access: (!options.anonymous).then(access),
        account,
        options: options.clone(),
        plain: AtomicBool::new(false),
        confirms: AtomicBool::new(false),
        no_copies: AtomicBool::new(false),
        ahead: AtomicI64::new(0),
    };
    Ok(Exchange::new(server, http, options))
}

impl Server for Az {
    /// Whether it was dressed with the token of an identity, which can be had anew.
    type With = bool;

    async fn dress(&self, request: &Request) -> Result<Dressed<bool>, Fault> {
        let mut url = self.url(request.key.as_deref());
        let query = request.encoded_query();
        if !query.is_empty() {
            url = joined(&url, &query);
        }
        let mut headers = self.headers(request);
        let authorized = self.authorize(request, &url, &headers).await?;
        if let Some(sas) = &authorized.query {
            let sas = sas.expose();
            if let Some((_, source)) = headers.iter_mut().find(|(name, _)| name == COPY_SOURCE) {
                *source = joined(source, sas).into();
            }
            url = joined(&url, sas);
        }
        let with = authorized.headers.iter().any(|(_, value)| value.expose().starts_with("Bearer "));
        let headers = self.written(request, &headers, &authorized)?;
        let server = self.account.endpoint().to_owned();
        Ok(Dressed { url, headers, server, identity: authorized.source, with })
    }

    fn complaint(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Complaint {
        complaint::read(status, headers, body)
    }

    async fn mend(&self, complaint: &Complaint, dressed: &Dressed<bool>) -> bool {
        match &self.access {
            Some(access) if dressed.with && complaint.kind.cure() == Cure::Refresh => {
                access.forget().await;
                true
            }
            _ => false,
        }
    }

    fn answered(&self, headers: &HeaderMap) {
        if let Some(date) = header(headers, "date").and_then(http_date) {
            // A date is cut to whole seconds; half of one is the best guess of what was cut off.
            let ahead = date.as_millisecond() + 500 - (self.options.clock)().as_millisecond();
            self.ahead.store(ahead, Ordering::Relaxed);
        }
    }

    fn bucket(&self) -> &str {
        &self.container
    }

    fn target(&self, key: Option<&str>) -> String {
        match key {
            Some(name) => self.shown(name),
            None => format!("az://{}/{}", self.account.name(), self.container),
        }
    }

    fn permission(&self, deed: Deed) -> String {
        let (what, role) = match deed {
            Deed::Head | Deed::Get => ("reading from", "Reader"),
            Deed::Tags => ("reading tags of", "Owner"),
            Deed::List | Deed::ListParts | Deed::ListUploads => ("listing", "Reader"),
            Deed::Delete => ("deleting from", "Contributor"),
            _ => ("writing to", "Contributor"),
        };
        format!("{what} container `{}` (the role \"Storage Blob Data {role}\")", self.container)
    }

    fn words(&self) -> Words {
        Words {
            bucket: "container",
            renew: "az login",
            restore: "az storage blob set-tier --tier Hot",
            protocol: "Azure Blob Storage",
        }
    }
}

impl Az {
    /// The second by the server's clock.
    pub(super) fn now(&self) -> i64 {
        ((self.options.clock)().as_millisecond() + self.ahead.load(Ordering::Relaxed)).div_euclid(1000)
    }

    /// The encoded URL of a blob or of the container itself, without a query.
    pub(super) fn url(&self, name: Option<&str>) -> String {
        let container = format!("{}/{}", self.account.endpoint(), encode::path(&self.container));
        match name {
            Some(name) => format!("{container}/{}", encode::path(name)),
            None => container,
        }
    }

    /// A blob, as people write it.
    pub(super) fn shown(&self, name: &str) -> String {
        format!("az://{}/{}/{name}", self.account.name(), self.container)
    }

    /// Whether a copy from there can be asked for here: the same account, which the same credentials open. A wanted encryption scope
    /// cannot be said with a copy.
    pub(super) fn reaches(&self, there: &Self) -> bool {
        let scoped = matches!(self.options.encryption, Some(Encryption::Key(_)));
        self.account.endpoint() == there.account.endpoint()
            && !scoped
            && !self.no_copies.load(Ordering::Relaxed)
    }

    async fn authorize(
        &self,
        request: &Request,
        url: &str,
        headers: &[Field<'_>],
    ) -> Result<Authorized, Fault> {
        let Some(access) = &self.access else {
            let source = "nobody (unsigned requests)".to_owned();
            return Ok(Authorized { headers: Vec::new(), query: None, source });
        };
        let length = request.body.bytes().len().to_string();
        let mut signed: Vec<_> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        if request.method == Method::PUT || request.method == Method::POST {
            signed.push(("content-length", &length));
        }
        access.authorize(&Unsigned { method: request.method.as_str(), url, headers: &signed }).await
    }

    /// What the request says, what every request says, and what the person wants of everything that is written.
    fn headers<'a>(&'a self, request: &'a Request) -> Vec<Field<'a>> {
        let own = request.headers.iter().map(|(name, value)| (Cow::Borrowed(&**name), value.into()));
        let mut all: Vec<Field<'a>> = own.collect();
        let date = (self.options.clock)().to_zoned(TimeZone::UTC);
        let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        all.extend([("x-ms-version".into(), VERSION.into()), ("x-ms-date".into(), date.into())]);
        let (tiered, scoped) = match request.deed {
            Deed::Put | Deed::Complete => (true, true),
            Deed::PutPart | Deed::Describe => (false, true),
            Deed::Copy => (true, false),
            _ => (false, false),
        };
        if let (true, Some(tier)) = (tiered, &self.options.storage_class) {
            all.push(("x-ms-access-tier".into(), tier.into()));
        }
        if let (true, Some(Encryption::Key(scope))) = (scoped, &self.options.encryption) {
            all.push(("x-ms-encryption-scope".into(), scope.into()));
        }
        all
    }

    /// The fields as they go over the wire. One that cannot is a fault: leaving it away would lose it without a word.
    fn written(
        &self,
        request: &Request,
        headers: &[Field<'_>],
        authorized: &Authorized,
    ) -> Result<HeaderMap, Fault> {
        let secret = authorized.headers.iter().map(|(name, value)| (*name, value.expose(), true));
        let plain = headers.iter().map(|(name, value)| (&**name, &**value, name == COPY_SOURCE));
        let mut map = HeaderMap::new();
        for (name, value, sensitive) in plain.chain(secret) {
            let (Ok(field), Ok(mut value), true) =
                (name.parse::<HeaderName>(), value.parse::<HeaderValue>(), value.is_ascii())
            else {
                let target = self.target(request.key.as_deref());
                let what = format!("`{name}` of `{target}` has a character that Azure does not keep");
                return Err(Fault::new(Class::BadInput, what)
                    .help("metadata beside a blob can be of ASCII characters only"));
            };
            value.set_sensitive(sensitive);
            map.insert(field, value);
        }
        Ok(map)
    }
}

/// A URL with more of a query.
fn joined(url: &str, query: &str) -> String {
    let mark = if url.contains('?') { '&' } else { '?' };
    format!("{url}{mark}{query}")
}

/// What Azure keeps as a name; saying so by name is better than a server's refusal halfway through a job, and safer than a blob of another name.
pub(super) fn check_key(client: &Client, name: &str) -> Result<(), Fault> {
    if name.split('/').any(|part| matches!(part, "." | "..")) {
        let target = client.server.shown(name);
        let what = format!("`{target}` has a part `.` or `..`, which Azure takes for another folder");
        return Err(Fault::new(Class::BadInput, what).help("rename it, or leave it out with `--exclude`"));
    }
    if name.contains('\\') {
        let target = client.server.shown(name);
        let what = format!("`{target}` contains a backslash, which Azure replaces with a slash");
        return Err(Fault::new(Class::BadInput, what).help("rename it, or leave it out with `--exclude`"));
    }
    let length = name.chars().count();
    if length <= MAX_NAME {
        return Ok(());
    }
    let target = client.server.shown(name);
    let what = format!("`{target}` has a name of {length} characters; Azure keeps at most {MAX_NAME}");
    Err(Fault::new(Class::BadInput, what).help("shorten the names of the folders"))
}
