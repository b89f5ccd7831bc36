//! Parts in any order, put into the one order that a session takes them in.

use std::{fmt, sync::Arc};

use adt_model::{Class, Fault};
use bytes::{Buf, Bytes, BytesMut};
use http::Method;
use tokio::sync::{Mutex, watch};

use super::{
    GoogleBucket,
    server::Client,
    session::{Progress, STEP, Session, is_over},
};
use crate::{
    Block, PartReceipt,
    exchange::{Deed, Request, Trouble},
    upload::{Fate, Fated},
};

/// What was held back goes together with so much of the next part; the rest of a part need not be copied.
const JOINED: u64 = 16 << 20;
/// How often the same bytes are sent when the server takes none of them.
const SENDS: u32 = 3;

/// A resumable session. Parts wait for their turn; what the session cannot take yet is held back in memory.
pub(crate) struct GoogleUpload {
    pub(super) client: Arc<Client>,
    pub(super) session: Session,
    pub(super) line: Mutex<Line>,
    pub(crate) fate: Fated,
    turn: watch::Sender<Turn>,
}

/// How far the object has come.
#[derive(Debug)]
pub(super) struct Line {
    /// What the server has for good.
    pub(super) persisted: u64,
    /// What follows, and is held back here: between one byte and [`STEP`], once anything has come.
    pub(super) tail: Bytes,
    /// A request was under way when its sender was stopped; the server has to be asked what has come of it.
    doubtful: bool,
}

/// Who may go on.
#[derive(Debug)]
struct Turn {
    taken: u64,
    failures: u64,
    why: Option<Fault>,
}

impl GoogleUpload {
    pub(super) fn new(bucket: &GoogleBucket, session: Session, persisted: u64) -> Self {
        let line = Mutex::new(Line { persisted, tail: Bytes::new(), doubtful: false });
        let (turn, _) = watch::channel(Turn { taken: persisted, failures: 0, why: None });
        Self { client: Arc::clone(&bucket.client), session, line, fate: Fated::default(), turn }
    }

    /// The session's address; for the ledger, not for people.
    pub(crate) fn id(&self) -> &str {
        self.session.url.expose()
    }

    /// The mark of a part is its CRC-32C: that of the whole follows from them, also from those of an earlier run.
    pub(crate) async fn put_part(
        &self,
        number: u32,
        offset: u64,
        block: Block,
    ) -> Result<PartReceipt, Fault> {
        let (size, crc32c) = (block.bytes.len() as u64, adt_codec::crc32c(&block.bytes));
        self.wait(offset).await?;
        let mut line = self.line.lock().await;
        let appended = self.append(&mut line, offset, &block.bytes).await;
        self.turn.send_modify(|turn| {
            turn.taken = line.taken();
            if let Err(fault) = &appended {
                turn.failures += 1;
                turn.why = Some(fault.clone());
            }
        });
        appended?;
        Ok(PartReceipt { number, size, crc64: block.crc64, etag: format!("{crc32c:08x}") })
    }

    pub(crate) async fn abort(&self) -> Result<(), Fault> {
        self.session.cancel(&self.client).await
    }

    /// Waits until everything before `offset` has come. When a part fails, those behind it would wait for ever, and fail with it.
    async fn wait(&self, offset: u64) -> Result<(), Fault> {
        let mut turn = self.turn.subscribe();
        let failures = turn.borrow().failures;
        let now = turn
            .wait_for(|turn| turn.taken >= offset || turn.failures != failures)
            .await
            .map_err(|_| self.wrong(Class::Bug, "the upload ended while a part waited"))?;
        match &now.why {
            Some(fault) if now.taken < offset => Err(fault.clone()),
            _ => Ok(()),
        }
    }

    /// Sends what can be sent and holds the rest back. What the session has already is not sent again.
    async fn append(&self, line: &mut Line, offset: u64, bytes: &Bytes) -> Result<(), Fault> {
        self.settle(line).await?;
        let taken = line.taken();
        let end = offset + bytes.len() as u64;
        if end <= taken {
            return Ok(());
        }
        let mut rest = bytes.slice((taken - offset) as usize..);
        let mut idle = 0;
        while let length @ 1.. = sendable(line.tail.len() as u64 + rest.len() as u64) {
            let chunk = chunk(&line.tail, &rest, length);
            let most = line.persisted + chunk.len() as u64;
            line.doubtful = true;
            let progress = self.session.send(&self.client, line.persisted, chunk, None).await;
            self.heed(&progress);
            let persisted = match progress? {
                Progress::Persisted(bytes) if bytes <= most => bytes,
                _ => return Err(self.wrong(Class::Conflict, "the session holds what was never sent to it")),
            };
            idle = if persisted == line.persisted { idle + 1 } else { 0 };
            let beyond = line.advance(persisted);
            line.doubtful = false;
            match beyond {
                Some(beyond) if idle < SENDS => rest.advance(beyond as usize),
                Some(_) => return Err(self.wrong(Class::Transient, "the server takes no bytes")),
                None => return Err(self.lost()),
            }
        }
        // A slice would keep all of the part in memory.
        line.tail = Bytes::from([&line.tail[..], &rest[..]].concat());
        Ok(())
    }

    /// Makes sure of what the server has, when a sender was stopped or failed halfway.
    pub(super) async fn settle(&self, line: &mut Line) -> Result<(), Trouble> {
        if !line.doubtful {
            return Ok(());
        }
        let status = self.session.status(&self.client).await;
        self.heed(&status);
        if let Progress::Persisted(bytes) = status? {
            line.advance(bytes).ok_or_else(|| self.lost())?;
        }
        line.doubtful = false;
        Ok(())
    }

    /// Takes note of a session that is over.
    pub(super) fn heed(&self, answered: &Result<Progress, Trouble>) {
        if answered.as_ref().is_err_and(is_over) {
            self.fate.is(Fate::Gone);
        }
    }

    pub(super) fn lost(&self) -> Fault {
        // What the server had is gone, with this session.
        self.fate.is(Fate::Gone);
        self.wrong(Class::Transient, "the server has lost bytes that it had")
    }

    pub(super) fn wrong(&self, class: Class, why: &str) -> Fault {
        let target = self.target();
        Fault::new(class, format!("cannot go on with the upload of `{target}`: {why}"))
            .help("run the same command again")
    }

    pub(super) fn target(&self) -> String {
        self.client.target(&Request::new(Deed::PutPart, Method::PUT, Some(self.session.full.clone())))
    }
}

impl Line {
    /// The bytes that need not be handed in any more.
    pub(super) fn taken(&self) -> u64 {
        self.persisted + self.tail.len() as u64
    }

    /// Goes on to what the server has by now; how much of it is beyond the tail. `None` when it has less than before.
    pub(super) fn advance(&mut self, persisted: u64) -> Option<u64> {
        let more = persisted.checked_sub(self.persisted)?;
        let of_tail = more.min(self.tail.len() as u64);
        self.tail.advance(of_tail as usize);
        self.persisted = persisted;
        Some(more - of_tail)
    }
}

/// Shows no address.
impl fmt::Debug for GoogleUpload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GoogleUpload").field("session", &self.session).finish_non_exhaustive()
    }
}

/// How many of the bytes at hand can be sent before the end is known: whole steps, and never all of them, so that the last request has
/// some to complete the object with.
fn sendable(length: u64) -> u64 {
    length.saturating_sub(1) / STEP * STEP
}

/// The next bytes: those that were held back come first.
fn chunk(tail: &Bytes, rest: &Bytes, length: u64) -> Bytes {
    if tail.is_empty() {
        return rest.slice(..length as usize);
    }
    let length = length.min(JOINED) as usize;
    let mut joined = BytesMut::with_capacity(length);
    joined.extend_from_slice(&tail[..tail.len().min(length)]);
    joined.extend_from_slice(&rest[..length - joined.len()]);
    joined.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::nothing(0, 0)]
    #[case::one_byte(1, 0)]
    #[case::less_than_a_step(STEP - 1, 0)]
    #[case::one_step_is_held_back(STEP, 0)]
    #[case::one_more(STEP + 1, STEP)]
    #[case::two_steps(2 * STEP, STEP)]
    #[case::a_part_of_the_usual_size(8 << 20, (8 << 20) - STEP)]
    #[case::with_its_tail((8 << 20) + STEP, 8 << 20)]
    fn what_is_sent_leaves_between_one_byte_and_a_step(#[case] length: u64, #[case] sent: u64) {
        assert_eq!(sendable(length), sent);
        assert!(length == 0 || (1..=STEP).contains(&(length - sent)));
    }

    #[rstest]
    #[case::nothing_more(10, Some(0), (10, "tail"))]
    #[case::some_of_the_tail(12, Some(0), (12, "il"))]
    #[case::all_of_it(14, Some(0), (14, ""))]
    #[case::and_beyond(20, Some(6), (20, ""))]
    #[case::less_than_before(9, None, (10, "tail"))]
    fn a_line_goes_on(#[case] persisted: u64, #[case] beyond: Option<u64>, #[case] then: (u64, &str)) {
        let mut line = Line { persisted: 10, tail: Bytes::from_static(b"tail"), doubtful: false };
        assert_eq!(line.advance(persisted), beyond);
        assert_eq!((line.persisted, &line.tail[..]), (then.0, then.1.as_bytes()));
    }

    #[test]
    fn what_was_held_back_comes_first() {
        let (tail, rest) = (Bytes::from_static(b"ab"), Bytes::from_static(b"cdef"));
        assert_eq!(chunk(&tail, &rest, 4), "abcd");
        assert_eq!(chunk(&tail, &rest, 1), "a");
        assert_eq!(chunk(&Bytes::new(), &rest, 3), "cde");
    }
}
