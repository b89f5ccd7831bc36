//! The records of a zip file, byte for byte (APPNOTE 4.3).

use adt_model::VideoEncryption;
use jiff::tz::TimeZone;

use super::times::{dos, ntfs_extra, unix_extra};
use crate::folder::{Entry, EntryKind};

const LOCAL: u32 = 0x0403_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END64: u32 = 0x0606_4b50;
const LOCATOR64: u32 = 0x0706_4b50;
const END: u32 = 0x0605_4b50;

const ENCRYPTED: u16 = 1;
/// Names are UTF-8.
const UTF8: u16 = 1 << 11;
/// Checksum and sizes follow the content.
const DESCRIBED: u16 = 1 << 3;
/// Version that knows deflate, folders and the traditional cipher, the one that knows ZIP64, and the one that knows AES.
const PLAIN: u16 = 20;
const WITH_ZIP64: u16 = 45;
const WITH_AES: u16 = 51;
/// Stands for a method that is told in the AES extra field.
const AES_METHOD: u16 = 99;
/// Attributes are those of Unix.
const MADE_ON_UNIX: u16 = 3 << 8;
const MS_DOS_FOLDER: u32 = 0x10;
const UNIX_FILE: u32 = 0o100_000;
const UNIX_FOLDER: u32 = 0o040_000;

/// Stands for a number that is told in the ZIP64 extra field.
const ELSEWHERE: u32 = u32::MAX;

/// What is known of an entry when its header is written; the central directory says it again.
pub(super) struct Head {
    pub name: String,
    pub deflated: bool,
    /// What `packed` bytes are encrypted with.
    pub encryption: Option<VideoEncryption>,
    /// Sizes follow the content in a descriptor.
    pub described: bool,
    /// Sizes are written in 64 bits.
    pub large: bool,
    pub crc: u32,
    pub packed: u64,
    pub size: u64,
    /// DOS time and date.
    pub time: (u16, u16),
    unix_time: Vec<u8>,
    ntfs_time: Vec<u8>,
    attributes: u32,
}

impl Head {
    /// The head of an entry whose content is not yet known.
    pub(super) fn new(entry: &Entry, root: &str, zone: &TimeZone) -> Self {
        let slash = if entry.kind == EntryKind::EmptyFolder { "/" } else { "" };
        let root = if root.is_empty() { String::new() } else { format!("{root}/") };
        Self::named(format!("{root}{}{slash}", entry.key), entry, zone)
    }

    /// The same under another name than that of its place in the folder.
    pub(super) fn named(name: String, entry: &Entry, zone: &TimeZone) -> Self {
        let folder = entry.kind == EntryKind::EmptyFolder;
        let (kind, usual) = if folder { (UNIX_FOLDER, 0o755) } else { (UNIX_FILE, 0o644) };
        let mode = (kind | entry.mode.unwrap_or(usual) & 0o7777) << 16;
        Self {
            name,
            deflated: false,
            encryption: None,
            described: false,
            large: false,
            crc: 0,
            packed: 0,
            size: 0,
            time: dos(entry.modified, zone),
            unix_time: unix_extra(entry.modified),
            ntfs_time: ntfs_extra(entry.modified),
            attributes: mode | if folder { MS_DOS_FOLDER } else { 0 },
        }
    }

    fn flags(&self) -> u16 {
        let encrypted = if self.encryption.is_some() { ENCRYPTED } else { 0 };
        UTF8 | encrypted | if self.described { DESCRIBED } else { 0 }
    }

    fn is_aes(&self) -> bool {
        self.encryption == Some(VideoEncryption::Aes256)
    }

    /// The version of the format that a reader must know.
    fn version(&self, zip64: bool) -> u16 {
        match (self.is_aes(), zip64) {
            (true, _) => WITH_AES,
            (false, true) => WITH_ZIP64,
            (false, false) => PLAIN,
        }
    }

    /// How the content was compressed, before it was encrypted.
    fn method(&self) -> u16 {
        if self.deflated { 8 } else { 0 }
    }

    /// Extra field 0x9901 of `WinZip`'s AES, version AE-2: the vendor, the strength (3 is 256 bits) and the real method.
    fn aes_extra(&self) -> Vec<u8> {
        if !self.is_aes() {
            return Vec::new();
        }
        let mut extra = Vec::with_capacity(11);
        extra.extend(0x9901_u16.to_le_bytes());
        extra.extend(7_u16.to_le_bytes());
        extra.extend(2_u16.to_le_bytes());
        extra.extend(b"AE\x03");
        extra.extend(self.method().to_le_bytes());
        extra
    }

    /// What comes before the content.
    pub(super) fn local(&self) -> Vec<u8> {
        // What is not known yet follows in the descriptor.
        let known = |n: u64| if self.described { 0 } else { n };
        let mut extra = Vec::new();
        if self.large {
            extra.extend(1_u16.to_le_bytes());
            extra.extend(16_u16.to_le_bytes());
            extra.extend(known(self.size).to_le_bytes());
            extra.extend(known(self.packed).to_le_bytes());
        }
        extra.extend(&self.unix_time);
        extra.extend(self.aes_extra());
        let sizes =
            if self.large { [ELSEWHERE; 2] } else { [known(self.packed) as u32, known(self.size) as u32] };
        let mut out = Vec::with_capacity(30 + self.name.len() + extra.len());
        out.extend(LOCAL.to_le_bytes());
        out.extend(self.version(self.large).to_le_bytes());
        self.common(&mut out, if self.described { 0 } else { self.crc }, sizes);
        out.extend((self.name.len() as u16).to_le_bytes());
        out.extend((extra.len() as u16).to_le_bytes());
        out.extend(self.name.as_bytes());
        out.extend(extra);
        out
    }

    fn common(&self, out: &mut Vec<u8>, crc: u32, sizes: [u32; 2]) {
        out.extend(self.flags().to_le_bytes());
        out.extend(if self.is_aes() { AES_METHOD } else { self.method() }.to_le_bytes());
        out.extend(self.time.0.to_le_bytes());
        out.extend(self.time.1.to_le_bytes());
        out.extend(crc.to_le_bytes());
        out.extend(sizes[0].to_le_bytes());
        out.extend(sizes[1].to_le_bytes());
    }

    /// What comes after the content of a described entry.
    pub(super) fn descriptor(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(24);
        out.extend(DESCRIPTOR.to_le_bytes());
        out.extend(self.crc.to_le_bytes());
        for size in [self.packed, self.size] {
            if self.large { out.extend(size.to_le_bytes()) } else { out.extend((size as u32).to_le_bytes()) }
        }
        out
    }

    /// The entry's line in the directory; `limit` is where ZIP64 begins.
    pub(super) fn central(&self, offset: u64, limit: u64) -> Vec<u8> {
        let mut zip64 = Vec::new();
        let mut fit = |n: u64, large: bool| {
            if large || n >= limit {
                zip64.extend(n.to_le_bytes());
                ELSEWHERE
            } else {
                n as u32
            }
        };
        // APPNOTE 4.5.3 wants this order: size, packed size, offset.
        let size = fit(self.size, self.large);
        let packed = fit(self.packed, self.large);
        let offset = fit(offset, false);
        let mut extra = Vec::new();
        if !zip64.is_empty() {
            extra.extend(1_u16.to_le_bytes());
            extra.extend((zip64.len() as u16).to_le_bytes());
            extra.extend(&zip64);
        }
        extra.extend(&self.unix_time);
        extra.extend(&self.ntfs_time);
        extra.extend(self.aes_extra());
        let version = self.version(!zip64.is_empty());
        let mut out = Vec::with_capacity(46 + self.name.len() + extra.len());
        out.extend(CENTRAL.to_le_bytes());
        out.extend((MADE_ON_UNIX | version.max(WITH_ZIP64)).to_le_bytes());
        out.extend(version.to_le_bytes());
        self.common(&mut out, self.crc, [packed, size]);
        out.extend((self.name.len() as u16).to_le_bytes());
        out.extend((extra.len() as u16).to_le_bytes());
        // No comment, first disk, no internal attributes.
        out.extend([0; 6]);
        out.extend(self.attributes.to_le_bytes());
        out.extend(offset.to_le_bytes());
        out.extend(self.name.as_bytes());
        out.extend(extra);
        out
    }
}

/// What ends the file: where the directory is and how much is in it.
pub(super) fn end(entries: u64, size: u64, offset: u64, limit: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(98);
    let large = entries >= u64::from(u16::MAX) || size >= limit || offset >= limit;
    if large {
        out.extend(END64.to_le_bytes());
        out.extend(44_u64.to_le_bytes());
        out.extend((MADE_ON_UNIX | WITH_ZIP64).to_le_bytes());
        out.extend(WITH_ZIP64.to_le_bytes());
        out.extend([0; 8]);
        for n in [entries, entries, size, offset] {
            out.extend(n.to_le_bytes());
        }
        out.extend(LOCATOR64.to_le_bytes());
        out.extend(0_u32.to_le_bytes());
        out.extend((offset + size).to_le_bytes());
        out.extend(1_u32.to_le_bytes());
    }
    let count = if large { u16::MAX } else { entries as u16 };
    let fit = |n: u64| if large { ELSEWHERE } else { n as u32 };
    out.extend(END.to_le_bytes());
    out.extend([0; 4]);
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(fit(size).to_le_bytes());
    out.extend(fit(offset).to_le_bytes());
    out.extend([0; 2]);
    out
}
