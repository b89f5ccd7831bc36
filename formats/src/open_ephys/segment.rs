use adt_model::{Class, Fault};

use super::{
    Adjusted, Ends, Problem, TimeFile,
    columns::columns,
    oebin::Continuous,
    times::{Times, times},
    tree::Tree,
};
use crate::{SteadyFile, folder::Entry};

/// Bytes that are read at once.
const BLOCK: usize = 1 << 18;

/// What one recording holds of a stream.
#[derive(Clone, Debug)]
pub struct Segment {
    /// `recording1`.
    pub recording: String,
    /// Its number.
    pub number: u64,
    /// Key of the stream's folder in the session.
    pub folder: String,
    /// `continuous.dat`: little-endian `i16`, one value for each channel, frame after frame.
    pub dat: Entry,
    /// Values in each frame.
    pub columns: usize,
    /// Whole frames.
    pub frames: u64,
    /// Bytes after the last whole frame, fewer than a frame has.
    pub tail: u64,
    /// The stream's own counter, if there is one and of whatever length it is.
    pub sample_numbers: Option<TimeFile>,
    /// Synchronised seconds, if there are any and of whatever length they are.
    pub seconds: Option<TimeFile>,
    /// The first and last values of both, as far as they can be read.
    pub ends: Ends,
    /// Files that say that the seconds were aligned after the recording.
    pub adjusted: Adjusted,
}

impl Segment {
    /// Bytes of a frame.
    pub fn row(&self) -> u64 {
        2 * self.columns as u64
    }

    /// Opens the samples. May be read from several threads at once.
    pub fn open(&self) -> Result<Samples, Fault> {
        let file = SteadyFile::open(&self.dat.path, self.dat.size, self.dat.modified)?;
        Ok(Samples { file, columns: self.columns, frames: self.frames })
    }

    /// The first value of the counter in seconds: the start as neo takes it when it loads no time vector.
    pub fn t_start(&self, sample_rate: f64) -> Option<f64> {
        self.ends.counter.map(|(first, _)| first as f64 / sample_rate)
    }

    /// Looks at the files of one entry of `structure.oebin`. What hinders reading the samples is the fault.
    pub(super) fn of(
        tree: &Tree,
        recording: (&str, u64),
        folder: String,
        stream: &Continuous,
        problems: &mut Vec<Problem>,
    ) -> Result<Self, Fault> {
        let key = format!("{folder}/continuous.dat");
        let Some(dat) = tree.file(&key) else {
            let what = format!("`{}` cannot be read: {}", tree.root.join(&key), tree.why_absent(&key));
            return Err(Fault::new(Class::Missing, what));
        };
        let Times { mut counter, mut seconds } = times(tree, &folder, problems);
        let described = 2 * stream.channels.len() as u64;
        let frames = dat.size.is_multiple_of(described).then(|| dat.size / described);
        let files = [&mut counter, &mut seconds].into_iter().flatten();
        problems.extend(files.filter_map(|file| file.settle(frames)));
        let instants: Vec<_> = [&counter, &seconds].into_iter().flatten().map(|file| file.items).collect();
        let columns = columns(stream.channels.len(), stream.num_channels, dat.size, &instants)
            .map_err(|why| Fault::new(Class::Corrupt, format!("`{}` is not read: {why}", dat.path)))?;
        let row = 2 * columns.count as u64;
        let frames = dat.size / row;
        let segment = Self {
            adjusted: Adjusted::of(tree, &folder),
            ends: Ends::of(&mut counter, &mut seconds, problems),
            recording: recording.0.to_owned(),
            number: recording.1,
            folder,
            dat: dat.clone(),
            columns: columns.count,
            frames,
            tail: dat.size % row,
            sample_numbers: counter,
            seconds,
        };
        segment.tell(stream, columns.doubtful, problems);
        Ok(segment)
    }

    /// What is odd and does not hinder reading.
    fn tell(&self, stream: &Continuous, doubtful: bool, problems: &mut Vec<Problem>) {
        let mut note = |entry: &Entry, what: String| {
            let what = format!("`{}` {what}", entry.path);
            problems.push(Problem::noted(&entry.path, Fault::new(Class::Corrupt, what)));
        };
        let (dat, frames) = (&self.dat, self.frames);
        if doubtful {
            let (n, described) = (self.columns, stream.channels.len());
            let said = match stream.num_channels {
                Some(said) if described == n => format!("`num_channels` is {said}"),
                _ => format!("{described} channels are described"),
            };
            note(dat, format!("has {n} values in each frame by its size, {said}"));
        }
        let zero = |gain: f64| gain.classify() == std::num::FpCategory::Zero;
        let without: Vec<_> = stream.channels.iter().filter(|channel| zero(channel.bit_volts)).collect();
        if let Some(first) = without.first() {
            let (n, name) = (without.len(), &first.channel_name);
            let channels = if n == 1 { "channel has" } else { "channels have" };
            note(dat, format!("has no scale: {n} {channels} a `bit_volts` of 0 (first `{name}`)"));
        }
        if dat.size == 0 {
            note(dat, "is empty: nothing was recorded".to_owned());
        } else if self.tail > 0 {
            note(dat, format!("ends inside a frame: {} bytes follow {frames} whole frames", self.tail));
        }
        if self.sample_numbers.is_none() && self.seconds.is_none() {
            note(dat, "has no sample numbers: when it starts is not known".to_owned());
        }
        for (file, use_of) in [
            (&self.sample_numbers, "only the first value is used"),
            (&self.seconds, "they are not used as times"),
        ] {
            let Some(TimeFile { file, items, counted }) = file else { continue };
            if counted != items {
                let sized = file.size;
                note(
                    file,
                    format!(
                        "has {items} values by its {sized} bytes and {counted} by its header, which a crash leaves behind"
                    ),
                );
            }
            if *items != frames {
                note(file, format!("has {items} values for {frames} frames; {use_of}"));
            }
        }
    }
}

/// The open samples of a segment.
#[derive(Debug)]
pub struct Samples {
    file: SteadyFile,
    columns: usize,
    frames: u64,
}

impl Samples {
    /// Fills `out`, which must be whole frames, with the frames from `first` on: one value for each column, frame after frame.
    pub fn read(&self, first: u64, out: &mut [i16]) -> Result<(), Fault> {
        self.within(first, out.len())?;
        let mut offset = first * 2 * self.columns as u64;
        let mut block = vec![0; BLOCK.min(2 * out.len())];
        for some in out.chunks_mut(BLOCK / 2) {
            let bytes = &mut block[..2 * some.len()];
            self.file.read_at(offset, bytes)?;
            for (value, bytes) in some.iter_mut().zip(bytes.as_chunks().0) {
                *value = i16::from_le_bytes(*bytes);
            }
            offset += bytes.len() as u64;
        }
        Ok(())
    }

    /// The same as they lie on disk: for checksums, and for copies.
    pub fn read_bytes(&self, first: u64, out: &mut [u8]) -> Result<(), Fault> {
        self.within(first, out.len() / 2)?;
        self.file.read_at(first * 2 * self.columns as u64, out)
    }

    /// The bytes after the last whole frame.
    pub fn tail(&self) -> Result<Vec<u8>, Fault> {
        let start = self.frames * 2 * self.columns as u64;
        let mut tail = vec![0; (self.file.size() - start) as usize];
        self.file.read_at(start, &mut tail)?;
        Ok(tail)
    }

    /// Call after the last read, see [`SteadyFile::finish`].
    pub fn finish(&self) -> Result<(), Fault> {
        self.file.finish()
    }

    fn within(&self, first: u64, values: usize) -> Result<(), Fault> {
        let end = first.checked_add((values / self.columns) as u64);
        if values.is_multiple_of(self.columns) && end.is_some_and(|end| end <= self.frames) {
            return Ok(());
        }
        let (path, frames, columns) = (self.file.path(), self.frames, self.columns);
        let what = format!(
            "`{path}` has {frames} frames of {columns} values, not {values} values from frame {first} on"
        );
        Err(Fault::new(Class::Bug, what))
    }
}
