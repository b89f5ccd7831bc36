//! A server's refusals, and a network's, as faults that say what a person can do.

use adt_model::{Class, Fault};
use adt_net::{Said, connect, reqwest};

use super::{
    complaint::{Complaint, Kind},
    request::Deed,
};

/// The fault for downloaded bytes that do not match what the server states for them.
pub(crate) fn damaged(target: &str) -> Fault {
    let what =
        format!("the bytes of `{target}` do not match the size or checksum that the server states for them");
    Fault::new(Class::Corrupt, what).help(
        "run the same command again; if it happens again, the object or the connection to it is damaged",
    )
}

/// A request that has failed for good: the fault for people, the complaint for the code that sent it.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) complaint: Option<Complaint>,
    pub(crate) fault: Fault,
}

impl Trouble {
    pub(crate) fn kind(&self) -> Option<Kind> {
        self.complaint.as_ref().map(|c| c.kind)
    }

    pub(crate) fn status(&self) -> u16 {
        self.complaint.as_ref().map_or(0, |c| c.status)
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self { complaint: None, fault }
    }
}

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Self {
        trouble.fault
    }
}

/// What a cloud calls things, in help for people.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    /// `bucket`, or `container`.
    pub(crate) bucket: &'static str,
    /// A command that gets new credentials.
    pub(crate) renew: &'static str,
    /// A command that brings an object back from an archive; empty where there is none.
    pub(crate) restore: &'static str,
    /// The protocol that its servers speak.
    pub(crate) protocol: &'static str,
}

impl Words {
    /// What to do about an answer that is not what was asked for.
    pub(crate) fn check_endpoint(&self) -> String {
        format!(
            "check that the endpoint speaks {}, and that no proxy or login page answers in its place",
            self.protocol
        )
    }
}

/// What a fault's text needs to know about the request.
pub(crate) struct Scene<'a> {
    pub(crate) deed: Deed,
    /// `s3://bucket/key`.
    pub(crate) target: String,
    pub(crate) bucket: &'a str,
    /// The cloud's own words.
    pub(crate) words: Words,
    /// What must be allowed for this deed: `` `s3:PutObject` on bucket `data` ``.
    pub(crate) permission: String,
    /// The server, for people.
    pub(crate) server: &'a str,
    /// Where the credentials came from.
    pub(crate) identity: &'a str,
    /// Our clock, for people.
    pub(crate) now: String,
    /// `3 tries in 181 s`; empty for a refusal that was not tried again.
    pub(crate) tries: String,
    /// The person can do without looking at this place.
    pub(crate) avoidable: bool,
}

impl Scene<'_> {
    fn what(&self) -> String {
        let tries = if self.tries.is_empty() { String::new() } else { format!(" ({})", self.tries) };
        format!("cannot {} `{}`{tries}", self.deed.words(), self.target)
    }

    /// The fault for a refusal.
    pub(crate) fn refused(&self, complaint: &Complaint) -> Fault {
        let (class, help) = self.judge(complaint);
        let fault = Fault::new(class, self.what()).because(Said(self.said(complaint)));
        match help {
            Some(help) => fault.help(help),
            None => fault,
        }
    }

    fn said(&self, complaint: &Complaint) -> String {
        match (complaint.kind, &complaint.server_time) {
            (Kind::Skewed, Some(time)) => {
                format!("{} (here it is {}, there {time})", complaint.shown(), self.now)
            }
            _ => match &complaint.request_id {
                // It helps those who run the server to find out more.
                Some(id) if complaint.status >= 500 || complaint.code.is_empty() => {
                    format!("{} (request {id})", complaint.shown())
                }
                _ => complaint.shown(),
            },
        }
    }

    fn judge(&self, complaint: &Complaint) -> (Class, Option<String>) {
        let Self { bucket, identity, server, words, .. } = self;
        let Words { bucket: kind_of_bucket, renew, restore, .. } = words;
        match complaint.kind {
            Kind::NoBucket => (
                Class::Missing,
                Some(format!(
                    "check the name of {kind_of_bucket} `{bucket}`, or create it first; asked {server}"
                )),
            ),
            Kind::NoObject | Kind::NoUpload => (Class::Missing, None),
            Kind::Denied => (Class::Refused, Some(self.permission())),
            Kind::UnknownIdentity => (
                Class::Refused,
                Some(format!(
                    "the access key from {identity} is not known to {server}; check it, or AWS_PROFILE"
                )),
            ),
            Kind::WrongSecret => (
                Class::Refused,
                Some(format!(
                    "the secret from {identity} is not accepted by {server}: check that it was copied whole, and that it belongs to this account or access key"
                )),
            ),
            Kind::Expired if complaint.code.is_empty() => {
                (Class::Refused, Some(format!("the credentials from {identity} may have expired")))
            }
            Kind::Expired => (
                Class::Refused,
                Some(format!(
                    "the credentials from {identity} have expired; get new ones (such as `{renew}`), then run the same command again"
                )),
            ),
            Kind::Skewed => (Class::Refused, Some("set this machine's clock".into())),
            Kind::Elsewhere => (
                Class::Refused,
                Some(match &complaint.region {
                    Some(region) => format!("the bucket is in region {region}: set AWS_REGION={region}"),
                    None => "set AWS_REGION to the bucket's region".into(),
                }),
            ),
            Kind::TooLarge => {
                (Class::Refused, Some("the server takes no object or part of this size".into()))
            }
            Kind::TooManyBlocks => (
                Class::Refused,
                Some("unfinished uploads of this object have left too many blocks: remove them with `adt clean`, then run the same command again".into()),
            ),
            Kind::BadBucketName => {
                (Class::BadInput, Some(format!("`{bucket}` is not a {kind_of_bucket}'s name there")))
            }
            Kind::LongKey => (Class::BadInput, Some("shorten the names of the folders".into())),
            Kind::Full => {
                (Class::Refused, Some("free some space there, then run the same command again".into()))
            }
            Kind::Archived => (
                Class::Refused,
                Some(match *restore {
                    "" => "archived: restore it first, then run the same command again".to_owned(),
                    command => format!(
                        "archived: restore it first (with `{command}`; this can take hours), then run the same command again"
                    ),
                }),
            ),
            Kind::Condition => (Class::Conflict, None),
            Kind::SlowDown
            | Kind::Passing
            | Kind::Damaged
            | Kind::Features
            | Kind::WantsMd5
            | Kind::Other => (class_by_status(complaint.status), None),
        }
    }

    fn permission(&self) -> String {
        let needed =
            format!("{} must be allowed for the credentials from {}", self.permission, self.identity);
        if self.avoidable && self.deed.looks() {
            return format!("{needed}; with credentials that may only write, use `--no-list`");
        }
        needed
    }

    /// The fault for a connection that could not be had, or broke.
    pub(crate) fn unreachable(&self, error: reqwest::Error) -> Fault {
        connect::unreachable(self.what(), self.server, error)
    }

    /// The fault for an answer that did not come in time.
    pub(crate) fn late(&self, seconds: u64) -> Fault {
        let said = Said(format!("no answer from {} within {seconds} s", self.server));
        Fault::new(Class::Transient, self.what()).because(said)
    }

    /// The fault for an answer with more bytes than were asked for, or than such an answer can have.
    pub(crate) fn long(&self, most: u64, asked: bool) -> Fault {
        if asked {
            let said = format!("{} sends more than the {most} bytes that were asked for", self.server);
            return Fault::new(Class::Corrupt, self.what()).because(Said(said));
        }
        let said = format!("the answer of {} has more than {} MiB", self.server, most >> 20);
        Fault::new(Class::Refused, self.what()).because(Said(said)).help(self.words.check_endpoint())
    }

    /// The fault for bytes that do not arrive as they are sent.
    pub(crate) fn damaged(&self, times: u32) -> Fault {
        let said = Said(format!("{} found another checksum than was sent, {times} times", self.server));
        Fault::new(Class::Corrupt, self.what()).because(said)
    }
}

fn class_by_status(status: u16) -> Class {
    match status {
        404 => Class::Missing,
        408 | 429 | 500 | 502..=504 => Class::Transient,
        412 => Class::Conflict,
        _ => Class::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn scene() -> Scene<'static> {
        Scene {
            deed: Deed::Put,
            target: "s3://data/a".into(),
            bucket: "data",
            words: Words {
                bucket: "bucket",
                renew: "aws sso login",
                restore: "aws s3api restore-object",
                protocol: "S3",
            },
            permission: "`s3:PutObject` on bucket `data`".into(),
            server: "https://s3.example",
            identity: "profile `lab`",
            now: "2026-01-01T00:00:00Z".into(),
            tries: String::new(),
            avoidable: false,
        }
    }

    #[rstest]
    #[case::a_listing(Deed::List, true, true)]
    #[case::a_look(Deed::Head, true, true)]
    #[case::of_a_source(Deed::List, false, false)]
    #[case::a_write(Deed::Put, true, false)]
    fn a_look_that_can_be_avoided_says_so(#[case] deed: Deed, #[case] avoidable: bool, #[case] said: bool) {
        let complaint = Complaint { kind: Kind::Denied, status: 403, ..Complaint::default() };
        let fault = Scene { deed, avoidable, ..scene() }.refused(&complaint);
        assert_eq!(fault.advice().unwrap_or_default().contains("use `--no-list`"), said);
    }

    #[rstest]
    #[case(Kind::NoBucket, 404, Class::Missing, "bucket `data`")]
    #[case(Kind::NoObject, 404, Class::Missing, "")]
    #[case(
        Kind::Denied,
        403,
        Class::Refused,
        "`s3:PutObject` on bucket `data` must be allowed for the credentials from profile `lab`"
    )]
    #[case(Kind::UnknownIdentity, 403, Class::Refused, "profile `lab`")]
    #[case(Kind::WrongSecret, 403, Class::Refused, "profile `lab`")]
    #[case(Kind::Expired, 400, Class::Refused, "get new ones")]
    #[case(Kind::Skewed, 403, Class::Refused, "clock")]
    #[case(Kind::Elsewhere, 301, Class::Refused, "AWS_REGION")]
    #[case(Kind::TooLarge, 400, Class::Refused, "size")]
    #[case(Kind::TooManyBlocks, 409, Class::Refused, "adt clean")]
    #[case(Kind::BadBucketName, 400, Class::BadInput, "`data`")]
    #[case(Kind::Archived, 409, Class::Refused, "archived: restore it first")]
    #[case(Kind::SlowDown, 503, Class::Transient, "")]
    #[case(Kind::Denied, 403, Class::Refused, "s3:PutObject")]
    #[case(Kind::Passing, 500, Class::Transient, "")]
    #[case(Kind::Other, 409, Class::Refused, "")]
    fn refusals(#[case] kind: Kind, #[case] status: u16, #[case] class: Class, #[case] help: &str) {
        let complaint = Complaint { kind, code: "Word".into(), status, ..Complaint::default() };
        let fault = scene().refused(&complaint);
        assert_eq!(fault.class(), class);
        assert!(fault.advice().unwrap_or_default().contains(help), "{:?}", fault.advice());
        assert!(fault.line().starts_with("cannot put `s3://data/a`: "), "{}", fault.line());
    }

    #[test]
    fn clocks_that_differ_are_both_shown() {
        let complaint = Complaint {
            kind: Kind::Skewed,
            server_time: Some("2027-01-01T00:00:00Z".into()),
            ..Complaint::default()
        };
        let line = scene().refused(&complaint).line();
        assert!(line.contains("2026-01-01T00:00:00Z") && line.contains("2027-01-01T00:00:00Z"), "{line}");
    }

    #[rstest]
    #[case(true, Class::Corrupt, "more than the 33554432 bytes that were asked for")]
    #[case(false, Class::Refused, "more than 32 MiB")]
    fn an_answer_that_is_too_long_is_named(#[case] asked: bool, #[case] class: Class, #[case] words: &str) {
        let fault = scene().long(32 << 20, asked);
        assert!(fault.class() == class && fault.line().contains(words), "{fault:?}");
    }

    #[test]
    fn how_often_it_was_tried_is_said() {
        let scene = Scene { tries: "9 tries in 180 s".into(), ..scene() };
        assert_eq!(
            scene.late(30).line(),
            "cannot put `s3://data/a` (9 tries in 180 s): no answer from https://s3.example within 30 s"
        );
    }
}
