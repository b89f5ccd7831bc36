//! Which files of a behaviour folder show people, and are therefore sent encrypted only.

/// Ends of the names that the rigs give to videos.
const VIDEOS: [&str; 4] = [".mp4", ".mov", ".wmv", ".avi"];

/// Ends of the names of other videos.
const OTHERS: [&str; 16] = [
    ".mkv", ".m4v", ".mpg", ".mpeg", ".webm", ".flv", ".mj2", ".mjpeg", ".h264", ".h265", ".264", ".265",
    ".mts", ".m2ts", ".3gp", ".ogv",
];

/// Whether a file is a video, by the end of its name (or path) in any letter case: `.mp4`, `.mov`, `.wmv` or `.avi`.
pub fn is_video(name: &str) -> bool {
    ends(name, &VIDEOS)
}

/// Whether a file that is none of [these](is_video) has the name of a video all the same, such as `.mkv`.
pub fn is_other_video(name: &str) -> bool {
    ends(name, &OTHERS)
}

fn ends(name: &str, known: &[&str]) -> bool {
    let name = name.as_bytes();
    known.iter().any(|end| {
        name.len().checked_sub(end.len()).is_some_and(|at| name[at..].eq_ignore_ascii_case(end.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("body.mp4", true)]
    #[case("Eye/FACE.AVI", true)]
    #[case("a.Mov", true)]
    #[case("a.wmv", true)]
    #[case(".mp4", true)]
    #[case("a.mp4.csv", false)]
    #[case("mp4", false)]
    #[case("a.mkv", false)]
    #[case("ö", false)]
    #[case("", false)]
    fn videos_are_known_by_the_end_of_their_name(#[case] name: &str, #[case] video: bool) {
        assert_eq!(is_video(name), video);
    }

    #[rstest]
    #[case("a.MKV", true)]
    #[case("Eye/a.h264", true)]
    #[case("a.mp4", false)]
    #[case("a.csv", false)]
    fn other_videos_are_known_too(#[case] name: &str, #[case] video: bool) {
        assert_eq!(is_other_video(name), video);
    }
}
