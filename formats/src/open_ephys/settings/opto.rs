//! Neuropixels Opto probes of early plugins were written with the electrodes of another probe.

use super::{
    Version,
    xml::{Element, XmlError},
};

/// Channels of a probe.
const CHANNELS: u32 = 384;

/// Left edge, in µm, of the first column; pitches of columns and rows.
const OFFSET: u32 = 11;
const PITCH_X: u32 = 48;
const PITCH_Y: u32 = 20;

/// Where the electrode of a channel is, in µm, as `settings.xml` should say it: two columns, whatever bank is chosen.
///
/// Source: `correct_np_opto_electrode_locations` of aind-data-transfer.
pub fn np_opto_position(channel: u32) -> (u32, u32) {
    (OFFSET + PITCH_X * (channel % 2), PITCH_Y * (channel / 2))
}

/// The text of a settings file with the electrodes of its Neuropixels Opto probes put right; `None` when none is wrong.
///
/// Probes are wrong when their headstage is an `OPTO` one and the plugin Neuropix-PXI is 0.4.0 or older. Nothing but the
/// attributes of their `ELECTRODE_XPOS` and `ELECTRODE_YPOS` changes: comments and layout stay.
pub(in super::super) fn corrected(text: &str) -> Result<Option<String>, XmlError> {
    // Most files have none; they need no second reading.
    if !text.contains("OPTO") {
        return Ok(None);
    }
    let root = Element::parse(text)?;
    let mut tags: Vec<_> = wrong(&root).into_iter().flat_map(tags).filter(|tag| !is_right(tag)).collect();
    if tags.is_empty() {
        return Ok(None);
    }
    tags.sort_by_key(|tag| tag.tag.start);
    let (mut made, mut done) = (String::with_capacity(text.len()), 0);
    for element in tags {
        made.push_str(&text[done..element.tag.start]);
        let end = if text[element.tag.clone()].ends_with("/>") { "/>" } else { ">" };
        made.push_str(&tag(&element.name, end));
        done = element.tag.end;
    }
    made.push_str(&text[done..]);
    Ok(Some(made))
}

/// The probes that are wrong.
fn wrong(root: &Element) -> Vec<&Element> {
    let probes =
        |processor: &Element| processor.get("name").is_some_and(|name| name.contains("Neuropix-PXI"));
    let mut chains = root.all("SIGNALCHAIN").flat_map(|chain| chain.all("PROCESSOR"));
    let Some(processor) = chains.find(|processor| probes(processor)) else { return Vec::new() };
    let version = processor.get("libraryVersion").and_then(Version::parse);
    if version.is_none() || version > Version::parse("0.4.0") {
        return Vec::new();
    }
    let opto =
        |probe: &&Element| probe.get("headstage_part_number").is_some_and(|part| part.contains("OPTO"));
    processor.all("EDITOR").flat_map(|editor| editor.all("NP_PROBE")).filter(opto).collect()
}

fn tags(probe: &Element) -> impl Iterator<Item = &Element> {
    ["ELECTRODE_XPOS", "ELECTRODE_YPOS"].into_iter().filter_map(|name| probe.child(name))
}

fn values(name: &str) -> impl Iterator<Item = u32> {
    let x = name == "ELECTRODE_XPOS";
    (0..CHANNELS).map(np_opto_position).map(move |position| if x { position.0 } else { position.1 })
}

fn is_right(tag: &Element) -> bool {
    let written = tag.by_channel().into_iter().map(|(_, _, value)| value.parse::<f64>().ok());
    written.eq(values(&tag.name).map(|value| Some(f64::from(value))))
}

fn tag(name: &str, end: &str) -> String {
    let channels = values(name).enumerate().map(|(channel, value)| format!(" CH{channel}=\"{value}\""));
    format!("<{name}{}{end}", channels.collect::<Vec<_>>().concat())
}
