//! Names of SpikeGLX files: `<run>_g<gate>_t<trigger>.<stream>.bin` and `.meta`.

use std::fmt;

/// What the name of a file says, without `.bin` or `.meta`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// `myrun`.
    pub(super) run: String,
    /// `0` of `_g0`.
    pub(super) gate: Option<u64>,
    /// `_t0` or `_tcat`.
    pub(super) trigger: Option<Trigger>,
    /// `imec0.ap`.
    pub(super) device: Device,
}

/// The trigger of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trigger {
    /// CatGT joined the files of several triggers.
    Cat,
    /// `_t0`.
    Number(u64),
}

/// The device that a file is from, with its band.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Device {
    /// A probe. The number is empty for phase 3A, which records one probe only.
    Imec(String, Band),
    /// A NI-DAQ device.
    Nidq,
    /// The analogue and digital inputs of a OneBox.
    Obx(String),
}

/// A band of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Band {
    /// Spikes.
    Ap,
    /// Local field potentials.
    Lf,
}

impl Name {
    /// Reads a file's name without its extension; `None` if SpikeGLX does not name files so.
    pub(super) fn parse(stem: &str) -> Option<Self> {
        let (before, device) = Device::split(stem)?;
        let (before, trigger) = match before.rsplit_once("_t") {
            Some((before, "cat")) => (before, Some(Trigger::Cat)),
            Some((rest, number)) => match digits(number) {
                Some(number) => (rest, Some(Trigger::Number(number))),
                None => (before, None),
            },
            None => (before, None),
        };
        let gate = before.rsplit_once("_g").and_then(|(run, number)| Some((run, digits(number)?)));
        let (run, gate) = gate.map_or((before, None), |(run, gate)| (run, Some(gate)));
        (!run.is_empty()).then(|| Self { run: run.to_owned(), gate, trigger, device })
    }

    /// Whether CatGT made the file.
    pub(super) fn is_catgt(&self) -> bool {
        self.trigger == Some(Trigger::Cat)
    }

    /// `g0_t1`, as far as it is known.
    pub(super) fn part(&self) -> String {
        let gate = self.gate.map(|gate| format!("g{gate}"));
        let trigger = self.trigger.map(|trigger| trigger.to_string());
        gate.into_iter().chain(trigger).collect::<Vec<_>>().join("_")
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cat => f.write_str("tcat"),
            Self::Number(number) => write!(f, "t{number}"),
        }
    }
}

impl Device {
    /// What is before the device in a name, and the device.
    fn split(stem: &str) -> Option<(&str, Self)> {
        let (before, last) = stem.rsplit_once('.')?;
        let numbered = |word: &str| {
            let (before, device) = before.rsplit_once('.')?;
            let number = device.strip_prefix(word)?;
            number.bytes().all(|byte| byte.is_ascii_digit()).then(|| (before, number.to_owned()))
        };
        match last {
            "nidq" => Some((before, Self::Nidq)),
            "ap" => numbered("imec").map(|(before, number)| (before, Self::Imec(number, Band::Ap))),
            "lf" => numbered("imec").map(|(before, number)| (before, Self::Imec(number, Band::Lf))),
            "obx" => numbered("obx").map(|(before, number)| (before, Self::Obx(number))),
            _ => None,
        }
    }
}

impl fmt::Display for Device {
    /// The stream as spikeinterface names it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Imec(number, Band::Ap) => write!(f, "imec{number}.ap"),
            Self::Imec(number, Band::Lf) => write!(f, "imec{number}.lf"),
            Self::Nidq => f.write_str("nidq"),
            Self::Obx(number) => write!(f, "obx{number}"),
        }
    }
}

fn digits(text: &str) -> Option<u64> {
    let all = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::ap("run_g0_t0.imec0.ap", ("run", Some(0), "g0_t0", "imec0.ap"))]
    #[case::lf("run_g12_t3.imec11.lf", ("run", Some(12), "g12_t3", "imec11.lf"))]
    #[case::nidq("run_g0_t0.nidq", ("run", Some(0), "g0_t0", "nidq"))]
    #[case::onebox("run_g0_t0.obx0.obx", ("run", Some(0), "g0_t0", "obx0"))]
    #[case::phase_3a("run_g0_t0.imec.ap", ("run", Some(0), "g0_t0", "imec.ap"))]
    #[case::catgt("run_g0_tcat.imec0.ap", ("run", Some(0), "g0_tcat", "imec0.ap"))]
    #[case::spaces("a b c_g0_t0.imec0.ap", ("a b c", Some(0), "g0_t0", "imec0.ap"))]
    #[case::dots("2024.03.18_g1_t2.nidq", ("2024.03.18", Some(1), "g1_t2", "nidq"))]
    #[case::marks_in_the_name("my_g5_t7_x_g0_t1.nidq", ("my_g5_t7_x", Some(0), "g0_t1", "nidq"))]
    #[case::no_gate("doppio_t0.imec0.ap", ("doppio", None, "t0", "imec0.ap"))]
    #[case::renamed("NP2_all.imec0.ap", ("NP2_all", None, "", "imec0.ap"))]
    #[case::no_trigger("run_test.imec0.ap", ("run_test", None, "", "imec0.ap"))]
    fn names_are_read(#[case] stem: &str, #[case] expected: (&str, Option<u64>, &str, &str)) {
        let name = Name::parse(stem).unwrap();
        let found = (name.run.as_str(), name.gate, &*name.part(), &*name.device.to_string());
        assert_eq!(found, expected);
    }

    #[rstest]
    #[case::no_device("run_g0_t0")]
    #[case::no_band("run_g0_t0.imec0")]
    #[case::another_device("run_g0_t0.camera0.ap")]
    #[case::letters("run_g0_t0.imecA.ap")]
    #[case::no_run("_g0_t0.nidq")]
    #[case::only_a_device(".nidq")]
    #[case::kilosort("temp_wh")]
    #[case::empty("")]
    fn other_names_are_not(#[case] stem: &str) {
        assert_eq!(Name::parse(stem), None);
    }
}
