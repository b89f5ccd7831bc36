use serde::{Deserialize, Serialize};

/// Where the columns of a source's frames are in the store: most are channels; SYNC lines are kept beside them, so that
/// readers show the channels they show of the source, and the source can still be made again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Columns {
    /// For each channel, its column in the source, counted from 0.
    pub traces: Vec<usize>,
    /// For each column of `adt/sync_seg{k}`, where it was.
    pub sync: Vec<SyncColumn>,
    /// Columns that are not in the store because they were not chosen: the source cannot be made again without them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<SyncColumn>,
}

/// A column of the source that is not a channel of the traces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncColumn {
    /// Its column in the source, counted from 0.
    pub column: usize,
    /// Its name in the source.
    pub name: String,
}

impl Columns {
    /// Columns of a frame of the source.
    pub fn count(&self) -> usize {
        self.traces.len() + self.sync.len() + self.left_out.len()
    }

    /// Whether every column of the source is named once.
    pub fn is_whole(&self) -> bool {
        let mut seen = vec![false; self.count()];
        let beside = self.sync.iter().chain(&self.left_out).map(|beside| &beside.column);
        let all = self.traces.iter().chain(beside);
        for column in all {
            match seen.get_mut(*column) {
                Some(seen) if !*seen => *seen = true,
                _ => return false,
            }
        }
        true
    }

    /// Takes whole frames of the source apart. The buffers are used again.
    ///
    /// What follows the last whole frame is dropped. Only for columns that are [whole](Self::is_whole).
    pub fn split<T: Copy>(&self, frames: &[T], traces: &mut Vec<T>, sync: &mut Vec<T>) {
        traces.clear();
        sync.clear();
        let in_order = self.in_order();
        if self.traces.len() == self.count() && in_order {
            traces.extend_from_slice(&frames[..frames.len() - frames.len() % self.count().max(1)]);
            return;
        }
        for frame in frames.chunks_exact(self.count().max(1)) {
            if in_order {
                traces.extend_from_slice(&frame[..self.traces.len()]);
            } else {
                traces.extend(self.traces.iter().map(|column| frame[*column]));
            }
            sync.extend(self.sync.iter().map(|sync| frame[sync.column]));
        }
    }

    /// Puts frames of the source together again from as many frames of traces and of SYNC columns. The buffer is used again.
    ///
    /// Only for columns that are [whole](Self::is_whole), none of them left out.
    pub fn join<T: Copy + Default>(&self, traces: &[T], sync: &[T], frames: &mut Vec<T>) {
        frames.clear();
        let in_order = self.in_order();
        if self.sync.is_empty() && in_order {
            frames.extend_from_slice(traces);
            return;
        }
        frames.resize(traces.len() + sync.len(), T::default());
        let rows = frames.chunks_exact_mut(self.count().max(1)).enumerate();
        for (row, frame) in rows {
            let taken = &traces[row * self.traces.len()..][..self.traces.len()];
            if in_order {
                frame[..taken.len()].copy_from_slice(taken);
            } else {
                self.traces.iter().zip(taken).for_each(|(column, sample)| frame[*column] = *sample);
            }
            let taken = &sync[row * self.sync.len()..][..self.sync.len()];
            self.sync.iter().zip(taken).for_each(|(sync, sample)| frame[sync.column] = *sample);
        }
    }

    /// The channels are the first columns, as they nearly always are.
    fn in_order(&self) -> bool {
        self.traces.first().is_none_or(|first| *first == 0) && self.traces.is_sorted_by(|a, b| a + 1 == *b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn columns(traces: &[usize], sync: &[usize]) -> Columns {
        let name = |column| SyncColumn { column, name: format!("SYNC{column}") };
        Columns {
            traces: traces.to_vec(),
            sync: sync.iter().copied().map(name).collect(),
            left_out: Vec::new(),
        }
    }

    #[rstest]
    #[case::none(&[0, 1, 2], &[], &[10, 11, 12, 20, 21, 22], &[])]
    #[case::last(&[0, 1], &[2], &[10, 11, 20, 21], &[12, 22])]
    #[case::first(&[1, 2], &[0], &[11, 12, 21, 22], &[10, 20])]
    #[case::two(&[1], &[2, 0], &[11, 21], &[12, 10, 22, 20])]
    #[case::mixed(&[2, 0], &[1], &[12, 10, 22, 20], &[11, 21])]
    fn frames_are_taken_apart_and_put_together(
        #[case] traces: &[usize],
        #[case] sync: &[usize],
        #[case] expected_traces: &[i16],
        #[case] expected_sync: &[i16],
    ) {
        let frames = [10, 11, 12, 20, 21, 22];
        let columns = columns(traces, sync);
        assert!(columns.is_whole());
        let (mut traces, mut sync, mut back) = (vec![9; 4], vec![9], vec![9]);
        columns.split(&frames, &mut traces, &mut sync);
        assert_eq!((traces.as_slice(), sync.as_slice()), (expected_traces, expected_sync));
        columns.join(&traces, &sync, &mut back);
        assert_eq!(back, frames);
    }

    #[rstest]
    #[case::last(&[0, 1], &[], &[2], &[10, 11, 20, 21], &[])]
    #[case::first(&[1, 2], &[], &[0], &[11, 12, 21, 22], &[])]
    #[case::beside_a_sync_line(&[1], &[2], &[0], &[11, 21], &[12, 22])]
    fn columns_that_are_left_out_are_dropped(
        #[case] traces: &[usize],
        #[case] sync: &[usize],
        #[case] left_out: &[usize],
        #[case] expected_traces: &[i16],
        #[case] expected_sync: &[i16],
    ) {
        let frames = [10, 11, 12, 20, 21, 22];
        let columns = Columns { left_out: columns(&[], left_out).sync, ..columns(traces, sync) };
        assert!(columns.is_whole() && columns.count() == 3);
        let (mut traces, mut sync) = (Vec::new(), Vec::new());
        columns.split(&frames, &mut traces, &mut sync);
        assert_eq!((traces.as_slice(), sync.as_slice()), (expected_traces, expected_sync));
    }

    #[rstest]
    #[case::twice(&[0, 1], &[1], false)]
    #[case::gap(&[0, 1], &[3], false)]
    #[case::nothing(&[], &[], true)]
    fn a_column_is_named_once(#[case] traces: &[usize], #[case] sync: &[usize], #[case] whole: bool) {
        assert_eq!(columns(traces, sync).is_whole(), whole);
    }
}
