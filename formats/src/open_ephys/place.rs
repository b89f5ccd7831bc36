use camino::{Utf8Path, Utf8PathBuf};

/// Where a recording lies: `…/<node>/experiment<N>/recording<M>`, or without a node before GUI 0.5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The folder the node (or, without one, the experiment) lies in, relative to the root; empty for the root itself and above.
    pub(super) acquisition: String,
    /// `Record Node 101`, or empty.
    pub(super) node: String,
    /// Where `settings.xml` lies.
    pub(super) node_folder: Utf8PathBuf,
    /// `experiment1`.
    pub(super) experiment: String,
    pub(super) experiment_number: u64,
    /// `recording1`.
    pub(super) recording: String,
    pub(super) recording_number: u64,
    /// The recording's folder relative to the root; empty for the root itself.
    pub(super) key: String,
}

impl Place {
    /// From the key of a `structure.oebin`. `root` must be absolute: a part of the layout may lie above it, when only one node or
    /// one experiment is read.
    pub(super) fn of(root: &Utf8Path, oebin: &str) -> Result<Self, String> {
        let key = oebin.rsplit_once('/').map_or("", |(folder, _)| folder);
        // Part by part: in Windows' longest form of an absolute path, `/` would be a letter.
        let mut recording_folder = root.to_owned();
        recording_folder.extend(key.split('/').filter(|part| !part.is_empty()));
        let (recording, recording_number) = numbered(&recording_folder, "recording")?;
        let experiment_folder = recording_folder.parent().unwrap_or(root);
        let (experiment, experiment_number) = numbered(experiment_folder, "experiment")?;
        let node_folder = experiment_folder.parent().unwrap_or(root);
        let node = node_folder.file_name().filter(|name| name.starts_with("Record")).unwrap_or_default();
        let acquisition = if node.is_empty() { node_folder } else { node_folder.parent().unwrap_or(root) };
        let acquisition = acquisition.strip_prefix(root).unwrap_or("".into());
        Ok(Self {
            acquisition: acquisition.components().map(|part| part.as_str()).collect::<Vec<_>>().join("/"),
            node: node.to_owned(),
            node_folder: node_folder.to_owned(),
            experiment,
            experiment_number,
            recording,
            recording_number,
            key: key.to_owned(),
        })
    }

    /// `settings.xml` for the first experiment, `settings_<N>.xml` for the others.
    pub(super) fn settings(&self) -> Utf8PathBuf {
        match self.experiment_number {
            1 => self.node_folder.join("settings.xml"),
            number => self.node_folder.join(format!("settings_{number}.xml")),
        }
    }

    /// What a stream of this place is called, as neo does: `Record Node 101#Neuropix-PXI-100.ProbeB`.
    pub(super) fn stream_name(&self, folder: &str) -> String {
        let last = folder.rsplit('/').next().unwrap_or(folder);
        if self.node.is_empty() { last.to_owned() } else { format!("{}#{last}", self.node) }
    }
}

fn numbered(folder: &Utf8Path, word: &str) -> Result<(String, u64), String> {
    let name = folder.file_name().unwrap_or_default();
    let number = name.strip_prefix(word).and_then(|rest| rest.parse().ok());
    let number = number.ok_or_else(|| format!("`{folder}` is not called `{word}` and a number"))?;
    Ok((name.to_owned(), number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::whole_session(
        "/d",
        "Record Node 101/experiment3/recording12/structure.oebin",
        "",
        "Record Node 101",
        3,
        12
    )]
    #[case::deeper(
        "/d",
        "a/b/Record Node 1/experiment1/recording1/structure.oebin",
        "a/b",
        "Record Node 1",
        1,
        1
    )]
    #[case::no_node("/d/old", "experiment2/recording1/structure.oebin", "", "", 2, 1)]
    #[case::no_node_deeper("/d", "old/experiment2/recording1/structure.oebin", "old", "", 2, 1)]
    #[case::a_node("/d/Record Node 9", "experiment1/recording2/structure.oebin", "", "Record Node 9", 1, 2)]
    #[case::an_experiment(
        "/d/Record Node 9/experiment4",
        "recording2/structure.oebin",
        "",
        "Record Node 9",
        4,
        2
    )]
    #[case::a_recording(
        "/Record Node 9/experiment4/recording7",
        "structure.oebin",
        "",
        "Record Node 9",
        4,
        7
    )]
    fn layouts(
        #[case] root: &str,
        #[case] oebin: &str,
        #[case] acquisition: &str,
        #[case] node: &str,
        #[case] experiment: u64,
        #[case] recording: u64,
    ) {
        let place = Place::of(root.into(), oebin).unwrap();
        assert_eq!((place.acquisition.as_str(), place.node.as_str()), (acquisition, node));
        assert_eq!((place.experiment_number, place.recording_number), (experiment, recording));
    }

    #[rstest]
    #[case::letters("experimentA/recording1/structure.oebin")]
    #[case::no_number("experiment/recording1/structure.oebin")]
    #[case::recording("experiment1/take1/structure.oebin")]
    #[case::too_high("structure.oebin")]
    fn other_names_are_told(#[case] oebin: &str) {
        assert!(Place::of("/d".into(), oebin).unwrap_err().contains("is not called"));
    }
}
