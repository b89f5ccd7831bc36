//! Names that stay below their folder.

/// The relative path that an entry's name means, with `/` between its parts; `None` for a name that leads elsewhere: `..`, an
/// absolute path, a drive (`C:`), no name at all, or a character that no file name has.
///
/// `\` counts as `/`, as it does for those who write it: it must not become a way out on Windows.
pub(super) fn below(name: &str) -> Option<String> {
    let name = name.replace('\\', "/");
    let drive = name.as_bytes().get(1) == Some(&b':');
    if name.starts_with('/') || drive || name.contains('\0') {
        return None;
    }
    let parts: Vec<_> = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.is_empty() || parts.contains(&"..") { None } else { Some(parts.join("/")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("body.mp4", Some("body.mp4"))]
    #[case("a/b/c d.mp4", Some("a/b/c d.mp4"))]
    #[case("./a//b/", Some("a/b"))]
    #[case("a\\b.mp4", Some("a/b.mp4"))]
    #[case("..mp4", Some("..mp4"))]
    #[case("../a", None)]
    #[case("a/../../b", None)]
    #[case("a/..", None)]
    #[case("..\\a", None)]
    #[case("/etc/passwd", None)]
    #[case("\\\\host\\share", None)]
    #[case("C:\\a", None)]
    #[case("c:a", None)]
    #[case("a\0.mp4", None)]
    #[case("", None)]
    #[case("./", None)]
    fn names_stay_below_their_folder(#[case] name: &str, #[case] path: Option<&str>) {
        assert_eq!(below(name).as_deref(), path);
    }
}
