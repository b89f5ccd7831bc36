use adt_model::{Class, Fault};
use bytes::Bytes;

use super::{
    read::{corrupt, head, read_back},
    resource::{Resource, crc32c_to_wire},
    session::{Progress, is_over},
    upload::{GoogleUpload, Line},
};
use crate::{
    PartReceipt, Proof, Receipt,
    exchange::Trouble,
    upload::{Fate, whole},
};

/// How often the last bytes are sent when the server takes none of them.
const SENDS: u32 = 3;

impl GoogleUpload {
    pub(crate) async fn complete(&self, parts: &[PartReceipt]) -> Result<Receipt, Fault> {
        let (size, crc64) = whole(parts);
        if parts.is_empty() || !parts.is_sorted_by(|a, b| a.number < b.number) {
            let what = format!("the parts of `{}` are not in the order of their numbers", self.target());
            return Err(Fault::new(Class::Bug, what));
        }
        let crc32c = whole_crc32c(parts);
        let mut line = self.line.lock().await;
        let resource = match self.finish(&mut line, size, crc32c).await {
            Ok(resource) => resource,
            // The answer to an earlier try may have been lost after the server had done it; then the object shows it.
            Err(trouble) if is_over(&trouble) => match self.look().await? {
                Some(resource) if is_right(&resource, size, crc32c) != Some(false) => resource,
                _ => {
                    self.fate.is(Fate::Gone);
                    return Err(trouble.fault);
                }
            },
            Err(trouble) => {
                if refuses_for_good(&trouble) {
                    // Resumed, it would be refused again.
                    self.fate.is(Fate::Refused);
                    let _ = self.session.cancel(&self.client).await;
                }
                return Err(trouble.fault);
            }
        };
        let (client, full) = (&self.client, &self.session.full);
        let proof = match is_right(&resource, size, crc32c) {
            Some(true) => Proof::Checksum,
            None if !client.may_look() => Proof::Accepted,
            None if read_back(client, full, size, resource.generation()).await? == crc64 => Proof::ReadBack,
            _ => return Err(corrupt(client, full)),
        };
        Ok(Receipt { size, crc64, etag: resource.generation(), proof })
    }

    async fn look(&self) -> Result<Option<Resource>, Fault> {
        if self.client.may_look() { head(&self.client, &self.session.full).await } else { Ok(None) }
    }

    /// Sends what was held back and says that it is the end.
    async fn finish(&self, line: &mut Line, size: u64, crc32c: Option<u32>) -> Result<Resource, Trouble> {
        self.settle(line).await?;
        if line.taken() != size {
            let why = format!("{} bytes have come, and its parts have {size}", line.taken());
            return Err(self.wrong(Class::Bug, &why).into());
        }
        // The server refuses the whole where it is another, before anybody sees it.
        let hash = crc32c.map(|crc| format!("crc32c={}", crc32c_to_wire(crc)));
        for _ in 0..SENDS {
            let tail = Bytes::clone(&line.tail);
            let sent = self.session.send(&self.client, line.persisted, tail, Some((size, hash.clone())));
            let sent = sent.await;
            self.heed(&sent);
            match sent? {
                Progress::Whole(resource) => return Ok(*resource),
                Progress::Persisted(bytes) => match line.advance(bytes) {
                    Some(0) => {}
                    Some(_) => {
                        let why = "the session holds what was never sent to it";
                        return Err(self.wrong(Class::Conflict, why).into());
                    }
                    None => return Err(self.lost().into()),
                },
            }
        }
        Err(self.wrong(Class::Transient, "the server does not complete it").into())
    }
}

/// Whether a session's end was refused in a way that another attempt with the same session would not change. Credentials can be
/// renewed, and what is busy or broken can pass.
fn refuses_for_good(trouble: &Trouble) -> bool {
    trouble.fault.class() == Class::Corrupt
        || (matches!(trouble.status(), 400..500) && !matches!(trouble.status(), 401 | 408 | 429))
}

/// Whether an object is what the parts make; `None` where the server says nothing of its checksum, or a part has none.
fn is_right(resource: &Resource, size: u64, crc32c: Option<u32>) -> Option<bool> {
    if resource.size() != Some(size) {
        return Some(false);
    }
    Some(resource.crc32c()? == crc32c?)
}

/// The checksum of the whole, from the marks of the parts; `None` when one of them is not ours.
fn whole_crc32c(parts: &[PartReceipt]) -> Option<u32> {
    parts.iter().try_fold(0, |crc, part| {
        let next = u32::from_str_radix(&part.etag, 16).ok().filter(|_| part.etag.len() == 8)?;
        Some(adt_codec::crc32c_combine(crc, next, part.size))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use adt_model::Crc64;
    use rstest::rstest;

    fn part(number: u32, bytes: &[u8]) -> PartReceipt {
        let etag = format!("{:08x}", adt_codec::crc32c(bytes));
        PartReceipt { number, size: bytes.len() as u64, crc64: Crc64::EMPTY, etag }
    }

    #[test]
    fn parts_make_the_checksum_of_the_whole() {
        let parts = [part(1, b"12345"), part(2, b""), part(3, b"6789")];
        assert_eq!(whole_crc32c(&parts), Some(0xe306_9283));
    }

    #[rstest]
    fn other_marks_make_none(#[values("", "8d777f385d3dfec8815d20f7496026dc", "not hex!", "1")] etag: &str) {
        let other = PartReceipt { etag: etag.to_owned(), ..part(2, b"x") };
        assert_eq!(whole_crc32c(&[part(1, b"12345"), other]), None);
    }
}
