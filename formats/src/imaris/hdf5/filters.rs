use super::{Bad, Cursor, damaged, unfit};

/// No chunk went through more filters (the same limit as that of HDF5).
const MOST: u8 = 32;

/// What was done to chunks, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Filters(pub(in super::super) Vec<Method>);

/// One thing that was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Method {
    /// zlib.
    Deflate,
    /// Bytes of a rank put together, of items of so many bytes.
    Shuffle(usize),
    /// A checksum at the end.
    Fletcher32,
    /// Blocks of LZ4, as the plugin frames them.
    Lz4,
}

impl Filters {
    pub(super) fn read(mut rest: Cursor<'_>) -> Result<Self, Bad> {
        let (version, count) = (rest.u8()?, rest.u8()?);
        if !matches!(version, 1 | 2) {
            return Err(unfit(format!("its filters are listed in a way of version {version}")));
        }
        rest.skip(if version == 1 { 6 } else { 0 })?;
        if count > MOST {
            return Err(damaged(format!("it has {count} filters")));
        }
        let methods: Vec<_> =
            (0..count).map(|_| Method::read(&mut rest, version == 1)).collect::<Result<_, _>>()?;
        let compress = |method: &&Method| matches!(method, Method::Deflate | Method::Lz4);
        if methods.iter().filter(compress).count() > 1 {
            return Err(unfit("its chunks are compressed twice"));
        }
        Ok(Self(methods))
    }
}

impl Method {
    fn read(rest: &mut Cursor<'_>, older: bool) -> Result<Self, Bad> {
        let id = rest.u16()?;
        let name = if older || id >= 256 { usize::from(rest.u16()?) } else { 0 };
        let (_flags, values) = (rest.u16()?, usize::from(rest.u16()?));
        let name = rest.take(if older { name.next_multiple_of(8) } else { name })?;
        let mut values = Cursor(rest.take(values * 4)?);
        if older && !(values.0.len() / 4).is_multiple_of(2) {
            rest.skip(4)?;
        }
        Ok(match id {
            1 => Self::Deflate,
            2 => match values.u32()? {
                0 => return Err(damaged("its bytes are sorted by a width of 0")),
                width => Self::Shuffle(width as usize),
            },
            3 => Self::Fletcher32,
            32004 => Self::Lz4,
            other => return Err(unfit(unknown(other, name))),
        })
    }
}

/// As the list of registered filters names them, else as the file does.
fn unknown(id: u16, name: &[u8]) -> String {
    let known = match id {
        4 => "szip",
        5 => "n-bit",
        6 => "scale-offset",
        32000 => "LZF",
        32001 => "Blosc",
        32008 => "bitshuffle",
        32013 => "ZFP",
        32015 => "Zstandard",
        32026 => "Blosc2",
        _ => "",
    };
    let told = String::from_utf8_lossy(name.split(|byte| *byte == 0).next().unwrap_or_default());
    let told: String = told.chars().take(60).flat_map(char::escape_default).collect();
    match (known, told.as_str()) {
        ("", "") => format!("its chunks went through filter {id}"),
        ("", name) | (name, _) => format!("its chunks went through filter {id} ({name})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::named_by_the_list(&[2, 1, 0x0F, 0x7D, 0, 0, 1, 0, 0, 0], "filter 32015 (Zstandard)")]
    #[case::named_by_the_file(&[2, 1, 0x39, 0x30, 3, 0, 1, 0, 0, 0, b'a', b'b', 0], "filter 12345 (ab)")]
    #[case::nameless(&[2, 1, 99, 0, 1, 0, 0, 0], "filter 99")]
    #[case::twice(&[2, 2, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0], "compressed twice")]
    #[case::another_version(&[3, 0], "version 3")]
    fn what_cannot_be_undone_is_named(#[case] message: &[u8], #[case] words: &str) {
        let Err(Bad::Unfit(why)) = Filters::read(Cursor(message)) else { panic!("taken") };
        assert!(why.ends_with(words) || why.contains(words), "{why}");
    }

    #[test]
    fn both_versions_of_the_list() {
        let older = [
            1, 2, 0, 0, 0, 0, 0, 0, 2, 0, 8, 0, 1, 0, 1, 0, b's', b'h', b'u', b'f', b'f', 0, 0, 0, 4, 0, 0, 0,
        ]
        .into_iter()
        .chain([0, 0, 0, 0])
        .chain([1, 0, 0, 0, 1, 0, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
        let older: Vec<u8> = older.collect();
        let newer = [2, 2, 2, 0, 1, 0, 1, 0, 4, 0, 0, 0, 1, 0, 1, 0, 1, 0, 3, 0, 0, 0];
        let expected = Filters(vec![Method::Shuffle(4), Method::Deflate]);
        assert_eq!(Filters::read(Cursor(&older)).unwrap(), expected);
        assert_eq!(Filters::read(Cursor(&newer)).unwrap(), expected);
    }
}
