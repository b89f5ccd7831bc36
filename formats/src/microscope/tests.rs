use super::*;
use rstest::rstest;

fn lab(files: &[&str]) -> (tempfile::TempDir, Utf8PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
    for file in files {
        let path = root.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, if file.contains("empty") { "" } else { "x" }).unwrap();
    }
    (folder, root)
}

fn shown(root: &Utf8Path, exclude: &[&str]) -> (Vec<String>, Vec<String>, Vec<String>) {
    let exclude: Vec<_> = exclude.iter().map(ToString::to_string).collect();
    let Some(tiles) = find(root, &Rules::default(), &exclude).unwrap() else { return <_>::default() };
    let groups = tiles.images.iter().flat_map(|image| &image.groups);
    let groups = groups.map(|(group, _)| group.as_ref().unwrap().to_string()).collect();
    let taken = tiles.taken.iter().map(|path| relative(root, path)).collect();
    (groups, taken, tiles.problems.iter().map(Fault::line).collect())
}

#[rstest]
#[case::rig(&["exaSPIM/b.ims", "exaSPIM/a.TIF", "derivatives/x.tif"], &["a.zarr", "b.zarr"], &["exaSPIM"])]
#[case::others(&["diSPIM/a.tiff", "diSPIM/.hidden"], &["a.zarr"], &["diSPIM/a.tiff"])]
#[case::direct(&["a.tiff", "notes/log.txt"], &["a.zarr"], &["a.tiff"])]
#[case::smartspim(
    &["SmartSPIM/Ex_488_Em_525/1/1_2/000000.png", "SmartSPIM/Ex_488_Em_525_MIP/1/1_2/000000.png"],
    &["Ex_488_Em_525/1_2.ome.zarr"], &["SmartSPIM/Ex_488_Em_525/1/1_2"]
)]
#[case::planes_and_others(
    &["Ex_488_Em_525/1/1_2/000000.png", "Ex_488_Em_525/1/1_2/log.txt"],
    &["Ex_488_Em_525/1_2.ome.zarr"], &["Ex_488_Em_525/1/1_2/000000.png"]
)]
#[case::nothing(&["a.txt", "b/c.tif"], &[], &[])]
fn images_are_found(#[case] files: &[&str], #[case] groups: &[&str], #[case] taken: &[&str]) {
    let (_folder, root) = lab(files);
    let (found, left, problems) = shown(&root, &[]);
    assert_eq!((found, left, problems), (strings(groups), strings(taken), vec![]));
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_excluded_is_left_alone() {
    let (_folder, root) = lab(&["micr/a_ch_488.tif", "micr/a_ch_561.tif"]);
    assert_eq!(shown(&root, &["*ch_561*"]).0, ["a_ch_488.zarr"]);
}

#[rstest]
#[case::stem(&["micr/a.tif", "micr/a.ims", "micr/b.tif"], "`micr/a.ims` and `micr/a.tif` would all become `a.zarr`")]
#[case::case(&["micr/a.tif", "micr/A.tif", "micr/b.tif"], "would all become `a.zarr`")]
#[case::empty(&["micr/empty.tif", "micr/b.tif"], "`micr/empty.tif` is empty")]
#[case::name(&["micr/c_ch_488_561.tif", "micr/b.tif"], "does not tell its place")]
fn what_cannot_be_converted_is_named_and_others_go_on(#[case] files: &[&str], #[case] problem: &str) {
    let (_folder, root) = lab(files);
    let (groups, _, problems) = shown(&root, &[]);
    assert_eq!(groups, ["b.zarr"]);
    assert!(problems[0].contains(problem), "{problems:?}");
}

#[test]
fn images_that_are_passed_over_are_told() {
    let (_folder, root) = lab(&["exaSPIM/a.tif", "exaSPIM/sub/b.tif", "micr/c.tif"]);
    let notes = find(&root, &Rules::default(), &[]).unwrap().unwrap().notes.join("; ");
    assert!(
        notes.contains("`exaSPIM/sub` holds images") && notes.contains("`micr` holds images too"),
        "{notes}"
    );
}

#[cfg(unix)]
mod links {
    use super::*;
    use crate::folder::Links;
    use std::os::unix::fs::symlink;

    /// A session whose images are on another disk: by links to files, to the folder of images, or to a stack of planes.
    fn linked(link: &str, target: &str) -> (tempfile::TempDir, Utf8PathBuf) {
        let files = [
            "disk/images/far.tif",
            "disk/1_2/000000.png",
            "session/exaSPIM/near.tif",
            "session/SmartSPIM/Ex_488_Em_525/1/1_3/000000.png",
        ];
        let (folder, root) = lab(&files);
        let root = root.canonicalize_utf8().unwrap();
        let link = root.join("session").join(link);
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(root.join(target), link).unwrap();
        (folder, root)
    }

    fn groups(root: &Utf8Path, rules: &Rules) -> (Vec<String>, usize) {
        let tiles = find(&root.join("session"), rules, &[]).unwrap().unwrap();
        let groups = tiles.images.iter().flat_map(|image| &image.groups);
        let mut groups: Vec<_> = groups.map(|(group, _)| group.as_ref().unwrap().to_string()).collect();
        groups.sort();
        (groups, tiles.problems.len())
    }

    #[rstest]
    #[case::a_file("exaSPIM/far.tif", "disk/images/far.tif", &["far.zarr", "near.zarr"], &["near.zarr"])]
    #[case::a_folder("micr", "disk/images", &["near.zarr"], &["near.zarr"])]
    fn images_behind_links_are_found_unless_links_are_skipped(
        #[case] link: &str,
        #[case] target: &str,
        #[case] followed: &[&str],
        #[case] skipped: &[&str],
        #[values("follow", "skip", "shielded", "left out")] way: &str,
    ) {
        let (_folder, root) = linked(link, target);
        let rules = match way {
            "follow" => Rules::default(),
            "skip" => Rules { links: Links::Skip, ..Rules::default() },
            "shielded" => Rules { shielded: vec![root.join("disk")], ..Rules::default() },
            _ => Rules::without(vec![root.join("disk")]),
        };
        let expected = if way == "follow" { followed } else { skipped };
        assert_eq!(groups(&root, &rules), (strings(expected), 0));
    }

    #[test]
    fn stacks_behind_links_are_found_unless_links_are_skipped() {
        let (_folder, root) = linked("SmartSPIM/Ex_488_Em_525/1/1_2", "disk/1_2");
        std::fs::remove_dir_all(root.join("session/exaSPIM")).unwrap();
        let all = strings(&["Ex_488_Em_525/1_2.ome.zarr", "Ex_488_Em_525/1_3.ome.zarr"]);
        assert_eq!(groups(&root, &Rules::default()), (all.clone(), 0));
        let skip = Rules { links: Links::Skip, ..Rules::default() };
        assert_eq!(groups(&root, &skip), (vec![all[1].clone()], 0));
    }

    #[test]
    fn a_stack_with_a_plane_that_is_left_out_is_a_problem() {
        let (_folder, root) = linked("SmartSPIM/Ex_488_Em_525/1/1_3/000001.png", "disk/1_2/000000.png");
        std::fs::remove_dir_all(root.join("session/exaSPIM")).unwrap();
        assert_eq!(groups(&root, &Rules::default()).1, 0);
        for rules in [
            Rules { links: Links::Skip, ..Rules::default() },
            Rules { shielded: vec![root.join("disk")], ..Rules::default() },
        ] {
            assert_eq!(groups(&root, &rules), (vec![], 1));
        }
    }
}
