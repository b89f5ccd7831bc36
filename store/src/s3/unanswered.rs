//! Multipart uploads that a server may have begun although its answer was lost. Their ids are not known, so they can only be found in the
//! server's list of unfinished uploads, where those of other programs are listed as well.
//!
//! An upload is taken for one of ours only if all of this holds:
//!
//! - it is for exactly this key, and it is not the upload that was answered in the end;
//! - the server began it while one of our requests was without an answer;
//! - it has no part when our own upload has ended: we never sent one, while another program would by now;
//! - there are not more such uploads than lost answers.
//!
//! What cannot be decided is left where it is, and named.

use adt_model::Fault;
use jiff::{SignedDuration, Timestamp};

use super::multipart::BucketUpload;
use crate::{Held, ObjectMeta, Unfinished, exchange::Server as _};

/// How far the server's clock may be from what its answers say: their dates are whole seconds.
const SLACK: SignedDuration = SignedDuration::from_secs(2);

impl BucketUpload {
    /// Looks for what lost answers to the beginning have left behind, once. What is perhaps left comes back as a note.
    pub(crate) async fn settle(&self) -> Option<String> {
        let lost = self.lost.take();
        if lost.is_empty() {
            return None;
        }
        let target = self.bucket.client.server.target(Some(&self.full));
        match self.abort_unanswered(&lost).await {
            Ok(true) => None,
            Ok(false) => Some(left_behind(&target, "another program may have begun it")),
            Err(fault) => Some(left_behind(&target, &fault.line())),
        }
    }

    /// False where it cannot be decided whose uploads there are.
    async fn abort_unanswered(&self, lost: &[(Timestamp, Timestamp)]) -> Result<bool, Fault> {
        let ahead = self.bucket.client.server.ahead();
        let of_ours = |since: Timestamp| {
            lost.iter().any(|(from, until)| (*from + ahead - SLACK..=*until + ahead + SLACK).contains(&since))
        };
        let mut found = Vec::new();
        for other in self.bucket.unfinished_at(&self.full).await? {
            if other.key != self.key || other.upload_id == self.id {
                continue;
            }
            match other.since {
                None => return Ok(false),
                Some(since) if of_ours(since) && !self.has_parts(&other).await? => found.push(other),
                Some(_) => {}
            }
        }
        if found.len() > lost.len() {
            return Ok(false);
        }
        for unanswered in found {
            self.bucket.abort(&unanswered).await?;
        }
        Ok(true)
    }

    async fn has_parts(&self, other: &Unfinished) -> Result<bool, Fault> {
        let resumed = self.bucket.resume(&self.key, &other.upload_id, &ObjectMeta::default()).await?;
        Ok(resumed.is_some_and(|(_, held)| held != Held::Parts(Vec::new())))
    }
}

/// Names an upload that is perhaps left at a server.
pub(super) fn left_behind(target: &str, why: &str) -> String {
    format!(
        "an unfinished upload of `{target}` may be left behind, because the answer to its beginning was lost ({why}); `adt clean` finds and aborts it"
    )
}
