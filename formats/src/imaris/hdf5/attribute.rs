use std::collections::BTreeMap;

use super::{
    Bad, Cursor, NOWHERE, Source,
    header::{Header, kind},
    heap::Heap,
    records::records,
    space::extent,
};

/// What is said of an object, in texts by their names. Attributes that are no text are left out.
pub(in super::super) type Attributes = BTreeMap<String, String>;

/// The class of texts of a fixed length.
const STRING: u8 = 3;

/// The attributes of a group or a dataset.
pub(in super::super) fn attributes(source: &Source, address: u64) -> Result<Attributes, Bad> {
    let header = Header::read(source, address)?;
    let mut found = Attributes::new();
    for message in header.all(kind::ATTRIBUTE) {
        attribute(Cursor(message?), &mut found)?;
    }
    if let Some(message) = header.first(kind::ATTRIBUTE_INFO)? {
        many(source, Cursor(message), &mut found)?;
    }
    Ok(found)
}

/// More attributes than a header holds: in a heap.
fn many(source: &Source, mut rest: Cursor<'_>, found: &mut Attributes) -> Result<(), Bad> {
    let (_version, flags) = (rest.u8()?, rest.u8()?);
    rest.skip(if flags & 1 != 0 { 2 } else { 0 })?;
    let (heap, tree) = (rest.u64()?, rest.u64()?);
    if heap == NOWHERE || tree == NOWHERE {
        return Ok(());
    }
    let mut heap = Heap::open(source, heap)?;
    // Sorted by name: the object, flags, the number of its making, a hash.
    for record in records(source, tree, 8)? {
        let (id, flags) = record.split_at_checked(8).unwrap_or_default();
        let shared = flags.first().is_none_or(|flags| flags & 2 != 0);
        if let Some(object) = heap.get(id)?.filter(|_| !shared) {
            attribute(Cursor(object), found)?;
        }
    }
    Ok(())
}

/// A message or an object of a heap that is one attribute.
fn attribute(mut rest: Cursor<'_>, found: &mut Attributes) -> Result<(), Bad> {
    let (version, flags) = (rest.u8()?, rest.u8()?);
    let lengths = [rest.u16()?, rest.u16()?, rest.u16()?].map(usize::from);
    rest.skip(usize::from(version > 2))?;
    // Version 1 fills up with zeros.
    let whole = |length: usize| if version == 1 { length.next_multiple_of(8) } else { length };
    let [name, form, space] = lengths;
    let name = &rest.take(whole(name))?[..name];
    let form = &rest.take(whole(form))?[..form];
    let space = &rest.take(whole(space))?[..space];
    // From version 2 on the flags say that type or extent are kept elsewhere.
    if version > 1 && flags & 3 != 0 {
        return Ok(());
    }
    let mut form = Cursor(form);
    if form.u8()? & 15 != STRING {
        return Ok(());
    }
    form.skip(3)?;
    let width = u64::from(form.u32()?);
    let length = extent(Cursor(space))?.iter().try_fold(width, |all, axis| all.checked_mul(*axis));
    let text = rest.take(length.and_then(|length| usize::try_from(length).ok()).unwrap_or(usize::MAX))?;
    // Imaris writes arrays of single bytes; others fill up with zeros.
    let text: Vec<u8> = text.iter().copied().filter(|byte| *byte != 0).collect();
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    found.insert(String::from_utf8_lossy(name).into_owned(), String::from_utf8_lossy(&text).into_owned());
    Ok(())
}
