//! What a step of the stored numbers is: `V = number * range / largest number / gain`.

use super::{
    columns::{Columns, What},
    imro::{Imro, Row},
    meta::{Meta, short},
    name::Device,
    probe::part_number,
};
use crate::open_ephys::Units;

/// For each column, units of the signal for a step. The order of the operations is that of neo, so that gains are equal bit for bit.
pub(super) fn gains(
    meta: &Meta,
    device: &Device,
    columns: &Columns,
    imro: Option<&Imro>,
    notes: &mut Vec<String>,
) -> Result<(Vec<f64>, Units), String> {
    let (steps, units) = of_device(meta, device, columns, imro, notes)?;
    match steps.iter().find(|step| !step.is_normal()) {
        Some(step) => Err(format!("a step of its numbers would be {step}")),
        None => Ok((steps, units)),
    }
}

fn of_device(
    meta: &Meta,
    device: &Device,
    columns: &Columns,
    imro: Option<&Imro>,
    notes: &mut Vec<String>,
) -> Result<(Vec<f64>, Units), String> {
    match device {
        Device::Imec(..) => Ok((probe(meta, columns, imro, notes)?, Units::Microvolts)),
        Device::Nidq => {
            let factor = factor(meta, "niAiRangeMax", "niMaxInt", 32_768.0)?;
            let step = |what: &What| match what {
                What::Neural => Ok(1.0 / needed(meta, "niMNGain")? * factor),
                What::Auxiliary => Ok(1.0 / needed(meta, "niMAGain")? * factor),
                _ => Ok(factor),
            };
            Ok((columns.what.iter().map(step).collect::<Result<_, String>>()?, Units::Volts))
        }
        Device::Obx(_) => {
            let factor = factor(meta, "obAiRangeMax", "obMaxInt", 32_768.0)?;
            Ok((vec![factor; columns.what.len()], Units::Volts))
        }
    }
}

fn factor(meta: &Meta, range: &str, largest: &str, usual: f64) -> Result<f64, String> {
    Ok(volts(meta, range)? / largest_number(meta, largest)?.unwrap_or(usual))
}

/// The largest voltage. The smallest one must be its opposite: the numbers count from 0 V in both directions.
fn volts(meta: &Meta, key: &str) -> Result<f64, String> {
    let most = needed(meta, key)?;
    if !(1e-3..=1e3).contains(&most) {
        return Err(format!("`{key}={most}` is not the range of a converter in volts"));
    }
    let opposite = key.replace("Max", "Min");
    match meta.number::<f64>(&opposite)? {
        Some(least) if (most + least).abs() > 1e-6 => {
            Err(format!("`{key}={most}` and `{opposite}={least}` are not the two ends of one range"))
        }
        _ => Ok(most),
    }
}

/// One more than the largest number of a converter, which has 8 to 16 bits.
fn largest_number(meta: &Meta, key: &str) -> Result<Option<f64>, String> {
    match meta.positive(key)? {
        Some(largest) if !(7..16).any(|bits| (largest - f64::from(1 << bits)).abs() < 1e-9) => {
            Err(format!("`{key}={largest}` is not the largest number of a converter"))
        }
        largest => Ok(largest),
    }
}

/// Whether probes of a part or type have a gain for each channel: those of the first generation do. `None` where it is not known.
fn sets_gains(kind: &str) -> Option<bool> {
    let kind = kind.strip_prefix("NP").unwrap_or(kind);
    if kind.starts_with("PRB_") {
        return Some(true);
    }
    if kind.starts_with("PRB2") {
        return Some(false);
    }
    match kind.parse::<u32>().ok()? {
        0 | 1000..2000 => Some(true),
        // An NP3000 has gains, its relatives have not.
        21 | 24 | 2000..3000 | 3010..4000 => Some(false),
        _ => None,
    }
}

/// `imroTbl` must be a table of the generation that part and type name, else its gains are those of another probe.
fn of_one_generation(meta: &Meta, imro: &Imro, notes: &mut Vec<String>) -> Result<(), String> {
    if imro.is_3a {
        return Ok(());
    }
    // Where type and table agree, another part number costs the positions only.
    let said = ["imDatPrb_type", "imDatPrb_pn"].into_iter().find_map(|key| Some((key, meta.text(key)?)));
    if let Some((key, said)) =
        said.filter(|(_, said)| sets_gains(said).is_some_and(|sets| sets != imro.has_gains))
    {
        let (said, kind) = (short(said), short(&imro.kind));
        return Err(format!("`{key}={said}`, but `imroTbl` is that of another generation (type {kind})"));
    }
    let number = |kind: &str| kind.strip_prefix("NP").unwrap_or(kind).parse::<u32>().ok();
    let table = number(&imro.kind);
    for key in ["imDatPrb_type", "imDatPrb_pn"] {
        let said = meta.text(key).unwrap_or_default();
        // Parts of the usual kinds share the types 0, 21 and 24; the others are their own type.
        let own = number(said).filter(|said| key == "imDatPrb_type" || is_a_type(*said));
        if own.is_some() && table.is_some() && own != table {
            let (said, kind) = (short(said), short(&imro.kind));
            notes.push(format!("`{key}={said}`, but `imroTbl` is of the type {kind}"));
            break;
        }
    }
    Ok(())
}

/// Parts of the first generation whose electrodes are not those of a 1.0: they are types of their own.
fn is_a_type(part: u32) -> bool {
    matches!(part, 1020..=1039 | 1100..2000)
}

fn needed(meta: &Meta, key: &str) -> Result<f64, String> {
    meta.positive(key)?.ok_or_else(|| format!("it has no `{key}`, so its gains are not known"))
}

fn probe(
    meta: &Meta,
    columns: &Columns,
    imro: Option<&Imro>,
    notes: &mut Vec<String>,
) -> Result<Vec<f64>, String> {
    let selectable = imro.filter(|imro| imro.has_gains);
    if let Some(imro) = imro {
        of_one_generation(meta, imro, notes)?;
    }
    let largest = match (largest_number(meta, "imMaxInt")?, selectable) {
        (Some(largest), _) => largest,
        (None, Some(_)) => 512.0,
        (None, None) => {
            notes.push(
                "it has no `imMaxInt`; 8192 is assumed, as of the first probes of the second generation"
                    .to_owned(),
            );
            8192.0
        }
    };
    let factor = volts(meta, "imAiRangeMax")? / largest;
    let mut channels = columns.channels.as_ref().map(|channels| channels.iter());
    if let Some(imro) = selectable {
        compare(meta, imro, notes)?;
    }
    let step = |what: &What| {
        if !what.is_of_probe() {
            return Ok(1.0);
        }
        let gain = match selectable {
            Some(imro) => {
                let channel = channels.as_mut().and_then(Iterator::next).copied();
                by_channel(imro, channel, *what)?
            }
            None => fixed(meta, imro)?,
        };
        Ok(factor * (1.0 / gain) * 1e6)
    };
    columns.what.iter().map(step).collect()
}

fn of_band(row: &Row, what: What) -> u32 {
    let gain = if what == What::Lf { row.lf_gain } else { row.ap_gain };
    gain.unwrap_or(0)
}

/// The gain of a channel of the probe. Where it is not known which channel it is, all must have one gain.
fn by_channel(imro: &Imro, channel: Option<u32>, what: What) -> Result<f64, String> {
    let gain = if let Some(channel) = channel {
        let row = imro.rows.get(&channel).ok_or_else(|| format!("`imroTbl` has no channel {channel}"))?;
        of_band(row, what)
    } else {
        let mut gains = imro.rows.values().map(|row| of_band(row, what));
        let first = gains.next().unwrap_or(0);
        if gains.any(|gain| gain != first) {
            return Err(
                "its channels have several gains, and which of them were saved is not known".to_owned()
            );
        }
        first
    };
    if gain == 0 { Err("`imroTbl` has a gain of 0".to_owned()) } else { Ok(f64::from(gain)) }
}

/// `imChan0apGain` repeats the gain of channel 0.
fn compare(meta: &Meta, imro: &Imro, notes: &mut Vec<String>) -> Result<(), String> {
    let Some(row) = imro.rows.get(&0) else { return Ok(()) };
    for (key, gain) in [("imChan0apGain", row.ap_gain), ("imChan0lfGain", row.lf_gain)] {
        let (Some(said), Some(gain)) = (meta.positive(key)?, gain) else { continue };
        if (said - f64::from(gain)).abs() > 1e-9 {
            notes.push(format!("`{key}={said}`, but `imroTbl` sets the gain {gain}, which is used"));
        }
    }
    Ok(())
}

/// The gain of a probe that has one for all channels: `imChan0apGain`, else that of its kind.
fn fixed(meta: &Meta, imro: Option<&Imro>) -> Result<f64, String> {
    if let Some(gain) = meta.positive("imChan0apGain")? {
        return Ok(gain);
    }
    let Some(imro) = imro else { return Err("it has no `imroTbl`, so its gains are not known".to_owned()) };
    let part = part_number(meta, imro);
    let is_first = part.starts_with("PRB2") || matches!(part.as_str(), "NP2000" | "NP2010");
    Ok(if is_first { 80.0 } else { 100.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// Steps as the maker documents them: 2.34375 µV is 0.6 V / 512 / 500.
    #[rstest]
    #[case::first_generation("imec0.ap", "imAiRangeMax=0.6\nsnsApLfSy=2,0,1\nacqApLfSy=2,2,1\nsnsSaveChanSubset=0:1,4\n~imroTbl=(0,2)(0 0 0 500 250 1)(1 0 0 1000 125 1)", &[2.343_75, 1.171_875, 1.0])]
    #[case::low_band("imec0.lf", "imAiRangeMax=0.6\nsnsApLfSy=0,2,1\nacqApLfSy=2,2,1\nsnsSaveChanSubset=2:3,4\n~imroTbl=(0,2)(0 0 0 500 250 1)(1 0 0 1000 125 1)", &[4.687_5, 9.375, 1.0])]
    #[case::only_the_second("imec0.ap", "imAiRangeMax=0.6\nsnsApLfSy=1,0,0\nacqApLfSy=2,2,1\nsnsSaveChanSubset=1\n~imroTbl=(0,2)(0 0 0 500 250 1)(1 0 0 1000 125 1)", &[1.171_875])]
    #[case::second_generation("imec0.ap", "imAiRangeMax=0.62\nimMaxInt=2048\nimChan0apGain=100\nsnsApLfSy=1,0,0\n~imroTbl=(2013,1)(0 0 0 0 0)", &[3.027_343_75])]
    #[case::its_first_probes("imec0.ap", "imAiRangeMax=0.5\nimMaxInt=8192\nimDatPrb_pn=NP2010\nsnsApLfSy=1,0,0\n~imroTbl=(24,1)(0 0 0 0 0)", &[0.762_939_453_125])]
    #[case::nidq("nidq", "niAiRangeMax=5\nniMNGain=200\nniMAGain=10\nsnsMnMaXaDw=1,1,1,1", &[0.762_939_453_125, 15.258_789_062_5, 152.587_890_625, 152.587_890_625])]
    #[case::nidq_of_14_bits("nidq", "niAiRangeMax=5\nniMaxInt=8192\nsnsMnMaXaDw=0,0,1,0", &[610.351_562_5])]
    #[case::onebox("obx0.obx", "obAiRangeMax=5\nobMaxInt=32768\nsnsXaDwSy=1,1,1", &[152.587_890_625; 3])]
    fn steps_in_microvolts(#[case] stream: &str, #[case] text: &str, #[case] expected: &[f64]) {
        let (found, _) = found(stream, text).unwrap();
        assert!(
            found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9),
            "{found:?}"
        );
    }

    #[rstest]
    #[case::no_range("imec0.ap", "snsApLfSy=1,0,0\n~imroTbl=(0,1)(0 0 0 500 250 1)", "no `imAiRangeMax`")]
    #[case::no_table("imec0.ap", "imAiRangeMax=0.6\nimMaxInt=512\nsnsApLfSy=1,0,0", "no `imroTbl`")]
    #[case::gain_of_0(
        "imec0.ap",
        "imAiRangeMax=0.6\nsnsApLfSy=1,0,0\n~imroTbl=(0,1)(0 0 0 0 250 1)",
        "gain of 0"
    )]
    #[case::negative_range(
        "imec0.ap",
        "imAiRangeMax=-0.6\nsnsApLfSy=1,0,0\n~imroTbl=(0,1)(0 0 0 500 250 1)",
        "above 0"
    )]
    #[case::tiny_range(
        "imec0.ap",
        "imAiRangeMax=1e-320\nsnsApLfSy=1,0,0\n~imroTbl=(0,1)(0 0 0 500 250 1)",
        "`imAiRangeMax=0.00"
    )]
    #[case::ends_of_two_ranges(
        "nidq",
        "niAiRangeMax=5\nniAiRangeMin=-2\nsnsMnMaXaDw=0,0,1,0",
        "`niAiRangeMin=-2`"
    )]
    #[case::largest_number_of_1(
        "imec0.ap",
        "imAiRangeMax=0.6\nimMaxInt=1\nsnsApLfSy=1,0,0\n~imroTbl=(0,1)(0 0 0 500 250 1)",
        "`imMaxInt=1`"
    )]
    #[case::half_a_number("nidq", "niAiRangeMax=5\nniMaxInt=512.5\nsnsMnMaXaDw=0,0,1,0", "`niMaxInt=512.5`")]
    #[case::table_of_a_2_0_for_a_1_0(
        "imec0.ap",
        "imAiRangeMax=0.6\nimDatPrb_type=0\nsnsApLfSy=1,0,0\n~imroTbl=(24,1)(0 0 0 0 0)",
        "`imDatPrb_type=0`, but `imroTbl` is that of another generation (type 24)"
    )]
    #[case::table_of_a_1_0_for_a_2_0(
        "imec0.ap",
        "imAiRangeMax=0.6\nimDatPrb_pn=PRB2_1_2_0640_0\nsnsApLfSy=1,0,0\n~imroTbl=(0,1)(0 0 0 500 250 1)",
        "another generation"
    )]
    #[case::not_a_number("nidq", "niAiRangeMax=NaN\nsnsMnMaXaDw=0,0,1,0", "above 0")]
    #[case::no_gain("nidq", "niAiRangeMax=5\nsnsMnMaXaDw=1,0,0,0", "no `niMNGain`")]
    #[case::which_channel(
        "imec0.ap",
        "imAiRangeMax=0.6\nsnsApLfSy=1,0,0\n~imroTbl=(0,2)(0 0 0 500 250 1)(1 0 0 250 250 1)",
        "several gains"
    )]
    fn gains_that_are_not_known(#[case] stream: &str, #[case] text: &str, #[case] says: &str) {
        let why = found(stream, text).unwrap_err();
        assert!(why.contains(says), "{why}");
    }

    #[test]
    fn two_gains_of_one_channel_are_noted() {
        let text = "imAiRangeMax=0.6\nimChan0apGain=250\nsnsApLfSy=1,0,0\n~imroTbl=(0,1)(0 0 0 500 250 1)";
        let (found, notes) = found("imec0.ap", text).unwrap();
        assert!((found[0] - 2.343_75).abs() < 1e-9 && notes[0].contains("`imChan0apGain=250`"), "{notes:?}");
    }

    #[rstest]
    #[case::another_type("imDatPrb_type=1100", true)]
    #[case::a_part_of_its_own_type("imDatPrb_type=0\nimDatPrb_pn=NP1030", true)]
    #[case::a_usual_part("imDatPrb_type=0\nimDatPrb_pn=NP1010", false)]
    #[case::an_old_part("imDatPrb_type=0\nimDatPrb_pn=PRB_1_4_0480_1_C", false)]
    fn another_type_of_the_same_generation_is_noted(#[case] said: &str, #[case] noted: bool) {
        let text = format!("{said}\nimAiRangeMax=0.6\nsnsApLfSy=1,0,0\n~imroTbl=(0,1)(0 0 0 500 250 1)");
        let (_, notes) = found("imec0.ap", &text).unwrap();
        assert_eq!(notes.iter().any(|note| note.contains("`imroTbl` is of the type 0")), noted, "{notes:?}");
    }

    fn found(stream: &str, text: &str) -> Result<(Vec<f64>, Vec<String>), String> {
        let meta = Meta::parse(text.as_bytes());
        let device = super::super::name::Name::parse(&format!("r.{stream}")).unwrap().device;
        let mut notes = Vec::new();
        let columns = Columns::of(&meta, &device, &mut notes)?;
        let imro = meta.table("imroTbl").map(|table| Imro::parse(&table)).transpose()?;
        let (steps, units) = gains(&meta, &device, &columns, imro.as_ref(), &mut notes)?;
        let micro = if units == Units::Volts { 1e6 } else { 1.0 };
        Ok((steps.into_iter().map(|step| step * micro).collect(), notes))
    }
}
