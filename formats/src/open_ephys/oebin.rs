//! `structure.oebin`: what a recording says about its streams.

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

use super::RATES;

/// A channel takes about 300 bytes; 16 probes stay below 4 MB.
pub(super) const LONGEST: u64 = 16 << 20;
/// More columns than any recorder has, few enough for a row to fit into memory.
const WIDEST: usize = 1 << 16;

/// What `structure.oebin` says.
#[derive(Debug, Deserialize)]
pub(super) struct Structure {
    #[serde(default, rename = "GUI version", deserialize_with = "text")]
    pub(super) gui_version: String,
    /// An entry that makes no sense is kept as the reason why.
    #[serde(default)]
    pub(super) continuous: Vec<Entry>,
    /// Whether something follows the description: the end of an older, longer file that was written over.
    #[serde(skip)]
    pub(super) has_rest: bool,
}

/// One stream, or why it is none.
#[derive(Debug)]
pub(super) struct Entry {
    /// As far as it can be told; see [`Continuous::folder_name`].
    pub(super) folder: String,
    /// It is described, and has no channels: all of them were switched off.
    pub(super) is_off: bool,
    pub(super) stream: Result<Continuous, String>,
}

/// A stream of one recording.
#[derive(Debug, Deserialize)]
pub(super) struct Continuous {
    /// Below `continuous/`; with `/` between parts and none at the end.
    pub(super) folder_name: String,
    /// Hz.
    pub(super) sample_rate: f64,
    #[serde(default, deserialize_with = "text")]
    pub(super) stream_name: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) source_processor_name: String,
    #[serde(default, deserialize_with = "number")]
    pub(super) num_channels: Option<u64>,
    pub(super) channels: Vec<Described>,
}

/// A channel as it is described.
#[derive(Debug, Deserialize)]
pub(super) struct Described {
    pub(super) channel_name: String,
    /// Not a number where the file says `null` or `NaN`.
    #[serde(deserialize_with = "gain")]
    pub(super) bit_volts: f64,
    #[serde(default, deserialize_with = "text")]
    pub(super) units: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) description: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) identifier: String,
    /// The electrode on its probe, counted over all shanks: `electrode_index` of `channel_metadata` (plugin 0.5 and later).
    #[serde(default, rename = "channel_metadata", deserialize_with = "electrode")]
    pub(super) electrode: Option<u32>,
}

/// Reads the file's bytes. Bytes that are no UTF-8 (only free texts hold any) become `�`.
pub(super) fn parse(bytes: &[u8]) -> Result<Structure, serde_json::Error> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}');
    // A list would be taken for the fields in their order.
    if text.trim_start().starts_with('[') {
        return Err(serde_json::Error::custom("a list, not an object"));
    }
    let text = without_nan(text);
    let mut reader = serde_json::Deserializer::from_str(&text);
    let structure = Structure::deserialize(&mut reader)?;
    Ok(Structure { has_rest: reader.end().is_err(), ..structure })
}

/// `NaN` and `Infinity`, which JSON does not have and the GUI writes for a gain it does not know, become `null`: one stream is then refused, not
/// the whole recording. Texts stay as they are.
fn without_nan(text: &str) -> std::borrow::Cow<'_, str> {
    const WORDS: [&str; 3] = ["-Infinity", "Infinity", "NaN"];
    if !WORDS.iter().any(|word| text.contains(word)) {
        return text.into();
    }
    let (mut made, mut rest, mut inside) = (String::with_capacity(text.len()), text, false);
    while let Some(next) = rest.chars().next() {
        let word = WORDS.iter().find(|word| !inside && rest.starts_with(**word));
        let taken = match (word, next) {
            (Some(word), _) => {
                made.push_str("null");
                word.len()
            }
            (None, '\\') if inside => {
                let escape = rest.chars().take(2).map(char::len_utf8).sum();
                made.push_str(&rest[..escape]);
                escape
            }
            (None, next) => {
                inside ^= next == '"';
                made.push(next);
                next.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    made.into()
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let folder = value.get("folder_name").and_then(Value::as_str).map(folder).unwrap_or_default();
        let is_off = value.get("channels").and_then(Value::as_array).is_some_and(Vec::is_empty);
        let stream = Continuous::deserialize(value).map_err(|error| error.to_string()).and_then(checked);
        let stream =
            stream.map_err(|why| format!("the stream `{folder}` is not described as it must be: {why}"));
        Ok(Self { folder, is_off, stream })
    }
}

/// With `/` between parts and none at the end; empty for what is no folder below `continuous`.
fn folder(name: &str) -> String {
    let parts: Vec<_> = name.split(['/', '\\']).filter(|part| !matches!(*part, "" | ".")).collect();
    if parts.contains(&"..") { String::new() } else { parts.join("/") }
}

fn checked(mut stream: Continuous) -> Result<Continuous, String> {
    stream.folder_name = folder(&stream.folder_name);
    if stream.folder_name.is_empty() {
        return Err("`folder_name` is no folder".to_owned());
    }
    if !RATES.contains(&stream.sample_rate) {
        let rate = Some(stream.sample_rate.to_string()).filter(|rate| rate.len() < 20);
        return Err(format!(
            "its sample rate is {} Hz",
            rate.unwrap_or_else(|| format!("{:e}", stream.sample_rate))
        ));
    }
    if stream.channels.is_empty() || stream.channels.len() > WIDEST {
        return Err(format!("it has {} channels", stream.channels.len()));
    }
    if let Some(channel) = stream.channels.iter().find(|channel| !is_gain(channel.bit_volts)) {
        return Err(match channel.bit_volts {
            gain if gain.is_finite() => format!("`bit_volts` of `{}` is {gain:?}", channel.channel_name),
            _ => format!("`bit_volts` of `{}` is not a number", channel.channel_name),
        });
    }
    Ok(stream)
}

/// 0 is reported where the samples are read.
fn is_gain(bit_volts: f64) -> bool {
    bit_volts.is_normal() || bit_volts.classify() == std::num::FpCategory::Zero
}

/// A text; anything else is as good as none.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => text,
        _ => String::new(),
    })
}

fn electrode<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let one = |entry: &Value| {
        let named = ["identifier", "name"].iter().any(|key| {
            entry.get(key).and_then(Value::as_str).is_some_and(|name| name.ends_with("electrode_index"))
        });
        let value = entry.get("value").filter(|_| named)?;
        value.as_u64().or_else(|| value.get(0)?.as_u64())
    };
    let found = value.as_array().and_then(|entries| entries.iter().find_map(one));
    Ok(found.and_then(|index| index.try_into().ok()))
}

fn gain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Value::deserialize(deserializer).map(|value| value.as_u64())
}

#[cfg(test)]
mod tests;
