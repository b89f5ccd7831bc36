//! An object store that lies: it keeps objects in memory, answers like S3, Google Cloud Storage or Azure Blob, and answers wrongly
//! wherever a [`Lie`] says so.
//!
//! A lie is data: which requests (operation, key, which occurrence) get which wrong answer. The server's own objects are the truth
//! that a test compares with ([`LyingServer::objects`]).
//!
//! ```
//! use adt_testkit::lies::{Answer, Cloud, Lie, LyingServer, Op, When};
//!
//! let login = Lie::new("login page", &[Op::List]).when(When::Only(2)).answers(Answer::Instead(|_| {
//!     adt_testkit::lies::Reply::new(200, "text/html", "<html><body>Please log in</body></html>")
//! }));
//! let server = LyingServer::start(Cloud::S3, [login]).unwrap();
//! server.put("x/a", "bytes");
//! ```

mod asked;
mod azure;
pub mod catalog;
mod google;
mod lie;
mod reply;
mod s3;
mod serve;
mod state;

pub use asked::{Asked, Op};
pub use lie::{Answer, Lie, When};
pub use reply::{Flow, Length, Reply};
pub use serve::{Cloud, LyingServer};
pub use state::{Object, Page, Sums};

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    /// The status and the body of an answer.
    fn ask(server: &LyingServer, method: &str, target: &str, body: &str) -> (u16, String) {
        let address = server.url().replace("http://", "");
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let length = body.len();
        let text = format!(
            "{method} {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        // A connection that breaks is an answer too.
        let _broken = stream.read_to_string(&mut answer);
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
    }

    const LISTING: &str = "/lab?list-type=2&prefix=x%2F";

    #[test]
    fn a_server_without_lies_keeps_what_it_is_given_and_pages_its_listing() {
        let server = LyingServer::start(Cloud::S3, []).unwrap();
        server.page_size(2);
        for key in ["x/a", "x/b", "x/c"] {
            assert_eq!(ask(&server, "PUT", &format!("/lab/{key}"), "bytes").0, 200);
        }
        let (status, page) = ask(&server, "GET", LISTING, "");
        assert_eq!((status, page.matches("<Key>").count()), (200, 2));
        assert!(page.contains("<IsTruncated>true</IsTruncated>"), "{page}");
        assert_eq!(ask(&server, "GET", "/lab/x/b", ""), (200, "bytes".to_owned()));
        assert_eq!(ask(&server, "DELETE", "/lab/x/b", "").0, 204);
        assert_eq!(ask(&server, "GET", "/lab/x/b", "").0, 404);
        assert_eq!(server.objects().into_keys().collect::<Vec<_>>(), ["x/a", "x/c"]);
    }

    #[test]
    fn a_lie_is_told_to_the_requests_it_names_and_to_no_other() {
        let lie = Lie::new("page", &[Op::List]).when(When::Only(2));
        let lie = lie.answers(Answer::Instead(|_| Reply::new(200, "text/html", "<html>")));
        let server = LyingServer::start(Cloud::S3, [lie]).unwrap();
        let pages: Vec<_> = (0..3).map(|_| ask(&server, "GET", LISTING, "").1.contains("<html>")).collect();
        assert_eq!((pages, server.told()), (vec![false, true, false], 1));
    }

    #[test]
    fn what_a_lie_loses_is_acknowledged_and_not_there() {
        let lost = catalog::s3().into_iter().find(|lie| lie.name == "acknowledged and dropped");
        let server = LyingServer::start(Cloud::S3, lost).unwrap();
        assert_eq!(ask(&server, "PUT", "/lab/x/a", "bytes").0, 200);
        assert!(server.objects().is_empty());
        assert_eq!(ask(&server, "GET", "/lab/x/a", "").0, 404);
    }
}
