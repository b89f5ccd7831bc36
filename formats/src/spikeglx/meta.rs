//! `.meta` files: lines of `key=value`, tables in parentheses.

use std::{collections::BTreeMap, str::FromStr};

/// A Quad Base's file has 80 kB.
pub(super) const LONGEST: u64 = 4 << 20;

/// More rows than any table has.
const MOST_ROWS: usize = 1 << 16;

/// What a `.meta` file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Meta {
    values: BTreeMap<String, String>,
    /// Keys with two different values; the last one counts.
    pub(super) repeated: Vec<String>,
}

/// `(header)(row)(row)…`
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table<'a> {
    pub(super) header: &'a str,
    pub(super) rows: Vec<&'a str>,
}

impl Meta {
    /// Reads the file's bytes. Bytes that are not UTF-8 (only free texts hold any) become `�`.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut meta = Self::default();
        for line in text.trim_start_matches('\u{feff}').lines() {
            let Some((key, value)) = line.split_once('=') else { continue };
            let key = key.trim().trim_start_matches('~');
            let before = meta.values.insert(key.to_owned(), value.trim().to_owned());
            if before.is_some_and(|before| before != value.trim()) {
                meta.repeated.push(key.to_owned());
            }
        }
        meta
    }

    /// Whether SpikeGLX, or a program that writes like it, wrote the file.
    pub(super) fn is_of_spikeglx(&self) -> bool {
        ["nSavedChans", "snsApLfSy", "snsMnMaXaDw", "snsXaDwSy"]
            .iter()
            .any(|key| self.values.contains_key(*key))
    }

    /// A value that is there and not empty.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A number, if the key has a value; else the fault names key and value.
    pub(super) fn number<T: FromStr>(&self, key: &str) -> Result<Option<T>, String> {
        let number =
            |value: &str| value.parse().map_err(|_| format!("`{key}={}` is not a number", short(value)));
        self.text(key).map(number).transpose()
    }

    /// A number above 0, if the key has a value.
    pub(super) fn positive(&self, key: &str) -> Result<Option<f64>, String> {
        match self.number::<f64>(key)? {
            Some(number) if !number.is_finite() || number <= 0.0 => {
                Err(format!("`{key}={number}` is not a number above 0"))
            }
            number => Ok(number),
        }
    }

    /// `384,0,1`: as many counts as are asked for.
    pub(super) fn counts<const N: usize>(&self, key: &str) -> Result<Option<[usize; N]>, String> {
        let Some(text) = self.text(key) else { return Ok(None) };
        let counts: Vec<usize> = text.split(',').map_while(|count| count.trim().parse().ok()).collect();
        let counts: [usize; N] = match counts.try_into() {
            Ok(counts) if text.split(',').count() == N => counts,
            _ => return Err(format!("`{key}={}` is not {N} counts", short(text))),
        };
        // A sum of them must not overflow, and a frame must stay small.
        if counts.iter().any(|count| *count > MOST_ROWS) {
            return Err(format!("`{key}={}` counts too many channels", short(text)));
        }
        Ok(Some(counts))
    }

    /// A table, if the key has one.
    pub(super) fn table(&self, key: &str) -> Option<Table<'_>> {
        let text = self.text(key)?.strip_prefix('(')?.strip_suffix(')')?;
        let mut parts = text.split(")(");
        let header = parts.next()?;
        Some(Table { header, rows: parts.take(MOST_ROWS).collect() })
    }
}

/// `1 entry`, `2 entries`: of a table, for a message.
pub(super) fn entries(count: usize) -> String {
    if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") }
}

/// Foreign text for a message.
pub(super) fn short(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Channel numbers as `0:383,768`, at most as many as a table has rows.
pub(super) fn ranges(text: &str) -> Result<Vec<u32>, String> {
    let wrong = || format!("`{}` is not a list of channels", short(text));
    let mut all = Vec::new();
    for part in text.split(',').map(str::trim) {
        let (first, last) = part.split_once(':').unwrap_or((part, part));
        let number = |text: &str| text.trim().parse::<u32>().map_err(|_| wrong());
        let (first, last) = (number(first)?, number(last)?);
        let count = u64::from(last).checked_sub(u64::from(first)).ok_or_else(wrong)? + 1;
        if count + all.len() as u64 > MOST_ROWS as u64 {
            return Err(wrong());
        }
        all.extend(first..=last);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const TEXT: &str =
        "\u{feff}nSavedChans=385\r\nuserNotes=a=b\r\nimStdby=\r\nsnsApLfSy=384,0,1\r\n~t=(1,2)(a b)(c)\r\n";

    #[test]
    fn values_and_tables() {
        let meta = Meta::parse(TEXT.as_bytes());
        assert!(meta.is_of_spikeglx());
        assert_eq!(meta.text("userNotes"), Some("a=b"));
        assert_eq!(meta.text("imStdby"), None);
        assert_eq!(meta.number::<u64>("nSavedChans"), Ok(Some(385)));
        assert_eq!(meta.counts("snsApLfSy"), Ok(Some([384, 0, 1])));
        assert_eq!(meta.table("t"), Some(Table { header: "1,2", rows: vec!["a b", "c"] }));
        assert_eq!(meta.table("userNotes"), None);
        assert!(!Meta::parse(b"guid: 1\nfileFormatVersion=2\n").is_of_spikeglx());
    }

    #[test]
    fn keys_with_two_values_are_named() {
        let meta = Meta::parse(b"a=1\nb=2\na=1\nb=3\n");
        assert_eq!((meta.repeated.as_slice(), meta.text("b")), (["b".to_owned()].as_slice(), Some("3")));
    }

    #[rstest]
    #[case::two("384,0")]
    #[case::four("384,0,1,1")]
    #[case::letters("384,x,1")]
    #[case::negative("384,-1,1")]
    #[case::huge("384,18446744073709551615,1")]
    fn counts_that_are_none(#[case] text: &str) {
        assert!(Meta::parse(format!("k={text}").as_bytes()).counts::<3>("k").is_err());
    }

    #[rstest]
    #[case::one("7", Ok(vec![7]))]
    #[case::several("0:2,5, 7:8", Ok(vec![0, 1, 2, 5, 7, 8]))]
    #[case::backward("5:2", Err(()))]
    #[case::empty("", Err(()))]
    #[case::huge("0:4294967295", Err(()))]
    #[case::letters("a:b", Err(()))]
    fn lists_of_channels(#[case] text: &str, #[case] expected: Result<Vec<u32>, ()>) {
        assert_eq!(ranges(text).map_err(drop), expected);
    }
}
