//! What is S3's own about a request: its signature, its regions, its permissions.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use adt_model::{Class, Fault};
use adt_net::{
    aws::{self, Credentials, Keys, Profiles, Signable, Signer},
    encode,
    xml::Element,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use jiff::SignedDuration;

use super::{complaint, site::Site};
use crate::{
    Encryption, StoreOptions,
    exchange::{Body, Complaint, Cure, Deed, Dressed, Exchange, Request, Server, Words, connections, header},
    http_date::http_date,
};

const ENCRYPTION: &str = "x-amz-server-side-encryption";
const ENCRYPTION_KEY: &str = "x-amz-server-side-encryption-aws-kms-key-id";

/// A bucket's server.
pub(crate) type Client = Exchange<S3>;

/// A bucket's server: credentials, and what has been learned about it.
pub(crate) struct S3 {
    pub(super) bucket: String,
    site: RwLock<Site>,
    moved: AtomicBool,
    credentials: Credentials,
    signer: Signer,
    options: StoreOptions,
    /// The server refuses checksum headers; it gets none any more.
    pub(super) plain: AtomicBool,
    /// The bucket wants `Content-MD5` with everything that is written.
    pub(super) wants_md5: AtomicBool,
    /// The server makes no copies by itself.
    pub(super) no_copies: AtomicBool,
    /// Milliseconds by which the server's clock is ahead of ours.
    ahead: AtomicI64,
}

pub(super) fn open(bucket: &str, options: &StoreOptions) -> Result<Client, Fault> {
    let environment = &options.environment;
    let site = Site::choose(bucket, environment, &Profiles::load(environment))?;
    let http = connections(options, site.shown().starts_with("https"))?;
    let credentials = Credentials::new(environment.clone(), http.clone(), Arc::clone(&options.clock));
    let server = S3 {
        bucket: bucket.to_owned(),
        site: RwLock::new(site),
        moved: AtomicBool::new(false),
        credentials,
        signer: Signer::default(),
        options: options.clone(),
        plain: AtomicBool::new(false),
        wants_md5: AtomicBool::new(false),
        no_copies: AtomicBool::new(false),
        ahead: AtomicI64::new(0),
    };
    Ok(Exchange::new(server, http, options))
}

impl Server for S3 {
    type With = (Option<Arc<Keys>>, Site);

    async fn dress(&self, request: &Request) -> Result<Dressed<Self::With>, Fault> {
        let keys = if self.options.anonymous { None } else { Some(self.credentials.get().await?) };
        let site = self.site.read().unwrap_or_else(PoisonError::into_inner).clone();
        let url = self.url(request, &site);
        let headers = self.headers(request, &site, keys.as_deref(), &url).await;
        let identity =
            keys.as_ref().map_or_else(|| "nobody (unsigned requests)".to_owned(), |k| k.source.clone());
        let server = site.shown().to_owned();
        Ok(Dressed { url, headers, server, identity, with: (keys, site) })
    }

    fn complaint(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Complaint {
        complaint::read(status, headers, body)
    }

    /// A completed upload or a copy may be refused in the body of a 200.
    fn refuses_late(&self, request: &Request, body: &[u8]) -> bool {
        let copies = || request.headers.iter().any(|(name, _)| name == "x-amz-copy-source");
        let may = request.method == Method::POST || copies();
        may && Element::parse(body).is_ok_and(|root| root.name == "Error")
    }

    async fn mend(&self, complaint: &Complaint, dressed: &Dressed<Self::With>) -> bool {
        let (keys, site) = &dressed.with;
        match complaint.kind.cure() {
            Cure::Refresh => match keys.as_ref().filter(|keys| keys.token.is_some()) {
                Some(keys) => {
                    self.credentials.forget(keys).await;
                    true
                }
                None => false,
            },
            Cure::Move => self.follow(site, complaint.region.as_deref()),
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
        &self.bucket
    }

    fn target(&self, key: Option<&str>) -> String {
        match key {
            Some(key) => format!("s3://{}/{key}", self.bucket),
            None => format!("s3://{}", self.bucket),
        }
    }

    fn permission(&self, deed: Deed) -> String {
        let name = match deed {
            Deed::Put | Deed::PutPart | Deed::Begin | Deed::Complete | Deed::Copy | Deed::Describe => {
                "s3:PutObject"
            }
            Deed::Abort => "s3:AbortMultipartUpload",
            Deed::Head | Deed::Get => "s3:GetObject",
            Deed::Delete => "s3:DeleteObject",
            Deed::Tags => "s3:GetObjectTagging",
            Deed::List => "s3:ListBucket",
            Deed::ListParts => "s3:ListMultipartUploadParts",
            Deed::ListUploads => "s3:ListBucketMultipartUploads",
        };
        format!("`{name}` on bucket `{}`", self.bucket)
    }

    fn words(&self) -> Words {
        Words {
            bucket: "bucket",
            renew: "aws sso login",
            restore: "aws s3api restore-object",
            protocol: "S3",
        }
    }
}

impl S3 {
    /// By how much the server's clock is ahead of ours.
    pub(super) fn ahead(&self) -> SignedDuration {
        SignedDuration::from_millis(self.ahead.load(Ordering::Relaxed))
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

    async fn headers(&self, request: &Request, site: &Site, keys: Option<&Keys>, url: &str) -> HeaderMap {
        let mut all: Vec<(&str, &str)> =
            request.headers.iter().map(|(name, value)| (&**name, value.as_str())).collect();
        all.extend(self.wishes(request));
        let (payload, stamp, authorization);
        if let Some(keys) = keys {
            payload = self.payload(request, site).await;
            stamp = aws::amz_date((self.options.clock)());
            all.extend([("host", &*site.host), ("x-amz-content-sha256", &payload), ("x-amz-date", &stamp)]);
            if let Some(token) = &keys.token {
                all.push(("x-amz-security-token", token.expose()));
            }
            all.sort_unstable();
            let (path, query) = path_and_query(url);
            let path = &encode::signed_path(path);
            let method = request.method.as_str();
            let what = Signable { method, path, query, headers: &all, payload: &payload };
            let identity = (keys.access_key.as_str(), &keys.secret);
            authorization = self.signer.authorization(identity, (&site.region, "s3"), &stamp, &what);
            all.push(("authorization", &authorization));
        }
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

    /// What the person wants of every request, or of everything that is written.
    fn wishes(&self, request: &Request) -> Vec<(&'static str, &str)> {
        let mut wishes = Vec::new();
        if self.options.requester_pays {
            wishes.push(("x-amz-request-payer", "requester"));
        }
        if matches!(request.deed, Deed::Put | Deed::Begin | Deed::Copy) {
            wishes.extend(self.options.storage_class.as_deref().map(|class| ("x-amz-storage-class", class)));
            match &self.options.encryption {
                Some(Encryption::Service) => wishes.push((ENCRYPTION, "AES256")),
                Some(Encryption::Key(id)) => wishes.extend([(ENCRYPTION, "aws:kms"), (ENCRYPTION_KEY, id)]),
                None => {}
            }
        }
        wishes
    }

    /// Whether this is a directory bucket (S3 Express One Zone), which lists its objects in no order.
    pub(super) fn is_directory(&self) -> bool {
        self.bucket.ends_with("--x-s3")
    }

    /// Whether a copy from there can be asked for here: the same service, seen with the same credentials.
    pub(super) fn reaches(&self, there: &Self) -> bool {
        let site = |server: &Self| server.site.read().unwrap_or_else(PoisonError::into_inner).clone();
        let (here, there) = (site(self), site(there));
        match (here.custom, there.custom) {
            (false, false) => true,
            (true, true) => here.shown() == there.shown(),
            _ => false,
        }
    }

    async fn payload(&self, request: &Request, site: &Site) -> String {
        match &request.body {
            Body::None => aws::EMPTY_SHA256.to_owned(),
            Body::Data(_) if site.trusted && !self.options.sign_payload => aws::UNSIGNED.to_owned(),
            Body::Document(body) => aws::sha256_hex(body),
            Body::Data(body) => {
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
}

/// The encoded path and query of a URL, as they are signed.
fn path_and_query(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').map_or("/", |slash| &rest[slash..]);
    path.split_once('?').unwrap_or((path, ""))
}

/// A key in the bucket is at most so long; saying so by name is better than a server's refusal halfway through a job.
pub(super) fn check_key(bucket: &str, key: &str) -> Result<(), Fault> {
    if matches!(key, "." | "..") {
        let what = format!("`s3://{bucket}/{key}` cannot be asked for: no URL can have the path `{key}`");
        return Err(Fault::new(Class::BadInput, what).help("rename that object with another tool"));
    }
    let most = crate::part_size::MAX_KEY;
    if key.len() <= most {
        return Ok(());
    }
    let what = format!("`s3://{bucket}/{key}` has a key of {} bytes; S3 keeps at most {most}", key.len());
    Err(Fault::new(Class::BadInput, what).help("shorten the names of the folders"))
}
