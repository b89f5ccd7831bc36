//! Images, for people.

use adt_engine::imaging::{
    info::{Group, Image, Info, Level},
    mips::{Projected, Projection},
    validate::{Channel, Validated},
    verify::{Tile, Verified},
};
use adt_model::{ByteSize, Location};

use super::{count, not_read, table::columns};

/// A line for each group, then what is wrong; with `only_failures`, nothing of what is right.
pub(crate) fn verified(verified: &Verified, only_failures: bool) -> String {
    let mut text = String::new();
    let mut wrong = 0;
    for tile in &verified.tiles {
        wrong += u64::from(!tile.differences.is_empty());
        if !(only_failures && tile.differences.is_empty()) {
            one(tile, &mut text);
        }
    }
    for problem in &verified.problems {
        line!(text, "PROBLEM: {problem}");
    }
    not_read(&verified.left_out, &mut text);
    if only_failures {
        return text;
    }
    for note in &verified.notes {
        line!(text, "note: {note}");
    }
    let tiles = count(verified.tiles.len() as u64, "image");
    let voxels: u64 = verified.tiles.iter().map(|tile| tile.voxels).sum();
    let problems = match verified.problems.len() as u64 {
        0 => String::new(),
        problems => format!(", {}", count(problems, "problem")),
    };
    let outcome = match wrong {
        0 => format!("{tiles} compared, {} of all levels: no difference", count(voxels, "voxel")),
        wrong => format!("{tiles} compared, {wrong} with differences"),
    };
    line!(text);
    line!(text, "{outcome}{problems}");
    text
}

fn one(tile: &Tile, text: &mut String) {
    let word = if tile.differences.is_empty() { "equal" } else { "DIFFERENT" };
    let levels = count(tile.levels as u64, "level");
    let group = if tile.group.is_empty() { "(the place itself)" } else { &tile.group };
    line!(text, "{word}  {group}  {levels}, {}, of {}", count(tile.voxels, "voxel"), tile.file);
    for difference in &tile.differences {
        let level = difference.level.map(|level| format!("level {level}: ")).unwrap_or_default();
        line!(text, "  {level}{}", difference.what);
    }
    for note in &tile.notes {
        line!(text, "  note: {note}");
    }
}

/// Tables of images and of groups, and what is odd.
pub(crate) fn info(info: &Info) -> String {
    let mut text = String::new();
    if !info.images.is_empty() {
        let rows: Vec<_> = info.images.iter().map(image).collect();
        let head =
            ["file", "kind", "t,c,z,y,x", "voxels", "µm z,y,x", "origin µm", "piece", "bytes", "becomes"];
        text.push_str(&columns(&head, &rows));
        let bytes = info.images.iter().map(|image| image.bytes).sum();
        line!(text);
        line!(text, "{}, {}", count(info.images.len() as u64, "image"), ByteSize(bytes));
    }
    for one in &info.groups {
        group(one, &mut text);
    }
    for problem in &info.problems {
        line!(text);
        line!(text, "NOT READ: {problem}");
    }
    for note in &info.notes {
        line!(text);
        line!(text, "note: {note}");
    }
    not_read(&info.left_out, &mut text);
    text
}

fn image(image: &Image) -> [String; 9] {
    let [z, y, x] = &image.voxel_from;
    let from = if z == y && y == x { z.clone() } else { format!("{z}, {y}, {x}") };
    let channel = image.wavelength.map(|nanometres| format!(", {nanometres} nm")).unwrap_or_default();
    let named = match image.channels.join(", ") {
        names if names.is_empty() => String::new(),
        names => format!(" ({names})"),
    };
    [
        image.file.clone(),
        image.kind.clone(),
        format!("{}{named}", numbers(&image.shape)),
        image.dtype.clone(),
        format!("{} ({from})", lengths(image.voxel)),
        image.origin.map_or_else(|| "-".to_owned(), lengths),
        numbers(&image.piece),
        ByteSize(image.bytes).to_string(),
        format!("{} ({}{channel})", image.group, count(image.levels as u64, "level")),
    ]
}

fn group(group: &Group, text: &mut String) {
    let name = if group.group.is_empty() { "(the place itself)" } else { &group.group };
    if !text.is_empty() {
        text.push('\n');
    }
    let channels = match group.channels.join(", ") {
        names if names.is_empty() => String::new(),
        names => format!(", channels {names}"),
    };
    let zarr = group.levels.iter().find_map(|level| level.array.as_ref()).map_or(0, |array| array.zarr);
    let axes = group.axes.join(", ");
    line!(text, "{name}: Zarr {zarr}, OME-NGFF {}, axes {axes}{channels}", group.version);
    let rows: Vec<_> = group.levels.iter().map(level).collect();
    let head =
        ["level", "shape", "chunk", "shard", "voxels", "codec", "bytes", "µm z,y,x", "first voxel at µm"];
    text.push_str(&columns(&head, &rows));
}

fn level(level: &Level) -> [String; 9] {
    let array = level.array.as_ref();
    let of =
        |say: &dyn Fn(&adt_engine::imaging::info::Array) -> String| array.map_or_else(|| "?".to_owned(), say);
    let place = |known: Option<[f64; 3]>, raw: &[f64]| {
        let raw = || raw.iter().map(f64::to_string).collect::<Vec<_>>().join(",");
        known.map_or_else(raw, lengths)
    };
    [
        level.path.clone(),
        of(&|array| numbers(&array.shape)),
        of(&|array| numbers(&array.chunk)),
        of(&|array| array.shard.as_deref().map_or_else(|| "-".to_owned(), numbers)),
        of(&|array| array.dtype.clone()),
        of(&|array| array.codec.clone()),
        of(&|array| ByteSize(array.bytes).to_string()),
        place(level.voxel, &level.scale),
        place(level.origin, &level.translation),
    ]
}

fn numbers(numbers: &[u64]) -> String {
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
}

fn lengths(lengths: [f64; 3]) -> String {
    lengths.map(|length| length.to_string()).join(",")
}

/// A line for each image, then what is missing; with `only_failures`, nothing of what is there.
pub(crate) fn projected(projected: &Projected, to: &Location, only_failures: bool) -> String {
    let mut text = String::new();
    for problem in &projected.problems {
        line!(text, "NOT PROJECTED: {problem}");
    }
    not_read(&projected.left_out, &mut text);
    if only_failures {
        return text;
    }
    let row = |one: &Projection| {
        let [rows, columns] = one.shape;
        let made = if one.kept { "kept" } else { "made" };
        [made.to_owned(), one.tiff.to_string(), format!("{columns}×{rows}"), one.file.clone()]
    };
    let rows: Vec<_> = projected.projections.iter().map(row).collect();
    if !rows.is_empty() {
        text.push_str(&columns(&["", "projection", "pixels", "of"], &rows));
    }
    for note in &projected.notes {
        line!(text, "note: {note}");
    }
    let kept = projected.projections.iter().filter(|one| one.kept).count() as u64;
    let made = projected.projections.len() as u64 - kept;
    let kept = match kept {
        0 => String::new(),
        kept => format!("; {} stood there already (`--overwrite` makes them again)", count(kept, "other")),
    };
    line!(text);
    line!(text, "{} made in {to}, a PNG beside each{kept}", count(made, "projection"));
    text
}

/// A table of channels, then what is wrong; with `only_failures`, only that.
pub(crate) fn validated(found: &Validated, only_failures: bool) -> String {
    let mut text = String::new();
    if !only_failures {
        let rows: Vec<_> = found.channels.iter().map(channel).collect();
        let head = ["channel", "stacks", "planes", "of a stack", "plane", "apart", "bytes"];
        text.push_str(&columns(&head, &rows));
        text.push('\n');
    }
    for problem in &found.problems {
        line!(text, "PROBLEM: {problem}");
    }
    if only_failures {
        return text;
    }
    for note in &found.notes {
        line!(text, "note: {note}");
    }
    let channels = count(found.channels.len() as u64, "channel");
    let outcome = match found.problems.len() as u64 {
        0 => "no problems".to_owned(),
        problems => count(problems, "problem"),
    };
    line!(text, "{channels} in {}: {outcome}", found.folder);
    text
}

fn channel(channel: &Channel) -> [String; 7] {
    let [least, most] = channel.planes_of_a_stack;
    [
        channel.name.clone(),
        channel.stacks.to_string(),
        channel.planes.to_string(),
        if least == most { least.to_string() } else { format!("{least} to {most}") },
        channel.plane.map_or_else(|| "?".to_owned(), |plane| plane.to_string()),
        channel.step.map_or_else(|| "-".to_owned(), |step| format!("{} µm", step as f64 / 10.0)),
        ByteSize(channel.bytes).to_string(),
    ]
}
