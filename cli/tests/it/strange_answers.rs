//! Answers that are not what was asked for, as a person meets them: nothing is called done, and nothing is removed.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use fs_err as fs;
use rstest::rstest;

use crate::desk::{Desk, Said};

const FILES: usize = 60;
const PAGE: usize = 10;
const HTML: &str = "<!DOCTYPE html><html><body>please log in</body></html>";
const ERROR: &str = "<Error><Code>InternalError</Code><Message>we broke</Message></Error>";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cloud {
    S3,
    Google,
    Azure,
}

/// What a server answers to its listings, by their number.
type Lie = Arc<dyn Fn(usize) -> Option<Answer> + Send + Sync>;

#[derive(Clone)]
enum Answer {
    Say(String),
    /// A status, and a body without end.
    Endless(u16),
}

/// A bucket of 60 objects `x/f000` and so on, each of three bytes.
struct Bucket {
    cloud: Cloud,
    endpoint: String,
}

impl Bucket {
    /// `lie` is asked for each listing; with `everywhere` for every request.
    fn start(cloud: Cloud, everywhere: bool, lie: Lie) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let count = Arc::new(AtomicUsize::new(0));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (lie, count) = (Arc::clone(&lie), Arc::clone(&count));
                // The program goes away whenever it likes.
                std::thread::spawn(move || drop(serve(stream, cloud, everywhere, &lie, &count)));
            }
        });
        Self { cloud, endpoint }
    }

    fn location(&self) -> &'static str {
        match self.cloud {
            Cloud::S3 => "s3://b/x",
            Cloud::Google => "gs://b/x",
            Cloud::Azure => "az://acc/b/x",
        }
    }

    fn command(&self, desk: &Desk, args: &[&str]) -> Command {
        let mut command = desk.adt(args);
        command.env("ADT_RETRY_TIME", "2s");
        match self.cloud {
            Cloud::S3 => command.env("AWS_ENDPOINT_URL_S3", &self.endpoint),
            Cloud::Google => command.env("STORAGE_EMULATOR_HOST", &self.endpoint),
            Cloud::Azure => {
                let text = format!(
                    "DefaultEndpointsProtocol=http;AccountName=acc;AccountKey=a2V5;BlobEndpoint={}/acc;",
                    self.endpoint
                );
                command.env("AZURE_STORAGE_CONNECTION_STRING", text)
            }
        };
        command
    }
}

fn serve(
    mut stream: TcpStream,
    cloud: Cloud,
    everywhere: bool,
    lie: &Lie,
    count: &AtomicUsize,
) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.windows(4).any(|run| run == b"\r\n\r\n") {
        let mut piece = [0; 4096];
        match stream.read(&mut piece)? {
            0 => return Ok(()),
            read => request.extend_from_slice(&piece[..read]),
        }
    }
    let text = String::from_utf8_lossy(&request).replace("%2F", "/");
    let mut words = text.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let listing =
        ["list-type=2", "comp=list", "maxResults", "uploads"].iter().any(|word| query.contains(word));
    let lied = if everywhere || listing { lie(count.fetch_add(1, Ordering::Relaxed)) } else { None };
    match lied {
        Some(Answer::Say(body)) => answer(&mut stream, 200, "", &body),
        Some(Answer::Endless(status)) => endless(&mut stream, status),
        None if listing => answer(&mut stream, 200, "", &page(cloud, query)),
        None => object(&mut stream, cloud, method, path, &text),
    }
}

fn answer(stream: &mut TcpStream, status: u16, headers: &str, body: &str) -> std::io::Result<()> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n");
    stream.write_all(format!("{head}{body}").as_bytes())
}

fn endless(stream: &mut TcpStream, status: u16) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 {status} X\r\netag: \"e\"\r\ntransfer-encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(b"12\r\n<ListBucketResult>\r\n")?;
    let piece = "<Contents><Key>x/aaaa</Key></Contents>".repeat(10_000);
    let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
    loop {
        stream.write_all(chunk.as_bytes())?;
    }
}

/// The page that a query asks for; tokens are numbers of pages.
fn page(cloud: Cloud, query: &str) -> String {
    let value = |name: &str| query.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
    if query.contains("delimiter") {
        return wrapped(cloud, "", None);
    }
    let token = value("continuation-token").or_else(|| value("pageToken")).or_else(|| value("marker"));
    let number: usize =
        token.and_then(|token| token.trim_start_matches('t').parse().ok()).unwrap_or_default();
    let names = (number * PAGE..((number + 1) * PAGE).min(FILES)).map(|n| format!("x/f{n:03}"));
    let items: Vec<String> = names
        .map(|name| match cloud {
            Cloud::S3 => format!("<Contents><Key>{name}</Key><Size>3</Size><ETag>\"{}\"</ETag></Contents>", &name[2..]),
            Cloud::Google => format!(r#"{{"name": "{name}", "size": "3", "generation": "7"}}"#),
            Cloud::Azure => format!("<Blob><Name>{name}</Name><Properties><Content-Length>3</Content-Length><Etag>{}</Etag></Properties></Blob>", &name[2..]),
        })
        .collect();
    let more = ((number + 1) * PAGE < FILES).then(|| format!("t{}", number + 1));
    let separator = if cloud == Cloud::Google { "," } else { "" };
    wrapped(cloud, &items.join(separator), more.as_deref())
}

fn wrapped(cloud: Cloud, items: &str, more: Option<&str>) -> String {
    let token = more.unwrap_or_default();
    match cloud {
        Cloud::S3 => {
            let truncated = more.is_some();
            format!(
                "<ListBucketResult><IsTruncated>{truncated}</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>{items}</ListBucketResult>"
            )
        }
        Cloud::Google => {
            format!(r#"{{"kind": "storage#objects", "nextPageToken": "{token}", "items": [{items}]}}"#)
        }
        Cloud::Azure => format!(
            "<EnumerationResults><Blobs>{items}</Blobs><NextMarker>{token}</NextMarker></EnumerationResults>"
        ),
    }
}

fn object(
    stream: &mut TcpStream,
    cloud: Cloud,
    method: &str,
    path: &str,
    request: &str,
) -> std::io::Result<()> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let bytes = name.trim_start_matches('f');
    let etag = format!("etag: \"{name}\"\r\nlast-modified: Thu, 12 Oct 2023 08:32:18 GMT\r\n");
    let is_media = request.contains("alt=media");
    match method {
        _ if name.len() != 4 => answer(stream, 404, "", ""),
        "GET" if cloud == Cloud::Google && !is_media => {
            let body = format!(
                r#"{{"kind": "storage#object", "name": "x/{name}", "size": "3", "generation": "7"}}"#
            );
            answer(stream, 200, "", &body)
        }
        "GET" => answer(stream, 200, &etag, bytes),
        "HEAD" => {
            let head = format!("HTTP/1.1 200 X\r\nconnection: close\r\n{etag}content-length: 3\r\n\r\n");
            stream.write_all(head.as_bytes())
        }
        _ => answer(stream, 405, "", ""),
    }
}

/// A folder that holds what the bucket does, as an earlier run has left it.
fn folder(desk: &Desk) -> camino::Utf8PathBuf {
    let folder = desk.root.join("there");
    fs::create_dir_all(&folder).unwrap();
    for n in 0..FILES {
        fs::write(folder.join(format!("f{n:03}")), format!("{n:03}")).unwrap();
    }
    folder
}

fn count(folder: &camino::Utf8Path) -> usize {
    let files =
        fs::read_dir(folder).map(|all| all.flatten().filter(|e| e.file_type().unwrap().is_file()).count());
    files.unwrap_or_default()
}

/// Bodies that no listing of any cloud has.
const BODIES: [&str; 8] = [
    ERROR,
    HTML,
    "<Foo/>",
    "",
    "{}",
    "[]",
    r#"{"error": {"code": 500, "message": "backend"}}"#,
    "<EnumerationResults/>",
];

#[rstest]
fn a_bucket_that_is_well_is_copied(#[values(Cloud::S3, Cloud::Google, Cloud::Azure)] cloud: Cloud) {
    let desk = Desk::new();
    let bucket = Bucket::start(cloud, false, Arc::new(|_| None));
    let there = desk.root.join("new");
    Said::of(&mut bucket.command(&desk, &["copy", bucket.location(), there.as_str()])).ends(0);
    assert_eq!(count(&there), FILES);
    let args = ["sync", bucket.location(), there.as_str(), "--delete"];
    Said::of(&mut bucket.command(&desk, &args)).ends(0);
    assert_eq!(count(&there), FILES);
}

/// From its second answer on, a listing is answered with something else.
#[rstest]
fn a_listing_that_is_none_fails_and_nothing_is_removed(
    #[values(Cloud::S3, Cloud::Google, Cloud::Azure)] cloud: Cloud,
    #[values("copy", "sync", "verify", "ls")] verb: &str,
) {
    for body in BODIES {
        let desk = Desk::new();
        let there = if verb == "copy" { desk.root.join("new") } else { folder(&desk) };
        let lie: Lie = Arc::new(move |n| (n > 0).then(|| Answer::Say(body.to_owned())));
        let bucket = Bucket::start(cloud, false, lie);
        let args = match verb {
            "sync" => vec!["sync", bucket.location(), there.as_str(), "--delete"],
            "ls" => vec!["ls", bucket.location()],
            _ => vec![verb, bucket.location(), there.as_str()],
        };
        let said = Said::of(&mut bucket.command(&desk, &args));
        let all = format!("{}{}", said.stdout, said.stderr);
        assert!(all.contains("not what was asked for"), "{body}: {said:#?}");
        said.ends(1);
        assert_eq!(count(&there) == FILES, verb != "copy", "{body}");
    }
}

/// One answer is bad, whichever: what is removed is what really is superfluous, or nothing.
#[rstest]
fn one_bad_answer_anywhere_removes_nothing(#[values(Cloud::S3, Cloud::Google, Cloud::Azure)] cloud: Cloud) {
    for bad in 0..16 {
        let desk = Desk::new();
        let there = folder(&desk);
        fs::write(there.join("superfluous"), "e").unwrap();
        let lie: Lie = Arc::new(move |n| (n == bad).then(|| Answer::Say(ERROR.to_owned())));
        let bucket = Bucket::start(cloud, false, lie);
        let args = ["sync", bucket.location(), there.as_str(), "--delete"];
        let said = Said::of(&mut bucket.command(&desk, &args));
        let left = count(&there);
        assert!(left == FILES + 1 || (left == FILES && said.code == Some(0)), "{bad}: {left} {said:#?}");
        assert!(there.join("f059").exists());
    }
}

#[rstest]
fn unfinished_uploads_that_are_not_listed_are_not_counted_as_none(
    #[values(ERROR, HTML, "", "<ListMultipartUploadsResult/>")] body: &'static str,
) {
    let desk = Desk::new();
    let bucket = Bucket::start(Cloud::S3, false, Arc::new(move |_| Some(Answer::Say(body.to_owned()))));
    let said = Said::of(&mut bucket.command(&desk, &["clean", bucket.location()]));
    assert!(said.stderr.contains("not what was asked for"), "{said:#?}");
    assert_ne!(said.code, Some(0), "{said:#?}");
}

#[cfg(target_os = "linux")]
mod memory {
    use super::*;

    use std::process::Stdio;

    use crate::memory::high_water;

    /// The memory given, and what the program itself takes in a build for tests.
    const MOST: u64 = (96 + 96) << 20;

    fn peak(command: &mut Command) -> u64 {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut peak = 0;
        while child.try_wait().unwrap().is_none() {
            peak = peak.max(high_water(child.id()));
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert!(!child.wait().unwrap().success());
        peak
    }

    /// Bodies without end where some kilobytes are expected.
    #[rstest]
    #[case::listings(200, &["ls", "PLACE"])]
    #[case::listings_of_both_sides(200, &["sync", "PLACE", "PLACE2", "--delete"])]
    #[case::refusals(400, &["copy", "FOLDER", "PLACE"])]
    #[case::answers_to_puts(200, &["copy", "FOLDER", "PLACE"])]
    #[case::refused_listings(503, &["ls", "PLACE"])]
    fn stays_within_what_was_given(
        #[values(Cloud::S3, Cloud::Google, Cloud::Azure)] cloud: Cloud,
        #[case] status: u16,
        #[case] args: &[&str],
    ) {
        let desk = Desk::new();
        let bucket = Bucket::start(cloud, true, Arc::new(move |_| Some(Answer::Endless(status))));
        let (place, folder) = (bucket.location(), folder(&desk));
        let mut args: Vec<String> = args
            .iter()
            .map(|arg| arg.replace("PLACE2", &format!("{place}2")).replace("PLACE", place))
            .map(|arg| arg.replace("FOLDER", folder.as_str()))
            .collect();
        args.extend(["--memory".to_owned(), "96MiB".to_owned()]);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let peak = peak(&mut bucket.command(&desk, &args));
        assert!(peak < MOST, "{} MiB", peak >> 20);
    }

    /// An object is longer than its listing says, by 1.5 GB and more.
    #[rstest]
    fn stays_within_it_for_an_object(#[values(Cloud::S3, Cloud::Google, Cloud::Azure)] cloud: Cloud) {
        let desk = Desk::new();
        let pages = FILES / PAGE + 1;
        let lie: Lie = Arc::new(move |n| (n > pages).then_some(Answer::Endless(206)));
        let bucket = Bucket::start(cloud, true, lie);
        let out = desk.root.join("out");
        let args = ["copy", bucket.location(), out.as_str(), "--memory", "96MiB"];
        let peak = peak(&mut bucket.command(&desk, &args));
        assert!(peak < MOST, "{} MiB", peak >> 20);
    }
}
