//! The planes of one stack.

use adt_formats::{
    image::{self, Region},
    microscope::Found,
};
use adt_model::Fault;
use camino::Utf8Path;

use super::{plane, plane::Header, usual};
use crate::{Ctx, imaging::opened::passes};

/// Problems of a kind that are named one by one.
const NAMED: usize = 3;

/// What was found in a stack's folder.
#[derive(Debug, Default)]
pub(super) struct Stack {
    /// Relative to the source.
    pub key: String,
    /// Its folder.
    pub channel: String,
    /// `<X>_<Y>`, the same in every channel.
    pub place: String,
    pub planes: u64,
    pub bytes: u64,
    /// What most planes are.
    pub plane: Option<Header>,
    /// From one number to the next.
    pub step: Option<u64>,
    pub problems: Vec<String>,
    pub notes: Vec<String>,
}

/// Lists a stack and reads the headers of its planes.
pub(super) fn look(folder: &Utf8Path, key: &str) -> Result<Stack, Fault> {
    let unreadable = |e| Fault::io(format!("cannot list `{folder}`"), e);
    let mut stack = Stack { key: key.to_owned(), ..Stack::default() };
    let (mut numbers, mut headers, mut wrong) = (Vec::new(), Vec::new(), Wrong::default());
    let mut paths = Vec::new();
    for entry in folder.read_dir_utf8().map_err(unreadable)? {
        paths.push(entry.map_err(unreadable)?.into_path());
    }
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_owned();
        let suffix = path.extension().unwrap_or_default().to_ascii_lowercase();
        if !matches!(suffix.as_str(), "png" | "tif" | "tiff") || !path.is_file() {
            stack.notes.push(format!("`{key}/{name}` is no plane"));
            continue;
        }
        stack.planes += 1;
        match path.file_stem().unwrap_or_default().parse::<i64>() {
            Ok(number) => numbers.push(number),
            Err(_) => wrong.unnumbered.push(name.clone()),
        }
        let size = path.metadata().map_err(|e| Fault::io(format!("cannot look at `{path}`"), e))?.len();
        stack.bytes += size;
        if size == 0 {
            wrong.empty.push(name);
            continue;
        }
        match plane::header(&path)? {
            Ok(header) => headers.push((name, header)),
            Err(why) => wrong.unread.push(format!("{name} {why}")),
        }
    }
    stack.plane = usual(headers.iter().map(|(_, header)| *header));
    if let Some(usual) = stack.plane {
        let others = headers.into_iter().filter(|(_, header)| *header != usual);
        wrong.other.extend(others.map(|(name, header)| format!("{name} is {header}, others {usual}")));
    }
    wrong.tell(key, &mut stack.problems);
    stack.numbered(numbers);
    Ok(stack)
}

/// Names of planes that are wrong in one way or another.
#[derive(Default)]
struct Wrong {
    empty: Vec<String>,
    unread: Vec<String>,
    unnumbered: Vec<String>,
    other: Vec<String>,
}

impl Wrong {
    fn tell(self, key: &str, problems: &mut Vec<String>) {
        let kinds = [
            ("planes without a byte", self.empty),
            ("planes that cannot be read", self.unread),
            ("planes whose names are no numbers", self.unnumbered),
            ("planes unlike the others", self.other),
        ];
        for (kind, names) in kinds.into_iter().filter(|(_, names)| !names.is_empty()) {
            problems.push(format!("`{key}`: {} {kind}: {}", names.len(), some(&names)));
        }
    }
}

fn some(names: &[String]) -> String {
    let more = names.len().saturating_sub(NAMED);
    let shown = names[..names.len().min(NAMED)].join("; ");
    if more > 0 { format!("{shown}; and {more} more") } else { shown }
}

impl Stack {
    /// Planes lie equally far from each other, and none twice.
    fn numbered(&mut self, mut numbers: Vec<i64>) {
        numbers.sort_unstable();
        let apart = || numbers.windows(2).map(|two| two[1].abs_diff(two[0]));
        let twice = apart().filter(|apart| *apart == 0).count();
        if twice > 0 {
            self.problems
                .push(format!("`{}`: {twice} planes are there twice, as PNG and TIFF or so", self.key));
        }
        self.step = usual(apart().filter(|apart| *apart > 0));
        let Some(step) = self.step else { return };
        let gaps: Vec<String> = numbers
            .windows(2)
            .filter(|two| two[1].abs_diff(two[0]) > step)
            .map(|two| format!("between {:06} and {:06}", two[0], two[1]))
            .collect();
        if !gaps.is_empty() {
            self.problems.push(format!("`{}`: planes are missing {}", self.key, some(&gaps)));
        }
        let close = apart().filter(|apart| *apart > 0 && *apart < step).count();
        if close > 0 {
            self.problems
                .push(format!("`{}`: {close} planes are nearer to each other than {step}", self.key));
        }
    }
}

/// Reads every pixel. What cannot be read is returned.
pub(super) fn decode(found: &Found, ctx: &Ctx) -> Result<Vec<String>, Fault> {
    let told = |fault: Fault| if passes(&fault) { Err(fault) } else { Ok(fault.line()) };
    let volume = match image::open(found) {
        Ok(volume) => volume,
        Err(fault) => return Ok(vec![told(fault)?]),
    };
    let [_, _, planes, rows, columns] = volume.shape();
    let mut pixels = vec![0; (rows * columns) as usize * volume.dtype().size()];
    let mut reader = volume.reader();
    let mut problems = Vec::new();
    for z in 0..planes {
        ctx.stop.check()?;
        let region = Region { t: 0, c: 0, z: z..z + 1, y: 0..rows, x: 0..columns };
        if let Err(fault) = reader.read(&region, &mut pixels) {
            problems.push(told(fault)?);
        }
    }
    Ok(problems)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::right(&[0, 20, 40], &[])]
    #[case::gap(&[0, 20, 40, 80, 100], &["planes are missing between 000040 and 000080"])]
    #[case::twice(&[0, 20, 20, 40], &["1 planes are there twice"])]
    #[case::near(&[0, 20, 25, 40, 60, 80], &["planes are nearer to each other than 20"])]
    #[case::one(&[7], &[])]
    fn planes_are_equally_far(#[case] numbers: &[i64], #[case] problems: &[&str]) {
        let mut stack = Stack::default();
        stack.numbered(numbers.to_vec());
        assert_eq!(stack.problems.len(), problems.len(), "{:?}", stack.problems);
        for (problem, part) in stack.problems.iter().zip(problems) {
            assert!(problem.contains(part), "{problem}");
        }
    }
}
