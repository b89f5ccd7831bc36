//! One image and its group.

use std::sync::{Arc, mpsc};

use adt_formats::image::Dtype;
use adt_model::{Class, Fault, Key};
use adt_plan::imaging::{Extent, Level as Reduced, Pyramid};
use adt_store::Place;
use tokio::runtime::Handle;

use super::{
    super::{
        boxes::Span,
        opened::{self, Opened, passes},
        read::{ImageSource, Source},
        sample::{Sample, by_dtype},
        tile,
    },
    Difference, Kind, Tile,
    ahead::{Chunks, Packed},
    boxes,
    compare::{Look, Tally, reduced},
    placement,
};
use crate::{Ctx, delivery::off_the_reactor};

/// Bytes of a box, as far as chunks allow; and of one that is as large as what the source stores in one piece.
const BOX: u64 = 32 << 20;
const PIECES: u64 = 1 << 30;

/// Holds the group of an image against it. Returns the folders of its arrays too. `told`: a person said how large voxels are.
pub(super) async fn verify(
    source: &Arc<tile::Tile>,
    told: bool,
    place: &Place,
    ctx: &Arc<Ctx>,
) -> Result<(Tile, Vec<Key>), Fault> {
    let about = &source.about;
    let mut found = Tile {
        group: about.group.clone(),
        file: about.file.clone(),
        shape: about.shape,
        levels: 0,
        voxels: 0,
        bytes: 0,
        differences: Vec::new(),
        notes: Vec::new(),
    };
    let opened = match ctx.stop.or(opened::open(place, source.folder.as_ref())).await {
        Err(fault) if passes(&fault) => return Err(fault),
        Err(fault) => {
            found.differences.push(Difference::whole(Kind::Group, None, fault.line()));
            return Ok((found, Vec::new()));
        }
        Ok(opened) => opened,
    };
    found.levels = opened.levels.len();
    let arrays = opened.levels.iter().flatten().map(|level| level.path().clone()).collect();
    let made = expected(&opened, about.shape)?;
    placement::check(&opened, &made, about, told, &mut found);
    let work = Work {
        source: Arc::clone(source),
        opened,
        made,
        place: place.clone(),
        ctx: Arc::clone(ctx),
        runtime: Handle::current(),
    };
    let done = off_the_reactor(move || {
        work.perform(&mut found)?;
        Ok(found)
    });
    Ok((done.await?, arrays))
}

/// The levels that the rule makes.
fn expected(opened: &Opened, [_, _, z, y, x]: [u64; 5]) -> Result<Vec<Reduced>, Fault> {
    let factors = opened.rule.factors.unwrap_or_else(|| placement::factors(&opened.image));
    let levels = u32::try_from(opened.levels.len()).unwrap_or(u32::MAX);
    let pyramid =
        Pyramid { factors, edge: opened.rule.edge, chunk: [1; 3], shard: None, levels: Some(levels) };
    pyramid
        .levels([z, y, x])
        .map_err(|_| Fault::new(Class::Corrupt, format!("images cannot be made smaller by {factors:?}")))
}

struct Work {
    source: Arc<tile::Tile>,
    opened: Opened,
    made: Vec<Reduced>,
    place: Place,
    ctx: Arc<Ctx>,
    runtime: Handle,
}

/// A box of a level: what it ought to hold, or what that is made of; and what is stored.
struct Ahead<T> {
    span: Span,
    ought: Ought<T>,
    stored: Vec<Packed>,
}

enum Ought<T> {
    Voxels(Vec<T>),
    Before(Span, Vec<Packed>),
}

/// What the voxels of a level ought to be.
enum From<'a> {
    Image(Source<'a>),
    Before(Chunks<'a>, Extent),
}

impl Work {
    fn perform(&self, found: &mut Tile) -> Result<(), Fault> {
        let mut usable = Vec::with_capacity(self.opened.levels.len());
        for number in 0..self.opened.levels.len() {
            let wrong = self.array(number);
            usable.push(wrong.is_none());
            found.differences.extend(wrong);
            let before = number == 0 || usable[number - 1];
            if !(usable[number] && before) {
                if usable[number] {
                    let what = "not compared: there is nothing to compare it with".to_owned();
                    found.differences.push(Difference::whole(Kind::Array, Some(number), what));
                }
                continue;
            }
            let tally = by_dtype!(self.source.dtype, T => self.level::<T>(number), else Err(Fault::new(
                Class::BadInput,
                format!("voxels of {} are not compared", self.source.dtype)
            )));
            match tally {
                Ok(tally) => found.take(number, tally),
                Err(fault) if passes(&fault) => return Err(fault),
                Err(fault) => {
                    found.differences.push(Difference::whole(Kind::Source, Some(number), fault.line()));
                    return Ok(());
                }
            }
        }
        if let Err(fault) = self.source.volume.finish() {
            found.differences.push(Difference::whole(Kind::Source, None, fault.line()));
        }
        Ok(())
    }

    /// Why the array of a level cannot be compared.
    fn array(&self, number: usize) -> Option<Difference> {
        let wrong = |what: String| Some(Difference::whole(Kind::Array, Some(number), what));
        let level = match &self.opened.levels[number] {
            Ok(level) => level,
            Err(fault) => return wrong(fault.line()),
        };
        if let Err(fault) = level.is_readable() {
            return wrong(fault.line());
        }
        let (shape, mut ought) = (level.shape(), self.source.about.shape);
        ought[2..].copy_from_slice(&self.made[number].shape);
        if shape != ought {
            return wrong(format!("its shape is {shape:?} and ought to be {ought:?}"));
        }
        let dtype = level.dtype();
        if dtype == Some(self.source.dtype) {
            return None;
        }
        let name = dtype.map_or_else(|| level.layout().dtype().to_string(), |dtype: Dtype| dtype.to_string());
        wrong(format!("its voxels are {name} and ought to be {}", self.source.dtype))
    }

    fn level<T: Sample + Into<f64>>(&self, number: usize) -> Result<Tally, Fault> {
        let [t, c, ..] = self.source.about.shape;
        let mut all = Tally::default();
        for at in (0..t).flat_map(|t| (0..c).map(move |c| [t, c])) {
            all.add(self.volume::<T>(number, at)?);
        }
        Ok(all)
    }

    /// One timepoint and channel. A thread reads ahead, one box at most.
    fn volume<T: Sample + Into<f64>>(&self, number: usize, at: [u64; 2]) -> Result<Tally, Fault> {
        let pool = &*self.ctx.pool;
        let look = Look { level: self.array_of(number)?, at, pool };
        std::thread::scope(|scope| {
            let (filled, arriving) = mpsc::sync_channel(0);
            let reading = scope.spawn(move || {
                let _inside = self.runtime.enter();
                self.read::<T>(number, at, &mut |ahead| filled.send(ahead).is_ok())
            });
            let mut tally = Tally::default();
            let mut failed = Ok(());
            for Ahead { span, ought, stored } in &arriving {
                match self.ought(number, at, span, ought) {
                    Ok(Some(voxels)) => tally.add(look.compare(span, &voxels, &stored)),
                    Ok(None) => tally.unknown += span.shape.iter().product::<u64>(),
                    Err(fault) => failed = Err(fault),
                }
                if failed.is_err() {
                    break;
                }
            }
            drop(arriving);
            let read = reading.join().map_err(|_| Fault::new(Class::Bug, "reading ended in a panic"))?;
            failed.and(read).map(|bytes| {
                tally.bytes += bytes;
                tally
            })
        })
    }

    fn array_of(&self, number: usize) -> Result<&opened::Level, Fault> {
        self.opened.levels[number].as_ref().map_err(Fault::clone)
    }

    /// Everything of a volume, box by box, until nobody wants more. Returns the bytes of the source.
    fn read<T: Sample>(
        &self,
        number: usize,
        at: [u64; 2],
        give: &mut dyn FnMut(Ahead<T>) -> bool,
    ) -> Result<u64, Fault> {
        let level = self.array_of(number)?;
        let lanes = self.ctx.settings.lanes;
        let stored = Chunks::new(&self.place, level, at, lanes);
        let mut from = match number.checked_sub(1) {
            None => From::Image(Source::Image(ImageSource::new(&self.source, at, &self.ctx.pool))),
            Some(before) => {
                let chunks = Chunks::new(&self.place, self.array_of(before)?, at, lanes);
                From::Before(chunks, self.made[number].step)
            }
        };
        let shape = self.made[number].shape;
        let mut bytes = 0;
        for span in boxes::all(shape, self.side(number, level)) {
            self.ctx.stop.check()?;
            let ought = match &mut from {
                From::Image(source) => {
                    let mut voxels = Vec::new();
                    source.read(span, &mut voxels)?;
                    bytes += (voxels.len() * self.source.volume.dtype().size()) as u64;
                    Ought::Voxels(voxels)
                }
                From::Before(chunks, step) => {
                    let before = widened(span, *step, self.made[number - 1].shape);
                    Ought::Before(before, self.runtime.block_on(chunks.fetch(before))?)
                }
            };
            let stored = self.runtime.block_on(stored.fetch(span))?;
            if !give(Ahead { span, ought, stored }) {
                break;
            }
        }
        Ok(bytes)
    }

    fn side(&self, number: usize, level: &opened::Level) -> Extent {
        let [_, _, z, y, x] = level.chunk();
        let item = self.source.dtype.size() as u64;
        let (piece, item) = match number {
            0 => (self.source.volume.piece(), item),
            // The box of the level before is what takes memory.
            _ => ([1; 3], item * self.made[number].step.iter().product::<u64>()),
        };
        boxes::side(self.made[number].shape, [z, y, x], piece, item, [BOX, PIECES])
    }

    /// What a box ought to hold; `None` where that cannot be known.
    fn ought<T: Sample>(
        &self,
        number: usize,
        at: [u64; 2],
        span: Span,
        ought: Ought<T>,
    ) -> Result<Option<Vec<T>>, Fault> {
        let (before, chunks) = match ought {
            Ought::Voxels(voxels) => return Ok(Some(voxels)),
            Ought::Before(before, chunks) => (before, chunks),
        };
        let pool = &*self.ctx.pool;
        let look = Look { level: self.array_of(number - 1)?, at, pool };
        let Some(voxels) = look.voxels::<T>(before, &chunks) else { return Ok(None) };
        let rule = self.opened.rule.downscale(self.made[number].step)?;
        reduced(&rule, &voxels, before.shape, span.shape, pool).map(Some)
    }
}

/// What of the level before makes a box.
fn widened(span: Span, step: Extent, before: Extent) -> Span {
    let start: Extent = std::array::from_fn(|axis| span.start[axis] * step[axis]);
    let end = |axis: usize| ((span.start[axis] + span.shape[axis]) * step[axis]).min(before[axis]);
    Span { start, shape: std::array::from_fn(|axis| end(axis) - start[axis]) }
}

impl Difference {
    pub(super) fn whole(kind: Kind, level: Option<usize>, what: String) -> Self {
        Self { kind, level, count: 1, first: None, what }
    }
}

impl Tile {
    /// What was found of a level.
    fn take(&mut self, number: usize, tally: Tally) {
        let Tally { voxels, bytes, differ, first, missing, broken, unknown } = tally;
        self.voxels += voxels;
        self.bytes += bytes;
        let mut add = |kind, count, first, what| {
            self.differences.push(Difference { kind, level: Some(number), count, first, what });
        };
        let at = |chunk: &Option<(Extent, String)>| chunk.as_ref().map_or("", |(_, what)| what).to_owned();
        if broken.count > 0 {
            let what = format!(
                "{} cannot be read, the first: {}",
                counted(broken.count, "chunk"),
                at(&broken.first)
            );
            add(Kind::Chunks, broken.count, None, what);
        }
        if missing.count > 0 {
            let what = format!(
                "{} missing where voxels are not the fill value, the first: {}",
                counted(missing.count, "chunk"),
                at(&missing.first)
            );
            add(Kind::MissingChunks, missing.count, None, what);
        }
        if let Some(first) = first {
            let [z, y, x] = first.voxel;
            let rule = if number == 0 { "the source" } else { "the rule applied to the level before" };
            let what = format!(
                "{} differ from {rule}, the first at z {z}, y {y}, x {x}: {} expected, {} found",
                counted(differ, "voxel"),
                first.expected,
                first.found
            );
            add(Kind::Voxels, differ, Some(first), what);
        }
        if unknown > 0 {
            let what = format!(
                "{} not compared, since the level before cannot be read there",
                counted(unknown, "voxel")
            );
            add(Kind::Voxels, unknown, None, what);
        }
    }
}

fn counted(count: u64, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}
