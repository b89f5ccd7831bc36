use super::{Bad, Cursor, Source, damaged, unfit};

/// No header of an object is longer, all its parts together.
const LONGEST: usize = 16 << 20;
/// Nor has it more parts.
const PARTS: usize = 1 << 12;
/// Bytes that are read of a header before its length is known.
const AHEAD: u64 = 512;

/// The kinds of messages that mean something here.
pub(super) mod kind {
    pub(in super::super) const DATASPACE: u16 = 0x01;
    pub(in super::super) const LINK_INFO: u16 = 0x02;
    pub(in super::super) const DATATYPE: u16 = 0x03;
    pub(in super::super) const OLD_FILL: u16 = 0x04;
    pub(in super::super) const FILL: u16 = 0x05;
    pub(in super::super) const LINK: u16 = 0x06;
    pub(in super::super) const LAYOUT: u16 = 0x08;
    pub(in super::super) const FILTERS: u16 = 0x0B;
    pub(in super::super) const ATTRIBUTE: u16 = 0x0C;
    pub(in super::super) const CONTINUED: u16 = 0x10;
    pub(in super::super) const SYMBOLS: u16 = 0x11;
    pub(in super::super) const ATTRIBUTE_INFO: u16 = 0x15;
}

/// What is said of a group or a dataset, in pieces.
#[derive(Debug, Default)]
pub(super) struct Header(Vec<Message>);

#[derive(Debug)]
struct Message {
    kind: u16,
    shared: bool,
    bytes: Vec<u8>,
}

/// How the messages of a header lie.
#[derive(Clone, Copy, Debug)]
struct Style {
    newer: bool,
    /// Each message has the number of its making.
    numbered: bool,
}

impl Header {
    pub(super) fn read(source: &Source, address: u64) -> Result<Self, Bad> {
        let start = source.up_to(address, AHEAD)?;
        let mut header = Self::default();
        let mut parts = Vec::new();
        let style = if start.starts_with(b"OHDR") {
            header.newer(source, address, &start, &mut parts)?
        } else {
            header.older(source, address, &start, &mut parts)?
        };
        let (mut length, mut read) = (0, 0);
        while let Some((address, bytes)) = parts.pop() {
            let part = source.bytes(address, bytes)?;
            (length, read) = (length + part.len(), read + 1);
            if length > LONGEST || read > PARTS || length as u64 > source.file.size() {
                return Err(damaged("what it says of an object does not end"));
            }
            if style.newer {
                let mut part = Cursor(source.proven(&part)?);
                part.expect(b"OCHK")?;
                header.messages(part, style, &mut parts)?;
            } else {
                header.messages(Cursor(&part), style, &mut parts)?;
            }
        }
        Ok(header)
    }

    fn older(
        &mut self,
        source: &Source,
        address: u64,
        start: &[u8],
        parts: &mut Vec<(u64, u64)>,
    ) -> Result<Style, Bad> {
        let mut rest = Cursor(start);
        if rest.u8()? != 1 {
            return Err(damaged("there is no object where one should be"));
        }
        rest.skip(7)?;
        let length = rest.u32()?;
        let style = Style { newer: false, numbered: false };
        let block = source.bytes(address.saturating_add(16), length.into())?;
        self.messages(Cursor(&block), style, parts)?;
        Ok(style)
    }

    fn newer(
        &mut self,
        source: &Source,
        address: u64,
        start: &[u8],
        parts: &mut Vec<(u64, u64)>,
    ) -> Result<Style, Bad> {
        let mut rest = Cursor(start);
        rest.expect(b"OHDR")?;
        let (version, flags) = (rest.u8()?, rest.u8()?);
        if version != 2 {
            return Err(unfit(format!("it has objects of version {version}")));
        }
        rest.skip(if flags & 0x20 != 0 { 16 } else { 0 })?;
        rest.skip(if flags & 0x10 != 0 { 4 } else { 0 })?;
        let length = rest.number(1 << (flags & 3))?;
        let before = start.len() - rest.0.len();
        let block = source.bytes(address, length.saturating_add(before as u64 + 4))?;
        let style = Style { newer: true, numbered: flags & 4 != 0 };
        self.messages(Cursor(&source.proven(&block)?[before..]), style, parts)?;
        Ok(style)
    }

    fn messages(
        &mut self,
        mut rest: Cursor<'_>,
        style: Style,
        parts: &mut Vec<(u64, u64)>,
    ) -> Result<(), Bad> {
        let least = match style {
            Style { newer: false, .. } => 8,
            Style { numbered: true, .. } => 6,
            Style { .. } => 4,
        };
        // What is left behind the last message is a gap.
        while rest.0.len() >= least {
            let kind = if style.newer { rest.u8()?.into() } else { rest.u16()? };
            let length = rest.u16()?;
            let shared = rest.u8()? & 2 != 0;
            rest.skip(least - if style.newer { 4 } else { 5 })?;
            let mut bytes = Cursor(rest.take(length.into())?);
            if kind == kind::CONTINUED && !shared {
                parts.push((bytes.u64()?, bytes.u64()?));
            } else if kind != 0 {
                self.0.push(Message { kind, shared, bytes: bytes.0.to_vec() });
            }
        }
        Ok(())
    }

    /// The messages of a kind.
    pub(super) fn all(&self, kind: u16) -> impl Iterator<Item = Result<&[u8], Bad>> {
        self.0.iter().filter(move |message| message.kind == kind).map(|message| {
            if message.shared {
                return Err(unfit("it keeps parts of several objects in one place"));
            }
            Ok(&message.bytes[..])
        })
    }

    /// The first message of a kind.
    pub(super) fn first(&self, kind: u16) -> Result<Option<&[u8]>, Bad> {
        self.all(kind).next().transpose()
    }
}
