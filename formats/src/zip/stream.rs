//! Pieces become one stream: headers, contents and the directory, in order.

use std::collections::VecDeque;

use adt_codec::crc32_combine;
use adt_model::{Class, Fault, Pulse};
use bytes::Bytes;

use super::{
    ZipOptions, ZipSummary,
    compress::{self, Done, Pending},
    directory::Directory,
    header::{self, Head},
};
use crate::folder::Entry;

/// Longest name a zip entry can have, in bytes.
pub(super) const LONGEST_NAME: usize = u16::MAX as usize;

pub(super) struct Stream<'a> {
    out: &'a mut dyn FnMut(Bytes) -> Result<(), Fault>,
    options: &'a ZipOptions,
    offset: u64,
    directory: Directory,
    bytes_in: u64,
    /// The large file that is being written, and where its header stands.
    open: Option<(Head, u64)>,
}

impl<'a> Stream<'a> {
    pub(super) fn new(out: &'a mut dyn FnMut(Bytes) -> Result<(), Fault>, options: &'a ZipOptions) -> Self {
        Self { out, options, offset: 0, directory: Directory::default(), bytes_in: 0, open: None }
    }

    /// Waits for the oldest piece of work and writes what came of it.
    pub(super) fn take_next(
        &mut self,
        queue: &mut VecDeque<Pending>,
        pulse: &dyn Pulse,
    ) -> Result<(), Fault> {
        let Some(pending) = queue.pop_front() else { return Ok(()) };
        match compress::wait(&pending)? {
            Done::Folder(entry) => {
                pulse.beat(0)?;
                let head = self.head(&entry)?;
                self.complete(&head, Bytes::new())
            }
            Done::Whole { entry, crc, deflated, bytes } => {
                pulse.beat(entry.size)?;
                self.bytes_in += entry.size;
                let mut head = self.head(&entry)?;
                head.deflated = deflated;
                head.crc = crc;
                head.packed = bytes.len() as u64;
                head.size = entry.size;
                self.complete(&head, bytes.into())
            }
            Done::Part { entry, crc, length, bytes, last } => {
                pulse.beat(length)?;
                self.bytes_in += length;
                if let Some(entry) = entry {
                    self.open_large(&entry)?;
                }
                self.part(crc, length, bytes.into())?;
                let Some(file) = last else { return Ok(()) };
                // Not by the thread that read the last part: another may still have been reading an earlier one.
                file.finish()?;
                self.close_large()
            }
        }
    }

    fn head(&self, entry: &Entry) -> Result<Head, Fault> {
        let head = Head::new(entry, &self.options.entry_root, &self.options.time_zone);
        if head.name.len() > LONGEST_NAME {
            let what = format!("the name of `{}` is too long for a zip file", entry.path);
            return Err(Fault::new(Class::BadInput, what).help("shorten it, or send the folder as it is"));
        }
        Ok(head)
    }

    /// An entry whose sizes are known beforehand.
    fn complete(&mut self, head: &Head, content: Bytes) -> Result<(), Fault> {
        let offset = self.offset;
        self.write(head.local().into())?;
        self.write(content)?;
        self.directory.add(&head.central(offset, self.options.limit));
        Ok(())
    }

    fn open_large(&mut self, entry: &Entry) -> Result<(), Fault> {
        let mut head = self.head(entry)?;
        head.described = true;
        head.deflated = true;
        head.large = largest(entry.size) >= self.options.limit;
        let offset = self.offset;
        self.write(head.local().into())?;
        self.open = Some((head, offset));
        Ok(())
    }

    fn part(&mut self, crc: u32, length: u64, bytes: Bytes) -> Result<(), Fault> {
        let Some((head, _)) = &mut self.open else {
            return Err(Fault::new(Class::Bug, "a part of a file came before its beginning"));
        };
        head.crc = crc32_combine(head.crc, crc, length);
        head.size += length;
        head.packed += bytes.len() as u64;
        self.write(bytes)
    }

    fn close_large(&mut self) -> Result<(), Fault> {
        let Some((head, offset)) = self.open.take() else {
            return Err(Fault::new(Class::Bug, "a file ended before its beginning"));
        };
        self.write(head.descriptor().into())?;
        self.directory.add(&head.central(offset, self.options.limit));
        Ok(())
    }

    /// Writes the directory; nothing may follow.
    pub(super) fn finish(&mut self) -> Result<ZipSummary, Fault> {
        let offset = self.offset;
        let (entries, size) = (self.directory.entries, self.directory.size);
        for piece in self.directory.pieces() {
            self.write(piece)?;
        }
        self.write(header::end(entries, size, offset, self.options.limit).into())?;
        Ok(ZipSummary { entries, bytes_in: self.bytes_in, bytes_out: self.offset })
    }

    fn write(&mut self, bytes: Bytes) -> Result<(), Fault> {
        self.offset += bytes.len() as u64;
        if bytes.is_empty() { Ok(()) } else { (self.out)(bytes) }
    }
}

/// More than a file can take when deflate does not shrink it: six bytes for each stored block, of which the encoder makes none
/// shorter than 4096 bytes but the last of each part, and five for the border of each part.
pub(super) fn largest(size: u64) -> u64 {
    size + size / 512 + 1024
}
