//! What is Google's own about a request: its paths, its token, who pays for it.

use std::sync::Arc;

use adt_model::{Class, Fault};
use adt_net::{
    encode,
    google::{Token, Tokens, endpoint},
};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::complaint;
use crate::{
    Encryption, StoreOptions,
    exchange::{Complaint, Cure, Deed, Dressed, Exchange, Request, Server, Words, connections},
    part_size::MAX_KEY,
};

/// A bucket's server.
pub(crate) type Client = Exchange<Google>;

/// Google Cloud Storage, or an emulator of it, with a bucket there.
pub(crate) struct Google {
    pub(super) bucket: String,
    /// Scheme and host, without a slash at the end.
    pub(super) base: String,
    /// Not the real one: it may lack what is not used every day.
    pub(super) emulated: bool,
    tokens: Tokens,
    options: StoreOptions,
}

pub(super) fn open(bucket: &str, options: &StoreOptions) -> Result<Client, Fault> {
    let environment = &options.environment;
    let (base, emulated) = endpoint(environment)?;
    // Without an emulator the tokens come from services that need TLS too.
    let http = connections(options, !emulated || base.starts_with("https"))?;
    let tokens = Tokens::new(environment.clone(), http.clone(), Arc::clone(&options.clock));
    let server = Google { bucket: bucket.to_owned(), base, emulated, tokens, options: options.clone() };
    Ok(Exchange::new(server, http, options))
}

impl Server for Google {
    type With = Option<Arc<Token>>;

    async fn dress(&self, request: &Request) -> Result<Dressed<Self::With>, Fault> {
        // A session's address is all that is needed to write to it, also after a token's end.
        let session = request.at.as_ref().filter(|_| request.deed != Deed::Copy);
        let token = match session {
            None if !self.options.anonymous => self.tokens.get().await?,
            _ => None,
        };
        let url = match session {
            Some(url) => url.expose().to_owned(),
            None => self.url(request, token.as_deref())?,
        };
        let identity = match (&token, session) {
            (Some(token), _) => token.source.clone(),
            (None, Some(_)) => "the upload's own session".to_owned(),
            (None, None) => "nobody (unsigned requests)".to_owned(),
        };
        let headers = headers(request, token.as_deref());
        Ok(Dressed { url, headers, server: self.base.clone(), identity, with: token })
    }

    fn complaint(&self, status: StatusCode, _headers: &HeaderMap, body: &[u8]) -> Complaint {
        complaint::read(status, body)
    }

    async fn mend(&self, complaint: &Complaint, dressed: &Dressed<Self::With>) -> bool {
        match (complaint.kind.cure(), &dressed.with) {
            (Cure::Refresh, Some(token)) => {
                self.tokens.forget(token).await;
                true
            }
            _ => false,
        }
    }

    fn bucket(&self) -> &str {
        &self.bucket
    }

    fn target(&self, key: Option<&str>) -> String {
        match key {
            Some(key) => format!("gs://{}/{key}", self.bucket),
            None => format!("gs://{}", self.bucket),
        }
    }

    fn permission(&self, deed: Deed) -> String {
        let name = match deed {
            Deed::Head | Deed::Get => "storage.objects.get",
            Deed::Delete => "storage.objects.delete",
            Deed::List | Deed::ListUploads => "storage.objects.list",
            // One that is there already has to be deleted for it.
            _ => "storage.objects.create` and, to replace one, `storage.objects.delete",
        };
        format!("`{name}` on bucket `{}`", self.bucket)
    }

    fn words(&self) -> Words {
        Words {
            bucket: "bucket",
            renew: "gcloud auth application-default login",
            restore: "",
            protocol: "the JSON API of Google Cloud Storage",
        }
    }
}

impl Google {
    fn url(&self, request: &Request, token: Option<&Token>) -> Result<String, Fault> {
        let mut url = match (&request.at, &request.key) {
            // A copy names two objects.
            (Some(at), _) => at.expose().to_owned(),
            (None, Some(_)) if matches!(request.deed, Deed::Put | Deed::Begin) => {
                format!("{}/upload/storage/v1/b/{}/o", self.base, encode::query(&self.bucket))
            }
            (None, Some(name)) => self.object(name),
            (None, None) => format!("{}/storage/v1/b/{}/o", self.base, encode::query(&self.bucket)),
        };
        let mut request = request.clone();
        if self.options.requester_pays {
            request = request.query("userProject", self.payer(token)?);
        }
        if let Some(Encryption::Key(name)) = &self.options.encryption {
            match request.deed {
                Deed::Put | Deed::Begin => request = request.query("kmsKeyName", name),
                Deed::Copy => request = request.query("destinationKmsKeyName", name),
                _ => {}
            }
        }
        let query = request.encoded_query();
        if !query.is_empty() {
            url.push('?');
            url.push_str(&query);
        }
        Ok(url)
    }

    /// The address of an object; the slashes of its name are encoded like everything else.
    pub(super) fn object(&self, name: &str) -> String {
        format!("{}/storage/v1/{}", self.base, self.path(name))
    }

    /// An object inside of an address.
    pub(super) fn path(&self, name: &str) -> String {
        format!("b/{}/o/{}", encode::query(&self.bucket), encode::query(name))
    }

    pub(super) fn storage_class(&self) -> Option<&str> {
        self.options.storage_class.as_deref()
    }

    /// The project that pays where the asking side does.
    fn payer(&self, token: Option<&Token>) -> Result<String, Fault> {
        let quota = token.and_then(|token| token.quota_project.as_deref());
        let named = ["GOOGLE_CLOUD_QUOTA_PROJECT", "GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"];
        let mut named = named.iter().filter_map(|name| self.options.environment.var(name));
        quota.or_else(|| named.next()).map(str::to_owned).ok_or_else(|| {
            let what = format!(
                "the requests to bucket `{}` are to be paid by a project, and none is known",
                self.bucket
            );
            Fault::new(Class::Missing, what).help("set GOOGLE_CLOUD_PROJECT to the project that pays")
        })
    }
}

fn headers(request: &Request, token: Option<&Token>) -> HeaderMap {
    let mut headers: HeaderMap = request
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.parse::<http::HeaderName>().ok()?, value.parse().ok()?)))
        .collect();
    let Some(token) = token else { return headers };
    // A token that is no header's text is left out; the server says that it misses one.
    if let Ok(mut bearer) = HeaderValue::from_str(&format!("Bearer {}", token.bearer.expose())) {
        bearer.set_sensitive(true);
        headers.insert(http::header::AUTHORIZATION, bearer);
    }
    if let Some(Ok(project)) = token.quota_project.as_deref().map(HeaderValue::from_str) {
        headers.insert("x-goog-user-project", project);
    }
    headers
}

/// What Google takes as a name; saying so by name is better than a refusal halfway through a job.
///
/// Source: "Object names" in Google Cloud's documentation.
pub(super) fn check_name(bucket: &str, name: &str) -> Result<(), Fault> {
    if name.len() > MAX_KEY {
        let what = format!(
            "`gs://{bucket}/{name}` has a name of {} bytes; Google Cloud Storage keeps at most {MAX_KEY}",
            name.len()
        );
        return Err(Fault::new(Class::BadInput, what).help("shorten the names of the folders"));
    }
    if matches!(name, "." | "..") {
        let what = format!("`gs://{bucket}/{name}` is not a name that Google Cloud Storage keeps");
        return Err(Fault::new(Class::BadInput, what).help("choose another name"));
    }
    if name.contains(['\r', '\n']) {
        let what = format!("`gs://{bucket}/{}` has a line end in its name", name.escape_default());
        return Err(Fault::new(Class::BadInput, what).help("Google Cloud Storage keeps none; rename it"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use adt_net::Environment;
    use http::Method;
    use jiff::Timestamp;
    use rstest::rstest;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    #[rstest]
    #[case::longest("x".repeat(1024), None)]
    #[case::too_long("x".repeat(1025), Some("1025 bytes"))]
    #[case::bytes_count("ü".repeat(513), Some("1026 bytes"))]
    #[case::line_end("a\nb".to_owned(), Some("a\\nb"))]
    fn names_are_checked(#[case] name: String, #[case] why: Option<&str>) {
        match (check_name("lab", &name), why) {
            (Ok(()), None) => {}
            (Err(fault), Some(why)) => assert!(fault.line().contains(why), "{fault:?}"),
            (checked, why) => panic!("{checked:?} for {why:?}"),
        }
    }

    /// Gives out tokens `t1`, `t2` and so on, and lets those in who have a token that is not `bad`; says who came with what.
    async fn gate(bad: &'static [&'static str]) -> (String, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let list = Arc::clone(&seen);
        tokio::spawn(async move {
            let mut given = 0;
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut buffer = vec![0; 64 << 10];
                let length = stream.read(&mut buffer).await.unwrap();
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                let (status, body) = if text.starts_with("POST /token") {
                    given += 1;
                    (
                        200,
                        format!(
                            r#"{{"access_token": "t{given}", "expires_in": 3600, "token_type": "Bearer"}}"#
                        ),
                    )
                } else {
                    let bearer = text.lines().find_map(|line| line.strip_prefix("authorization: Bearer "));
                    let bearer = bearer.unwrap_or("none").to_owned();
                    list.lock().unwrap().push(bearer.clone());
                    (if bad.contains(&bearer.as_str()) { 401 } else { 200 }, String::new())
                };
                let answer = format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        (base, seen)
    }

    /// A person's sign-in, for a server that is no emulator to the client.
    async fn client(bad: &'static [&'static str]) -> (Client, Arc<Mutex<Vec<String>>>, tempfile::TempDir) {
        let (base, seen) = gate(bad).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key.json");
        let person = serde_json::json!({"type": "authorized_user", "client_id": "c", "client_secret": "s",
            "refresh_token": "r", "token_uri": format!("{base}/token")});
        fs_err::write(&file, person.to_string()).unwrap();
        let named = ("GOOGLE_APPLICATION_CREDENTIALS".to_owned(), file.to_str().unwrap().to_owned());
        let environment = Environment { vars: [named].into(), home: None };
        let options = StoreOptions::new(environment.clone(), Arc::new(Timestamp::now));
        let http = connections(&options, false).unwrap();
        let tokens = Tokens::new(environment, http.clone(), Arc::clone(&options.clock));
        let server =
            Google { bucket: "lab".to_owned(), base, emulated: false, tokens, options: options.clone() };
        (Exchange::new(server, http, &options), seen, folder)
    }

    #[rstest]
    #[case::good(&[], &["t1"], true)]
    #[case::refused_once(&["t1"], &["t1", "t2"], true)]
    #[case::refused_twice(&["t1", "t2"], &["t1", "t2"], false)]
    #[tokio::test]
    async fn a_token_that_is_refused_is_had_anew_once(
        #[case] bad: &'static [&'static str],
        #[case] shown: &[&str],
        #[case] well: bool,
    ) {
        let (client, seen, _folder) = client(bad).await;
        let sent = client.send(&Request::new(Deed::Get, Method::GET, Some("a".to_owned()))).await;
        assert_eq!(
            (sent.is_ok(), &seen.lock().unwrap()[..]),
            (well, &shown.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()[..])
        );
        if let Err(trouble) = sent {
            let advice = trouble.fault.advice().unwrap_or_default().to_owned();
            assert!(
                advice.contains("key.json") && !format!("{:?}{advice}", trouble.fault).contains("t2"),
                "{advice}"
            );
        }
    }

    #[tokio::test]
    async fn a_session_is_written_to_without_a_token() {
        let (client, seen, _folder) = client(&[]).await;
        let url = adt_model::Secret::new(format!("{}/s?upload_id=canary", client.server.base));
        client.send(&Request::new(Deed::PutPart, Method::PUT, Some("a".to_owned())).at(&url)).await.unwrap();
        assert_eq!(*seen.lock().unwrap(), ["none"]);
    }
}
