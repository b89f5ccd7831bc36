//! The end: every item has its marker, the destination holds what the markers say, and only then are the groups described as
//! images. No reader sees half a pyramid.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use adt_codec::Intensities;
use adt_formats::{
    image::Dtype,
    ome::{Channel, Colour, Image, Method, Origin, Version, Window, neuroglancer},
};
use adt_ledger::ObjectState;
use adt_model::{Class, Fault, Key, Location, Rounding, ZarrFormat};
use futures::{StreamExt, TryStreamExt};
use serde_json::{Map, Number, Value};

use super::{
    array::{self, below},
    container::{Container, Identity, incomplete},
    marker::{Levels, Made},
    sample::{Sample, by_dtype, range},
    tile::Tile,
    written::{TileWritten, Written},
};

/// What is shown black and what in full colour, percent of the voxels.
const SHOWN: [f64; 2] = [1.0, 99.8];

/// Of channels whose wavelength nobody knows, when there are several.
const COLOURS: [[u8; 3]; 6] =
    [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 0, 255], [0, 255, 255], [255, 255, 0]];

impl Container {
    /// Describes every tile whose items are all done, and removes plan and markers when nothing is left to do. `home` is where the
    /// container will be, for links; `document` the key of the link's state.
    pub(crate) async fn finish(&self, home: &Location, document: &Key) -> Result<Written, Fault> {
        if let Some(written) = &self.ended {
            self.still_holds(written).await?;
            self.tidy().await?;
            return Ok(written.clone());
        }
        for stage in 0..self.stages() {
            let lacking = self.lacking(stage).await?;
            if lacking > 0 {
                return Err(incomplete(lacking, stage));
            }
        }
        let mut written = Written::default();
        for number in 0..self.tiles.len() {
            if let Some(levels) = self.finished.get(&number) {
                written.tiles.push(self.account(number, levels));
            } else if !self.is_broken(number) {
                written.tiles.push(self.finish_tile(number).await?);
            }
        }
        let broken: Vec<String> =
            self.broken.lock().expect("nobody panics while holding it").values().cloned().collect();
        if let (Some(range), false) = (self.config.link, written.tiles.is_empty()) {
            written.link = Some(self.link(range, home, document).await?);
        }
        if broken.is_empty() {
            self.markers.end(self.hash(), &written).await?;
            self.tidy().await?;
        }
        written.missing = broken;
        Ok(written)
    }

    /// Removes plan and markers. Where the container is a part of work that is shared, the journal's entry stays until that has ended.
    async fn tidy(&self) -> Result<(), Fault> {
        let shared = Key::parse(".adt-work/plan.json").expect("words and a slash are a key");
        if self.out.place().head(&shared).await?.is_some() {
            return self.markers.clear_all_but(&HashSet::new()).await;
        }
        self.markers.clear().await
    }

    /// Fails where the destination does not hold what was written any more.
    async fn still_holds(&self, written: &Written) -> Result<(), Fault> {
        let groups: HashMap<&str, &Arc<Tile>> =
            self.tiles.iter().map(|tile| (tile.about.group.as_str(), tile)).collect();
        for said in &written.tiles {
            let found = match groups.get(said.group.as_str()) {
                Some(tile) => self.found(tile).await?.0,
                None => Levels::new(),
            };
            let objects: u64 = found.values().map(|wrote| wrote.objects).sum();
            let bytes: u64 = found.values().map(|wrote| wrote.bytes).sum();
            if (objects, bytes) != (said.objects, said.bytes_out) {
                self.markers.reopen().await?;
                let what = format!(
                    "`{}` lists {objects} objects with {bytes} bytes, not the {} objects with {} bytes that were written",
                    said.group, said.objects, said.bytes_out
                );
                return Err(
                    Fault::new(Class::Corrupt, what).help("run the same command again to make it anew")
                );
            }
        }
        Ok(())
    }

    async fn finish_tile(&self, number: usize) -> Result<TileWritten, Fault> {
        let tile = &self.tiles[number];
        let all = self.counts(number).flat_map(|(stage, items)| (0..items).map(move |item| (stage, item)));
        let reading = all.map(|(stage, item)| {
            let (markers, hash) = (self.markers.clone(), self.identities[number].hash.clone());
            async move { markers.read(stage, (&hash, item)).await }
        });
        let made: Vec<Made> =
            futures::stream::iter(reading).buffered(self.out.ctx().settings.lanes).try_collect().await?;
        let levels = match self.holds(tile, &made).await {
            // What its markers say is not so: it is made again.
            Err(fault) if fault.class() == Class::Corrupt => {
                let others = self.identities.iter().enumerate().filter(|(other, _)| *other != number);
                let others = others.map(|(_, identity)| identity.hash.as_str()).collect();
                self.markers.clear_all_but(&others).await?;
                return Err(fault);
            }
            levels => levels?,
        };
        let attributes = self.describe(tile, &made)?;
        let documents = array::group(tile.folder.as_ref(), self.config.format, Some(&attributes));
        self.send(documents, self.identities[number].described).await?;
        Ok(self.account(number, &levels))
    }

    /// Tiles that an earlier run has finished: described, and the ledger, which was held against the destination's listing when this run
    /// began, has every object of theirs.
    pub(super) fn finished_earlier(&self) -> Result<BTreeMap<usize, Levels>, Fault> {
        let mut finished: BTreeMap<usize, Levels> = BTreeMap::new();
        let Some(row) = self.out.row() else { return Ok(finished) };
        for (number, tile) in self.tiles.iter().enumerate() {
            if self.is_described(tile, &self.identities[number])? {
                finished.insert(number, Levels::new());
            }
        }
        if finished.is_empty() {
            return Ok(finished);
        }
        let folders: HashMap<&str, usize> =
            finished.keys().map(|number| (self.folder_of(*number), *number)).collect();
        let mut seen: BTreeMap<usize, Levels> = BTreeMap::new();
        let ledger = &self.out.ctx().ledger;
        ledger.flush()?;
        ledger.objects(row, &mut |object| {
            let Some((tile, name)) = within(&folders, object.key.as_str()) else { return Ok(()) };
            if let (At::Chunk(level), ObjectState::Confirmed) =
                (place_of(&self.tiles[tile], name), object.state)
            {
                let sum = seen.entry(tile).or_default().entry(level).or_default();
                sum.objects += 1;
                sum.bytes += object.size;
            }
            Ok(())
        })?;
        finished.retain(|tile, levels| {
            *levels = seen.remove(tile).unwrap_or_default();
            self.tiles[*tile].has_all(levels)
        });
        Ok(finished)
    }

    /// Whether every document of a tile stands, as it is when the tile is finished.
    fn is_described(&self, tile: &Tile, identity: &Identity) -> Result<bool, Fault> {
        let (folder, format) = (tile.folder.as_ref(), self.config.format);
        let described = array::group(folder, format, Some(&Map::new()));
        let plain = if format == ZarrFormat::V2 { array::group(folder, format, None) } else { Vec::new() };
        let arrays = tile.arrays.iter().map(array::Array::metadata);
        let of = |made| move |(key, _): (Key, Vec<u8>)| (key, made);
        let described = described.into_iter().map(of(identity.described));
        let beside = plain.into_iter().map(of(self.made)).chain(arrays.map(of(identity.made)));
        for (key, made) in described.chain(beside) {
            if self.out.stands(&key, made)?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn folder_of(&self, tile: usize) -> &str {
        self.tiles[tile].folder.as_ref().map_or("", Key::as_str)
    }

    fn account(&self, number: usize, levels: &Levels) -> TileWritten {
        let tile = &self.tiles[number];
        let times = self.times.lock().expect("nobody panics while holding it").get(&number).copied();
        TileWritten {
            group: tile.about.group.clone(),
            file: tile.about.file.clone(),
            shape: tile.about.shape,
            dtype: tile.about.dtype.clone(),
            chunk: tile.about.chunk,
            voxel: tile.about.voxel,
            voxel_from: tile.about.voxel_from.clone(),
            origin: tile.about.origin,
            origin_from: tile.about.origin_from.clone(),
            levels: tile.about.levels as u64,
            objects: levels.values().map(|wrote| wrote.objects).sum(),
            bytes_in: tile.about.shape.iter().product::<u64>() * tile.volume.dtype().size() as u64,
            bytes_out: levels.values().map(|wrote| wrote.bytes).sum(),
            bytes_level0: levels.get(&0).map_or(0, |wrote| wrote.bytes),
            item: tile.dtype.size() as u64,
            seconds: times.map(|[began, ended]| ended.duration_since(began).as_secs_f64()),
        }
    }

    /// The destination lists as many objects and bytes of each level as the markers say, and nothing else below the group.
    async fn holds(&self, tile: &Tile, made: &[Made]) -> Result<Levels, Fault> {
        let mut said = Levels::new();
        for (level, wrote) in made.iter().flat_map(|made| &made.levels) {
            let sum = said.entry(*level).or_default();
            sum.objects += wrote.objects;
            sum.bytes += wrote.bytes;
        }
        let (found, strange) = self.found(tile).await?;
        self.clear_away(tile, strange).await?;
        if said == found { Ok(said) } else { Err(not_held(&tile.about.group, &said, &found)) }
    }

    /// What the destination lists of a tile, and what of it is not the tile's.
    async fn found(&self, tile: &Tile) -> Result<(Levels, Vec<Key>), Fault> {
        let mut found = Levels::new();
        let place = match &tile.folder {
            Some(folder) => self.out.place().below(folder),
            None => self.out.place().clone(),
        };
        let mut pages = std::pin::pin!(place.list());
        let mut strange = Vec::new();
        while let Some(page) = pages.next().await {
            for object in page? {
                match place_of(tile, object.key.as_str()) {
                    At::Chunk(level) => {
                        let sum = found.entry(level).or_default();
                        sum.objects += 1;
                        sum.bytes += object.size;
                    }
                    At::Described => {}
                    At::Strange => strange.push(object.key),
                }
            }
        }
        Ok((found, strange))
    }

    /// Chunks of another shape that an earlier run of ours left; whatever else there is stays, and is told.
    async fn clear_away(&self, tile: &Tile, strange: Vec<Key>) -> Result<(), Fault> {
        let mut foreign = 0_u64;
        for name in strange {
            let key = tile.folder.as_ref().map_or_else(|| name.clone(), |folder| folder.join(&name));
            let ours = match self.out.row() {
                Some(row) => self.out.ctx().ledger.object(row, &key)?,
                None => None,
            };
            if ours.is_some_and(|row| row.state == ObjectState::Confirmed) {
                self.out.remove(&key).await?;
            } else {
                foreign += 1;
            }
        }
        if foreign > 0 {
            self.out.note(format!(
                "`{}`: {foreign} objects that are no part of it stand in its folder, and are left alone",
                tile.about.group
            ));
        }
        Ok(())
    }

    fn describe(&self, tile: &Tile, made: &[Made]) -> Result<Map<String, Value>, Fault> {
        let about = &tile.about;
        let unknown = || Fault::new(Class::Bug, "nobody shows voxels of this kind");
        let windows = by_dtype!(tile.dtype, T => windows::<T>(tile.dtype, made), else return Err(unknown()));
        let name =
            if about.group.is_empty() { last_part(self.out.place().location()) } else { about.group.clone() };
        let image = Image {
            channels: (0..about.shape[1] as usize).map(|c| channel(tile, c, &name, windows)).collect(),
            name,
            voxel: about.voxel,
            origin: about.origin,
            depth: about.shape[2],
            levels: tile.partition.levels().iter().map(|level| level.factor).collect(),
            method: method(self, self.out.ctx().version),
        };
        if self.config.strict_compat && self.config.format == ZarrFormat::V2 {
            let of = if about.group.is_empty() { Origin::N5 { computed: true } } else { Origin::Tile };
            return Ok(image.as_the_original(of));
        }
        Ok(image.attributes(match self.config.format {
            ZarrFormat::V2 => Version::V04,
            ZarrFormat::V3 => Version::V05,
        }))
    }

    /// The state that Neuroglancer opens. Returns the link to it.
    async fn link(&self, [low, high]: [u32; 2], home: &Location, document: &Key) -> Result<String, Fault> {
        let tiles = self.tiles.iter().enumerate().filter(|(number, _)| !self.is_broken(*number));
        let tiles: Vec<_> = tiles
            .map(|(_, tile)| neuroglancer::Tile { name: tile.about.group.clone(), voxel: tile.about.voxel })
            .collect();
        let container = self.under.as_ref().map_or_else(|| home.clone(), |under| home.join(under));
        let shown = home.join(document);
        let state = neuroglancer::state(&tiles, &container, &shown, &[Number::from(low), Number::from(high)]);
        let text = adt_formats::zarr::python_json_in_order(&state, 4);
        self.send(vec![(document.clone(), text)], self.made).await?;
        Ok(state["ng_link"].as_str().unwrap_or_default().to_owned())
    }
}

/// The tile in whose folder an object lies, and its name there.
fn within<'a>(folders: &HashMap<&str, usize>, key: &'a str) -> Option<(usize, &'a str)> {
    if let Some(tile) = folders.get("") {
        return Some((*tile, key));
    }
    let mut ends = key.match_indices('/').map(|(at, _)| at);
    ends.find_map(|end| Some((*folders.get(&key[..end])?, &key[end + 1..])))
}

/// What a name in a tile's folder is.
enum At {
    Chunk(usize),
    Described,
    Strange,
}

fn place_of(tile: &Tile, name: &str) -> At {
    const DOCUMENTS: [&str; 4] = [".zgroup", ".zattrs", ".zarray", "zarr.json"];
    if DOCUMENTS.contains(&name) || name.starts_with(".adt/") {
        return At::Described;
    }
    let Some((level, rest)) = name.split_once('/') else { return At::Strange };
    let Some(array) = level.parse().ok().and_then(|level: usize| tile.arrays.get(level)) else {
        return At::Strange;
    };
    if DOCUMENTS.contains(&rest) {
        return At::Described;
    }
    let rest = if array.sharded().is_some() { rest.strip_prefix("c/") } else { Some(rest) };
    let index: Option<Vec<u64>> =
        rest.and_then(|rest| rest.split('/').map(|part| part.parse().ok()).collect());
    let grid = |axis: usize| array.shape[axis].div_ceil(array.object[axis]);
    let within = |index: &[u64]| {
        let [t, c, ..] = tile.about.shape;
        let most = [t, c, grid(0), grid(1), grid(2)];
        index.len() == 5 && index.iter().zip(most).all(|(at, most)| *at < most)
    };
    match index {
        Some(index) if within(&index) => At::Chunk(level.parse().unwrap_or_default()),
        _ => At::Strange,
    }
}

fn windows<T: Sample>(dtype: Dtype, made: &[Made]) -> Window {
    let mut seen = Intensities::<T>::new();
    for (kind, count) in made.iter().flat_map(|made| &made.brightness) {
        seen.add(*kind, *count);
    }
    let at = |percent: f64| seen.percentile(percent).filter(|value| value.is_finite());
    let [min, max] = range(dtype).unwrap_or([at(0.0).unwrap_or(0.0), at(100.0).unwrap_or(1.0)]);
    let [start, end] = [at(SHOWN[0]).unwrap_or(min), at(SHOWN[1]).unwrap_or(max)];
    // A window of no width shows nothing.
    let end = if end > start { end } else { start + 1.0 };
    Window { min, max: max.max(end), start, end }
}

fn channel(tile: &Tile, number: usize, name: &str, window: Window) -> Channel {
    let about = &tile.about;
    let named = about.channels.get(number).filter(|name| !name.is_empty());
    // The name of a file tells that of its only channel.
    let of_the_file = about.wavelength.filter(|_| about.shape[1] == 1);
    let wavelength = of_the_file.or_else(|| named.and_then(|name| name.trim().parse().ok()));
    let colour = match wavelength {
        Some(wavelength) => Colour::of_wavelength(wavelength),
        None if about.shape[1] > 1 => Colour(COLOURS[number % COLOURS.len()]),
        None => Colour::WHITE,
    };
    let label = match (of_the_file, named) {
        (Some(wavelength), _) => wavelength.to_string(),
        (_, Some(named)) => named.clone(),
        _ => format!("Channel:{name}:{number}"),
    };
    Channel { label, colour, window }
}

fn method(container: &Container, version: &str) -> Method {
    let config = &container.config;
    let rounded = match config.rounding {
        Rounding::Floor => "rounded towards zero",
        Rounding::NearestEven => "rounded to the nearest, to even between two",
    };
    let settings = serde_json::json!({
        "factors": config.factors, "edge": config.edge, "rounding": config.rounding,
    });
    Method {
        kind: "mean".into(),
        description: format!("Each level is the mean of windows of the one before, {rounded}"),
        method: "adt imaging".into(),
        version: version.into(),
        settings: settings.as_object().cloned().unwrap_or_default(),
    }
}

fn last_part(location: &Location) -> String {
    let text = location.to_string();
    text.trim_end_matches('/').rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
}

fn not_held(group: &str, said: &Levels, found: &Levels) -> Fault {
    let total = |of: &Levels| {
        of.values().fold((0, 0), |(objects, bytes), wrote| (objects + wrote.objects, bytes + wrote.bytes))
    };
    let ((said, said_bytes), (found, found_bytes)) = (total(said), total(found));
    Fault::new(
        Class::Corrupt,
        format!(
            "`{group}` at the destination is not what was written: {found} chunks of {found_bytes} bytes where \
             {said} of {said_bytes} bytes were"
        ),
    )
    .help("something was removed or written there since; the same command again makes this image again")
}

/// The key of the document that a link leads to. A container beside another has one of its own, such as `process_output_SPIM1.json`.
pub(crate) fn link_document(under: Option<&Key>, alone: bool) -> Key {
    let name = under.and_then(|under| under.as_str().strip_suffix(".ome.zarr")).filter(|_| !alone);
    below(
        None,
        &name.map_or_else(|| "process_output.json".to_owned(), |name| format!("process_output_{name}.json")),
    )
}
