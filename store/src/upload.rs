use std::sync::atomic::{AtomicU8, Ordering};

use adt_model::Fault;
use bytes::Bytes;

use crate::{
    Block, PartReceipt, Proof, Receipt, az::ContainerUpload, checksum::crc64_combine, gs::GoogleUpload,
    local::FolderUpload, s3::BucketUpload,
};

/// An object that is being written in parts. Dropping it leaves the parts where they are, so that a later run can go on.
#[derive(Debug)]
pub struct Upload {
    pub(crate) work: Work,
}

#[derive(Debug)]
pub(crate) enum Work {
    Folder(FolderUpload),
    S3(BucketUpload),
    Az(ContainerUpload),
    Gs(GoogleUpload),
    Rehearsed,
}

impl From<FolderUpload> for Work {
    fn from(upload: FolderUpload) -> Self {
        Self::Folder(upload)
    }
}

impl From<BucketUpload> for Work {
    fn from(upload: BucketUpload) -> Self {
        Self::S3(upload)
    }
}

impl From<ContainerUpload> for Work {
    fn from(upload: ContainerUpload) -> Self {
        Self::Az(upload)
    }
}

impl From<GoogleUpload> for Work {
    fn from(upload: GoogleUpload) -> Self {
        Self::Gs(upload)
    }
}

impl Upload {
    /// The place's name for this upload, for the ledger and for [`Place::resume`](crate::Place::resume).
    pub fn id(&self) -> &str {
        match &self.work {
            Work::Folder(upload) => upload.id(),
            Work::S3(upload) => upload.id(),
            Work::Az(upload) => upload.id(),
            Work::Gs(upload) => upload.id(),
            Work::Rehearsed => "rehearsed",
        }
    }

    /// Writes part `number` (from 1), whose first byte is byte `offset` of the object. Many may be under way at once;
    /// writing a number again replaces that part.
    pub async fn put_part(&self, number: u32, offset: u64, block: Block) -> Result<PartReceipt, Fault> {
        match &self.work {
            Work::Folder(upload) => upload.put_part(number, offset, block).await,
            Work::S3(upload) => upload.put_part(number, block).await,
            Work::Az(upload) => upload.put_part(number, block).await,
            Work::Gs(upload) => upload.put_part(number, offset, block).await,
            Work::Rehearsed => {
                let size = block.bytes.len() as u64;
                Ok(PartReceipt { number, size, crc64: block.crc64, etag: String::new() })
            }
        }
    }

    /// Whether the place holds `part` of an earlier run, whose first byte is byte `offset`; asked for after [`Held::Unknown`](crate::Held).
    pub async fn holds(&self, part: &PartReceipt, offset: u64) -> Result<bool, Fault> {
        match &self.work {
            Work::Folder(upload) => upload.holds(part, offset).await,
            _ => Ok(false),
        }
    }

    /// The bytes of a part of an earlier run that [`holds`](Self::holds) has found, where they can be read again without a transfer.
    pub async fn kept(&self, offset: u64, size: u64) -> Result<Option<Bytes>, Fault> {
        match &self.work {
            Work::Folder(upload) => upload.kept(offset, size).await.map(Some),
            _ => Ok(None),
        }
    }

    /// Whether it can still become an object, once a part or the completion has failed.
    pub fn fate(&self) -> Fate {
        match &self.work {
            Work::S3(upload) => upload.fate.get(),
            Work::Az(upload) => upload.fate.get(),
            Work::Gs(upload) => upload.fate.get(),
            Work::Folder(_) | Work::Rehearsed => Fate::Open,
        }
    }

    /// Makes the object visible and proves it. `parts` are all its parts in the order of their numbers.
    ///
    /// A completion whose answer was lost is recognised: when the upload is gone and the object is there and right, it
    /// has succeeded.
    pub async fn complete(&self, parts: &[PartReceipt]) -> Result<Receipt, Fault> {
        match &self.work {
            Work::Folder(upload) => upload.complete(parts).await,
            Work::S3(upload) => upload.complete(parts).await,
            Work::Az(upload) => upload.complete(parts).await,
            Work::Gs(upload) => upload.complete(parts).await,
            Work::Rehearsed => {
                let (size, crc64) = whole(parts);
                Ok(Receipt { size, crc64, etag: None, proof: Proof::Rehearsed })
            }
        }
    }

    /// Looks for what lost answers to its beginning may have left at a server, once nothing of it is in flight any more. What cannot be
    /// decided comes back as a note.
    pub async fn settle(&self) -> Option<String> {
        match &self.work {
            Work::S3(upload) => upload.settle().await,
            _ => None,
        }
    }

    /// Throws the parts away. The upload cannot be used after this.
    pub async fn abort(&self) -> Result<(), Fault> {
        match &self.work {
            Work::Folder(upload) => upload.abort().await,
            Work::S3(upload) => upload.abort().await,
            Work::Az(upload) => upload.abort().await,
            Work::Gs(upload) => upload.abort().await,
            Work::Rehearsed => Ok(()),
        }
    }
}

/// What can become of an upload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// It can be resumed.
    #[default]
    Open,
    /// The place does not know it any more: its parts have to be sent again, in another one.
    Gone,
    /// The place has refused to make an object of it, and would do so again.
    Refused,
}

/// A [`Fate`] that is found out while parts are under way.
#[derive(Debug, Default)]
pub(crate) struct Fated(AtomicU8);

impl Fated {
    pub(crate) fn is(&self, fate: Fate) {
        self.0.store(fate as u8, Ordering::Relaxed);
    }

    fn get(&self) -> Fate {
        match self.0.load(Ordering::Relaxed) {
            1 => Fate::Gone,
            2 => Fate::Refused,
            _ => Fate::Open,
        }
    }
}

/// Size and checksum of the object that the parts make.
pub(crate) fn whole(parts: &[PartReceipt]) -> (u64, adt_model::Crc64) {
    parts.iter().fold((0, adt_model::Crc64::EMPTY), |(size, crc), part| {
        (size + part.size, crc64_combine(crc, part.crc64, part.size))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::crc64;

    #[test]
    fn a_fate_is_kept() {
        let fated = Fated::default();
        for fate in [Fate::Open, Fate::Gone, Fate::Refused] {
            fated.is(fate);
            assert_eq!(fated.get(), fate);
        }
    }

    #[test]
    fn parts_make_the_checksum_of_the_whole() {
        let part = |number, bytes: &[u8]| PartReceipt {
            number,
            size: bytes.len() as u64,
            crc64: crc64(bytes),
            etag: String::new(),
        };
        let parts = [part(1, b"12345"), part(2, b""), part(3, b"6789")];
        assert_eq!(whole(&parts), (9, crc64(b"123456789")));
        assert_eq!(whole(&[]), (0, crc64(b"")));
    }
}
