//! Damaged files by the million, see `adt_testkit::fuzz`: half of them without a look at the checksums, else no change of the newer
//! kind of index would come through.

use std::fs;

use adt_model::Fault;
use adt_testkit::fuzz::{Corpus, fuzz};
use camino::Utf8Path;

use super::*;
use crate::image::Region;

/// What a file of a few kilobytes may make us allocate: a table of chunks of a megabyte, and chunks a thousand times as large as
/// they are stored.
const ROOM: u64 = 128 << 20;

/// Reads some planes, and pieces of some.
fn look(path: &Utf8Path, checked: bool) -> Result<(), Fault> {
    let seen = fs::metadata(path).unwrap();
    let file = SteadyFile::open(path, seen.len(), seen.modified().unwrap().try_into().unwrap())?;
    let mut source = Source::open(file)?;
    source.checked = checked;
    let imaris = Imaris::within(source)?;
    let [times, channels, z, y, x] = imaris.shape();
    let mut reader = imaris.reader();
    let mut result = Ok(());
    for (t, c, z) in [(0, 0, 0), (times - 1, channels - 1, z - 1), (times / 2, channels / 2, z / 2)] {
        let (y, x) = (y / 2..y.min(y / 2 + 100), x.saturating_sub(100)..x);
        let region = Region { t, c, z: z..z + 1, y, x };
        let mut out = vec![0; region.voxels() as usize * imaris.dtype().size()];
        result = result.and(reader.read(&region, &mut out));
    }
    result.and(imaris.finish())
}

#[test]
fn damaged_files() {
    let folder = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/imaris");
    let good =
        ["new", "old", "many", "sums"].map(|name| fs::read(folder.join(format!("{name}.ims"))).unwrap());
    let words: [&[u8]; 8] = [
        b"TREE\x01\x01",
        b"TREE\x01\0",
        b"OCHK",
        b"FHIB",
        b"BTIN",
        b"SNOD\x01\0\xff\xff",
        b"\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x10\0\x10\0",
    ];
    let corpus = Corpus::new(good.into()).with_words(&words);
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8Path::from_path(folder.path()).unwrap().join("x.ims");
    fuzz("imaris::tests::damaged_files", ROOM, |seed| {
        let checked = seed.below(2) == 0;
        fs::write(&path, corpus.changed(seed)).unwrap();
        look(&path, checked).is_ok()
    });
}
