//! Places that are, or hold, one another: nothing is lost, and nothing replaces what is still to be copied.

use fs_err as fs;
use rstest::rstest;

use crate::moving::{Kind, Site};

/// In a folder and in a bucket: `tree/a`, and deeper another one of the same name below a folder of the same name.
fn site() -> Site {
    let site = Site::new();
    for root in ["work", "store/recordings"] {
        for (name, text) in
            [("tree/a", "the outer one"), ("tree/deep/a", "inner"), ("tree/deep/deep/a", "innermost")]
        {
            site.desk.write(&format!("{root}/{name}"), text);
        }
    }
    site
}

fn is_whole(site: &Site, root: &str) -> bool {
    let text = |name: &str| fs::read_to_string(site.desk.root.join(root).join(name)).unwrap_or_default();
    text("tree/a") == "the outer one"
        && text("tree/deep/a") == "inner"
        && text("tree/deep/deep/a") == "innermost"
}

/// By other spellings, too.
#[rstest]
#[case::a_folder("tree", "tree")]
#[case::a_folder_with_a_slash("tree", "tree/")]
#[case::a_folder_by_its_parent("tree", "tree/deep/..")]
#[case::a_folder_into_itself("tree", "tree/below")]
#[case::a_file("tree/a", "tree/a")]
#[case::a_file_into_its_folder("tree/a", "tree/")]
#[case::a_file_into_its_folder_without_a_slash("tree/a", "tree")]
fn a_move_onto_itself_loses_nothing(
    #[case] from: &str,
    #[case] to: &str,
    #[values(Kind::Disk, Kind::S3)] kind: Kind,
    #[values(false, true)] two_endpoints: bool,
) {
    let site = site();
    let root = if kind == Kind::S3 { "s3://recordings/" } else { "" };
    if kind == Kind::S3 && to.contains("..") || kind == Kind::Disk && two_endpoints {
        return;
    }
    let (from, to) = (format!("{root}{from}"), format!("{root}{to}"));
    let endpoint = site.desk.endpoint().replace("127.0.0.1", "localhost");
    let more = if two_endpoints { vec!["--source-endpoint-url", &endpoint] } else { Vec::new() };
    let said = site.adt(&[&["move", &from, &to], &more[..]].concat());
    assert_ne!(said.code, Some(0), "{said:#?}");
    assert!(is_whole(&site, "work") && is_whole(&site, "store/recordings"), "{said:#?}");
}

/// The copy of `tree/deep/deep/a` would be `tree/deep/a`, which is an object of the source.
#[rstest]
fn a_copy_never_replaces_an_object_of_its_source(
    #[values(Kind::Disk, Kind::S3)] kind: Kind,
    #[values("copy", "sync", "move")] verb: &str,
) {
    let site = site();
    let (root, place) = match kind {
        Kind::S3 => ("store/recordings", "s3://recordings/"),
        _ => ("work", ""),
    };
    let said = site.adt(&[verb, &format!("{place}tree/deep"), &format!("{place}tree")]).ends(1);
    let said = said.says("deep/a").says("inside of the source");
    let text = |name: &str| fs::read_to_string(site.desk.root.join(root).join(name)).unwrap();
    assert_eq!(
        (text("tree/deep/a"), text("tree/deep/deep/a")),
        ("inner".into(), "innermost".into()),
        "{said:#?}"
    );
    // What does not come into the source is copied; it was there, and is replaced as in any copy.
    assert_eq!(text("tree/a"), "inner");
    let args = [verb, &format!("{place}tree/deep"), &format!("{place}tree"), "--exclude", "/deep"];
    site.adt(&args).ends(0);
}

/// Up from a folder into the one above, as `mv deep/* .` does it.
#[rstest]
fn a_move_into_the_folder_above_is_done(#[values(Kind::Disk, Kind::S3)] kind: Kind) {
    let site = Site::new();
    let (root, place) = match kind {
        Kind::S3 => ("store/recordings", "s3://recordings/"),
        _ => ("work", ""),
    };
    for name in ["b", "c/d"] {
        site.desk.write(&format!("{root}/tree/deep/{name}"), name);
    }
    site.adt(&["move", &format!("{place}tree/deep"), &format!("{place}tree")]).ends(0);
    for name in ["b", "c/d"] {
        assert_eq!(fs::read_to_string(site.desk.root.join(root).join("tree").join(name)).unwrap(), name);
        assert!(!site.desk.root.join(root).join("tree/deep").join(name).exists());
    }
}
