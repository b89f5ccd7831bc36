//! A folder as a SmartSPIM writes it: is every plane there, and is it what its neighbours are?

mod plane;
mod stack;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use adt_formats::{
    folder::Rules,
    microscope::{self, FoundKind},
};
use adt_model::{Class, Fault};
use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;
use serde::Serialize;

pub use plane::Header;
use stack::Stack;

use crate::{Ctx, delivery::off_the_reactor, survey::canonical};

/// What was found.
#[derive(Debug, Serialize)]
pub struct Validated {
    /// The folder with the channels.
    pub folder: Utf8PathBuf,
    /// Each channel.
    pub channels: Vec<Channel>,
    /// What is wrong.
    pub problems: Vec<String>,
    /// What is odd and hinders nothing.
    pub notes: Vec<String>,
}

/// A channel, `Ex_488_Em_525`.
#[derive(Debug, Default, Serialize)]
pub struct Channel {
    /// Its folder.
    pub name: String,
    /// Folders of planes.
    pub stacks: u64,
    /// All of them.
    pub planes: u64,
    /// The fewest and the most planes of a stack.
    pub planes_of_a_stack: [u64; 2],
    /// Bytes of all planes.
    pub bytes: u64,
    /// What most of its planes are.
    pub plane: Option<Header>,
    /// From the number of one plane to that of the next, a tenth of a micrometre each.
    pub step: Option<u64>,
}

/// Looks at every plane of a folder, or at those of its `SmartSPIM`. `deep`: all of each is read and decoded, else only its
/// header. Nothing is written anywhere. `Missing` where there are no channels.
pub async fn validate(folder: Utf8PathBuf, deep: bool, ctx: &Arc<Ctx>) -> Result<Validated, Fault> {
    let ctx = Arc::clone(ctx);
    off_the_reactor(move || look(&folder, deep, &ctx)).await
}

fn look(folder: &Utf8Path, deep: bool, ctx: &Ctx) -> Result<Validated, Fault> {
    let source = canonical(folder)?;
    let nothing = || {
        Fault::new(Class::Missing, format!("`{source}` has no channels of SmartSPIM"))
            .help("they are called `Ex_488_Em_525`, with folders `<X>/<X>_<Y>` of planes")
    };
    let found = if source.is_dir() { microscope::find(&source, &Rules::default(), &[])? } else { None };
    let found = found.ok_or_else(nothing)?;
    let stacks: Vec<_> = found.images.iter().filter(|image| image.kind == FoundKind::Planes).collect();
    if stacks.is_empty() {
        return Err(nothing());
    }
    let one = |found: &&microscope::Found| {
        ctx.stop.check()?;
        let mut stack = stack::look(&found.path, &found.key)?;
        let name = found.groups.first().and_then(|(group, _)| group.as_ref()).map(ToString::to_string);
        let name = name.unwrap_or_default();
        let (channel, place) = name.split_once('/').unwrap_or(("", &name));
        (stack.channel, stack.place) = (channel.to_owned(), place.trim_end_matches(".ome.zarr").to_owned());
        if deep {
            stack.problems.extend(stack::decode(found, ctx)?);
        }
        Ok(stack)
    };
    let stacks: Vec<Stack> = ctx.pool.install(|| stacks.par_iter().map(one).collect::<Result<_, Fault>>())?;
    let mut problems: Vec<String> = found.problems.iter().map(Fault::line).collect();
    problems.extend(empty(&found.folder)?);
    problems.extend(stacks.iter().flat_map(|stack| stack.problems.clone()));
    problems.extend(compared(&stacks));
    let notes = found.notes.into_iter().chain(stacks.iter().flat_map(|stack| stack.notes.clone())).collect();
    Ok(Validated { folder: found.folder, channels: channels(&stacks), problems, notes })
}

/// Folders of stacks in which there is no plane.
fn empty(folder: &Utf8Path) -> Result<Vec<String>, Fault> {
    let mut problems = Vec::new();
    for channel in folders(folder)?.into_iter().filter(|path| is_channel(path)) {
        for column in folders(&channel)? {
            for stack in folders(&column)? {
                let unreadable = |e| Fault::io(format!("cannot list `{stack}`"), e);
                if stack.read_dir_utf8().map_err(unreadable)?.next().is_none() {
                    let name = stack.strip_prefix(folder).unwrap_or(&stack);
                    problems.push(format!("`{name}` is empty"));
                }
            }
        }
    }
    Ok(problems)
}

fn is_channel(path: &Utf8Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.strip_prefix("Ex_").and_then(|rest| rest.split_once("_Em_")).is_some_and(|(excited, emitted)| {
        [excited, emitted].iter().all(|text| text.len() == 3 && text.bytes().all(|c| c.is_ascii_digit()))
    })
}

fn folders(path: &Utf8Path) -> Result<Vec<Utf8PathBuf>, Fault> {
    let unreadable = |e| Fault::io(format!("cannot list `{path}`"), e);
    let mut found = Vec::new();
    for entry in path.read_dir_utf8().map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?.into_path();
        if entry.is_dir() {
            found.push(entry);
        }
    }
    found.sort();
    Ok(found)
}

/// What most of them are; of as many, the smallest.
pub(super) fn usual<T: Ord + Clone>(all: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: BTreeMap<T, u64> = BTreeMap::new();
    for one in all {
        *counts.entry(one).or_default() += 1;
    }
    let most = counts.values().max().copied()?;
    counts.into_iter().find(|(_, count)| *count == most).map(|(one, _)| one)
}

fn channels(stacks: &[Stack]) -> Vec<Channel> {
    let mut by_name: BTreeMap<&str, Vec<&Stack>> = BTreeMap::new();
    for stack in stacks {
        by_name.entry(&stack.channel).or_default().push(stack);
    }
    let one = |(name, stacks): (&str, Vec<&Stack>)| {
        let counts = || stacks.iter().map(|stack| stack.planes);
        Channel {
            name: name.to_owned(),
            stacks: stacks.len() as u64,
            planes: counts().sum(),
            planes_of_a_stack: [counts().min().unwrap_or(0), counts().max().unwrap_or(0)],
            bytes: stacks.iter().map(|stack| stack.bytes).sum(),
            plane: usual(stacks.iter().filter_map(|stack| stack.plane)),
            step: usual(stacks.iter().filter_map(|stack| stack.step)),
        }
    };
    by_name.into_iter().map(one).collect()
}

/// What is wrong with stacks beside each other: all channels have the same ones, and all of them the same planes.
fn compared(stacks: &[Stack]) -> Vec<String> {
    let mut problems = Vec::new();
    let channels: BTreeSet<&str> = stacks.iter().map(|stack| stack.channel.as_str()).collect();
    let mut places: BTreeMap<&str, BTreeMap<&str, &Stack>> = BTreeMap::new();
    for stack in stacks {
        places.entry(&stack.place).or_default().insert(&stack.channel, stack);
    }
    for (place, in_channels) in &places {
        let lacking: Vec<_> =
            channels.iter().filter(|name| !in_channels.contains_key(*name)).copied().collect();
        if !lacking.is_empty() {
            problems.push(format!("stack `{place}` lacks in {}", lacking.join(", ")));
        }
        let counts: BTreeSet<u64> = in_channels.values().map(|stack| stack.planes).collect();
        if counts.len() > 1 {
            let each: Vec<_> =
                in_channels.iter().map(|(name, stack)| format!("{} in {name}", stack.planes)).collect();
            problems.push(format!("stack `{place}` has {} planes", each.join(", ")));
        }
    }
    let plane = usual(stacks.iter().filter_map(|stack| stack.plane));
    let step = usual(stacks.iter().filter_map(|stack| stack.step));
    for stack in stacks {
        if let (Some(own), Some(plane)) = (stack.plane, plane)
            && own != plane
        {
            problems.push(format!("`{}`: its planes are {own}, others {plane}", stack.key));
        }
        if let (Some(own), Some(step)) = (stack.step, step)
            && own != step
        {
            problems.push(format!("`{}`: its planes are {own} apart, others {step}", stack.key));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_is_what_most_are() {
        assert_eq!(usual([3, 1, 3, 2].into_iter()), Some(3));
        assert_eq!(usual([2, 1].into_iter()), Some(1));
        assert_eq!(usual(std::iter::empty::<u8>()), None);
    }
}
