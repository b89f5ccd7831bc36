//! Trees of files: made at random, and told apart.

use std::{
    collections::BTreeMap,
    io::{self, Read as _, Write as _},
};

use adt_model::Crc64;
use camino::Utf8Path;
use crc_fast::{CrcAlgorithm, Digest};
use fs_err as fs;

use crate::Seed;

/// What a tree is like.
#[derive(Clone, Debug)]
pub struct TreeSpec {
    /// Small files; every tenth is empty.
    pub files: u64,
    /// A small file has fewer bytes than this.
    pub max_size: u64,
    /// Folders below folders, at most.
    pub depth: u64,
    /// Bytes of one more file, `big.bin`; 0 for none.
    pub big_file: u64,
}

impl Default for TreeSpec {
    fn default() -> Self {
        Self { files: 50, max_size: 20_000, depth: 3, big_file: 0 }
    }
}

/// Parts of names that are right on every system and go wrong in many programs.
const WORDS: [&str; 10] = ["run", "probe A", "Käfig", "100%", "a+b", "#3", "x.y", "日本", "(old)", "e=mc&2"];

/// Makes a tree in a folder; the same specification and seed make the same tree.
pub fn random(folder: &Utf8Path, spec: &TreeSpec, seed: u64) -> io::Result<()> {
    let mut seed = Seed::new(seed);
    fs::create_dir_all(folder)?;
    for i in 0..spec.files {
        let mut path = folder.to_owned();
        for _ in 0..seed.below(spec.depth + 1) {
            path.push(WORDS[seed.below(WORDS.len() as u64) as usize]);
        }
        fs::create_dir_all(&path)?;
        // The number comes first, so no file has a folder's name.
        path.push(format!("{i:04} {}.bin", WORDS[seed.below(WORDS.len() as u64) as usize]));
        let size = if i % 10 == 0 { 0 } else { seed.below(spec.max_size) };
        file(&path, size, &mut seed)?;
    }
    if spec.big_file > 0 {
        file(&folder.join("big.bin"), spec.big_file, &mut seed)?;
    }
    Ok(())
}

/// Writes a file of random bytes.
fn file(path: &Utf8Path, size: u64, seed: &mut Seed) -> io::Result<()> {
    let mut out = fs::File::create(path)?;
    let mut block = vec![0; 1 << 16];
    let mut left = size;
    while left > 0 {
        let n = left.min(block.len() as u64);
        seed.fill(&mut block[..n as usize]);
        out.write_all(&block[..n as usize])?;
        left -= n;
    }
    Ok(())
}

/// Size and CRC64NVME of every file below a folder, by its path with `/`. Equal digests are equal trees.
pub fn digest(folder: &Utf8Path) -> io::Result<BTreeMap<String, (u64, Crc64)>> {
    let mut found = BTreeMap::new();
    below(folder, "", &mut found)?;
    Ok(found)
}

fn below(folder: &Utf8Path, key: &str, found: &mut BTreeMap<String, (u64, Crc64)>) -> io::Result<()> {
    for entry in folder.read_dir_utf8()? {
        let entry = entry?;
        let here = format!("{key}{}", entry.file_name());
        if entry.file_type()?.is_dir() {
            below(entry.path(), &format!("{here}/"), found)?;
        } else {
            found.insert(here, file_digest(entry.path())?);
        }
    }
    Ok(())
}

fn file_digest(path: &Utf8Path) -> io::Result<(u64, Crc64)> {
    let mut file = fs::File::open(path)?;
    let (mut crc, mut size) = (Digest::new(CrcAlgorithm::Crc64Nvme), 0);
    let mut block = vec![0; 1 << 18];
    loop {
        let n = file.read(&mut block)?;
        if n == 0 {
            return Ok((size, Crc64(crc.finalize())));
        }
        crc.update(&block[..n]);
        size += n as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest_of(spec: &TreeSpec, seed: u64) -> BTreeMap<String, (u64, Crc64)> {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        random(folder, spec, seed).unwrap();
        digest(folder).unwrap()
    }

    #[test]
    fn a_seed_is_a_tree() {
        let spec = TreeSpec { big_file: 200_001, ..TreeSpec::default() };
        let tree = digest_of(&spec, 3);
        assert_eq!(tree, digest_of(&spec, 3));
        assert_ne!(tree, digest_of(&spec, 4));
        assert_eq!((tree.len(), tree["big.bin"].0), (51, 200_001));
        assert_eq!(tree.values().filter(|(size, _)| *size == 0).count(), 5);
    }
}
