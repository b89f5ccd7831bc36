use adt_model::{Class, Fault};
use adt_net::{connect, encode, reqwest::Url};

/// A service's base address. It holds no credentials, so it can be shown.
#[derive(Clone, Debug)]
pub(crate) struct Address(Url);

impl Address {
    /// An http or https address, with a base path or without. No scheme is guessed: a token or a subject's id would go
    /// wherever the guess leads.
    pub(crate) fn parse(service: &str, text: &str) -> Result<Self, Fault> {
        let text = text.trim();
        let refused = |why: &str| {
            // What holds credentials is never shown.
            let shown = if text.contains('@') { String::new() } else { format!(" `{text}`") };
            Fault::new(Class::BadInput, format!("{service}'s address{shown} {why}"))
        };
        let help = |fault: Fault| fault.help("write `https://host` or `http://host`, as a browser has it");
        let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        match scheme.as_deref() {
            Some("http" | "https") => {}
            Some(_) => return Err(help(refused("is not one of the web"))),
            None if text.is_empty() => return Err(help(refused("is empty"))),
            None => return Err(help(refused("does not begin with `http://` or `https://`"))),
        }
        let mut url = Url::parse(text).map_err(|error| help(refused("cannot be read").because(error)))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused("holds a user name or a password; it may not"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(help(refused("holds a `?` or a `#`; it may not")));
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }

    /// The address of a path below the base; the segments are encoded here. `None` where a segment cannot be one.
    pub(crate) fn at(&self, segments: &[&str], query: Option<&str>) -> Option<Url> {
        let mut path = self.0.path().trim_end_matches('/').to_owned();
        for segment in segments {
            // A URL has no other way to write these two, and they would lead elsewhere.
            if matches!(*segment, "" | "." | "..") {
                return None;
            }
            path.push('/');
            path.push_str(&encode::query(segment));
        }
        let mut url = self.0.clone();
        url.set_path(&path);
        url.set_query(query);
        Some(url)
    }

    pub(crate) fn shown(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    pub(crate) fn is_loopback(&self) -> bool {
        self.0.host_str().is_some_and(connect::is_loopback)
    }
}

/// Where a redirect leads, if it may be followed: the same server, or the same host's https. Nobody else is told what was
/// asked or is shown a token, and a login page of another host is no answer.
pub(super) fn onward(from: &Url, to: &str) -> Option<Url> {
    let url = from.join(to).ok()?;
    let plain = url.username().is_empty() && url.password().is_none();
    let stays = url.scheme() == from.scheme() && url.port_or_known_default() == from.port_or_known_default();
    let safe = stays || (from.scheme() == "http" && url.scheme() == "https");
    (plain && safe && url.host_str() == from.host_str()).then_some(url)
}

/// A foreign address without what may be secret in it.
pub(super) fn bare(from: &Url, to: &str) -> String {
    let Ok(url) = from.join(to) else { return "an address that cannot be read".to_owned() };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    super::one_line(&format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("https://meta.lab.org", "https://meta.lab.org/subject/1%2F2?pickle=False")]
    #[case(" http://meta:8080// ", "http://meta:8080/subject/1%2F2?pickle=False")]
    #[case("HTTPS://Meta/a%20b/api/", "https://meta/a%20b/api/subject/1%2F2?pickle=False")]
    fn a_base_path_and_slashes_are_fine(#[case] text: &str, #[case] asked: &str) {
        let address = Address::parse("the metadata service", text).unwrap();
        assert_eq!(address.at(&["subject", "1/2"], Some("pickle=False")).unwrap().as_str(), asked);
        assert_eq!(asked.strip_prefix(address.shown()), Some("/subject/1%2F2?pickle=False"));
    }

    #[rstest]
    #[case("", "is empty")]
    #[case("meta.lab.org", "`meta.lab.org` does not begin with")]
    #[case("meta:8080", "does not begin with")]
    #[case("ftp://meta", "not one of the web")]
    #[case("http://", "cannot be read")]
    #[case("https://meta/?a=b", "holds a `?`")]
    #[case("https://meta/#x", "holds a `?` or a `#`")]
    #[case("https://user:canary@meta", "holds a user name")]
    #[case("https://canary@meta", "holds a user name")]
    #[case("user:canary@meta", "does not begin with")]
    #[case("https://u:canary@:::", "cannot be read")]
    fn what_is_no_address_is_refused_without_showing_credentials(#[case] text: &str, #[case] why: &str) {
        let fault = Address::parse("the metadata service", text).unwrap_err();
        assert_eq!(fault.class(), Class::BadInput);
        assert!(fault.line().contains(why) && !fault.line().contains("canary"), "{fault:?}");
    }

    #[rstest]
    #[case("")]
    #[case(".")]
    #[case("..")]
    fn a_segment_that_would_lead_elsewhere_is_none(#[case] segment: &str) {
        let address = Address::parse("the metadata service", "http://meta").unwrap();
        assert_eq!(address.at(&["subject", segment], None), None);
    }

    #[rstest]
    #[case("http://a/x", "/x/", Some("http://a/x/"))]
    #[case("http://a/x", "https://a/x", Some("https://a/x"))]
    #[case("http://a:8080/x", "https://a:8443/x", Some("https://a:8443/x"))]
    #[case("https://a/x", "https://a:443/y", Some("https://a/y"))]
    #[case("http://a:8080/x", "http://a:9090/x", None)]
    #[case("https://a/x", "http://a/x", None)]
    #[case("https://a/x", "https://login.org/?from=x", None)]
    #[case("https://a/x", "https://u:p@a/x", None)]
    #[case("https://a/x", "ftp://a/x", None)]
    fn redirects_stay_with_the_host(#[case] from: &str, #[case] to: &str, #[case] onto: Option<&str>) {
        let from = Url::parse(from).unwrap();
        assert_eq!(onward(&from, to).as_ref().map(Url::as_str), onto);
    }

    #[test]
    fn a_foreign_address_is_shown_without_its_secrets() {
        let from = Url::parse("https://a/x").unwrap();
        assert_eq!(
            bare(&from, "https://u:canary@login.org:81/in?token=canary#canary"),
            "https://login.org:81/in"
        );
    }
}
