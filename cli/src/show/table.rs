//! The closing account: a row for each job, then what failed and what to do.

use adt_engine::Summary;
use adt_model::{ByteSize, JobEnd, Listed, Moved};

use super::{clean, count};

/// The whole account; with `only_failures`, nothing for what went well, except what was left out of it.
pub(crate) fn summary(summary: &Summary, only_failures: bool) -> String {
    let mut text = String::new();
    if !only_failures && !summary.rows.is_empty() {
        let rows: Vec<[String; 6]> = summary.rows.iter().map(cells).collect();
        text.push('\n');
        text.push_str(&columns(&["result", "asset", "objects", "sent", "took", "rate"], &rows));
    }
    left_out(summary, &mut text);
    // Others have seen them as they came.
    if only_failures {
        doubts(summary, &mut text);
    }
    failures(summary, &mut text);
    if !only_failures {
        text.push_str(&closing(summary));
    }
    text
}

fn cells(row: &adt_engine::run::Row) -> [String; 6] {
    let (ended, moved) = (&row.ended, &row.ended.moved);
    let mut objects = match moved.objects_kept {
        0 => moved.objects_sent.to_string(),
        kept => format!("{} + {kept} kept", moved.objects_sent),
    };
    for (count, what) in
        moved.listing.map_or([(0, ""); 2], |l| [(l.failed, "FAILED"), (l.deleted, "removed")])
    {
        if count > 0 {
            part!(objects, ", {count} {what}");
        }
    }
    [
        word(ended.end).to_owned(),
        row.asset.clone(),
        objects,
        ByteSize(moved.bytes_sent).to_string(),
        duration(ended.seconds),
        speed(moved.bytes_sent, ended.seconds),
    ]
}

/// The result in one word.
pub(super) fn word(end: JobEnd) -> &'static str {
    match end {
        JobEnd::Done => "done",
        JobEnd::Skipped => "skipped",
        JobEnd::Rehearsed => "dry run",
        JobEnd::Failed => "FAILED",
        JobEnd::Interrupted => "stopped",
    }
}

/// What of the sources is not in the assets: without this, `done` would say too much.
fn left_out(summary: &Summary, text: &mut String) {
    for row in &summary.rows {
        let left_out = &row.ended.left_out;
        if !left_out.is_empty() {
            line!(text);
            line!(text, "{}: {} not uploaded", row.name, count(left_out.count, "source item"));
            for line in left_out.lines() {
                line!(text, "  {line}");
            }
        }
    }
}

fn doubts(summary: &Summary, text: &mut String) {
    for row in &summary.rows {
        for doubt in &row.doubts {
            line!(text, "{}: {doubt}", row.name);
        }
    }
}

fn failures(summary: &Summary, text: &mut String) {
    for row in summary.rows.iter().filter(|row| row.ended.end == JobEnd::Failed) {
        line!(text);
        line!(text, "FAILED: {} ({})", row.name, row.origin);
        reason(row, text);
    }
    // What was stopped has few reasons for many rows, so each reason is said once.
    let mut stopped: Vec<(&adt_engine::run::Row, u64)> = Vec::new();
    for row in summary.rows.iter().filter(|row| row.ended.end == JobEnd::Interrupted) {
        match stopped.iter_mut().find(|(first, _)| first.ended.fault == row.ended.fault) {
            Some((_, times)) => *times += 1,
            None => stopped.push((row, 1)),
        }
    }
    for (row, times) in stopped {
        line!(text);
        line!(text, "stopped: {}", count(times, "job"));
        reason(row, text);
    }
}

fn reason(row: &adt_engine::run::Row, text: &mut String) {
    if let Some(fault) = &row.ended.fault {
        line!(text, "  {fault}");
    }
    if let Some(help) = &row.ended.help {
        line!(text, "  help: {help}");
    }
}

fn closing(summary: &Summary) -> String {
    let count = |end, what: &str| match summary.count(end) {
        0 => None,
        n => Some(format!("{n} {what}")),
    };
    let parts: Vec<_> = [
        count(JobEnd::Done, "done"),
        count(JobEnd::Rehearsed, "rehearsed"),
        count(JobEnd::Skipped, "skipped (done by an earlier run)"),
        count(JobEnd::Failed, "failed"),
        count(JobEnd::Interrupted, "stopped"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() {
        "nothing to do: the list holds no jobs\n".into()
    } else {
        format!("\n{}\n", parts.join(", "))
    }
}

/// Left-aligned columns, as wide as their widest cell.
pub(super) fn columns<const N: usize>(head: &[&str; N], rows: &[[String; N]]) -> String {
    let rows: Vec<[String; N]> = rows.iter().map(|row| row.each_ref().map(|text| cell(text))).collect();
    let mut widths = head.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(clean::width(cell));
        }
    }
    let mut text = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells: Vec<_> = cells.zip(widths).map(|(cell, width)| padded(cell, width)).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    };
    line(&mut head.iter().copied());
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
    text
}

/// Columns that a cell takes at most; of a longer text the middle is left out.
const WIDEST: usize = 200;

fn cell(text: &str) -> String {
    clean::shortened(&clean::line(text), WIDEST).into_owned()
}

fn padded(cell: &str, width: usize) -> String {
    let blanks = width.saturating_sub(clean::width(cell));
    format!("{cell}{}", " ".repeat(blanks))
}

/// Bytes a second, for showing.
pub(super) fn speed(bytes: u64, seconds: f64) -> String {
    if seconds <= 0.0 || bytes == 0 {
        return "-".into();
    }
    format!("{}/s", ByteSize((bytes as f64 / seconds) as u64))
}

/// Samples of recordings, for showing: `820 samples`, `11.5 M samples`.
pub(super) fn samples(count: u64) -> String {
    let (unit, scale) = match count {
        0..10_000 => return format!("{count} samples"),
        10_000..10_000_000 => ("k", 1e3),
        10_000_000..10_000_000_000 => ("M", 1e6),
        _ => ("G", 1e9),
    };
    format!("{:.1} {unit} samples", count as f64 / scale)
}

/// Objects done of those found: `1200 of 3400 objects`, and `found so far` while the listing goes on.
pub(super) fn objects(moved: &Moved, listing: &Listed) -> String {
    let done = moved.objects_sent + moved.objects_kept;
    let so_far = if listing.all { "" } else { " found so far" };
    let failed = if listing.failed > 0 { format!(", {} FAILED", listing.failed) } else { String::new() };
    format!("{done} of {}{so_far}{failed}", count(listing.objects, "object"))
}

/// A part of a whole, rounded down.
pub(super) fn percent(part: u64, whole: u64) -> String {
    let hundredths = (u128::from(part) * 100).checked_div(u128::from(whole)).unwrap_or(100);
    format!("{} %", hundredths.min(100))
}

/// Seconds for showing: `4.2 s`, `3 min 5 s`, `2 h 7 min`.
pub(super) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        _ if seconds < 59.95 => format!("{seconds:.1} s"),
        0..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn cells_are_aligned_by_what_is_seen_of_them() {
        let rows = [["漢字".to_owned(), "x".to_owned()], ["e\u{301}".to_owned(), "a\u{1b}[2J\n".to_owned()]];
        assert_eq!(columns(&["name", "state"], &rows), "name  state\n漢字  x\ne\u{301}     a\\u{1b}[2J\\n\n");
    }

    #[test]
    fn a_very_long_name_does_not_break_the_table() {
        let rows = [["x".repeat(70_000), "done".to_owned()], ["漢".repeat(70_000), "\n".repeat(70_000)]];
        let table = columns(&["asset", "result"], &rows);
        assert!(table.lines().count() == 3 && table.lines().all(|line| clean::width(line) <= 2 * WIDEST + 2));
    }

    #[rstest]
    #[case(0, 0, "100 %")]
    #[case(1, 3, "33 %")]
    #[case(u64::MAX, u64::MAX, "100 %")]
    #[case(4, 3, "100 %")]
    fn parts_are_never_more_than_the_whole(#[case] part: u64, #[case] whole: u64, #[case] shown: &str) {
        assert_eq!(percent(part, whole), shown);
    }

    #[rstest]
    #[case(820, "820 samples")]
    #[case(30_000, "30.0 k samples")]
    #[case(11_520_000, "11.5 M samples")]
    #[case(41_472_000_000, "41.5 G samples")]
    fn samples_are_short(#[case] count: u64, #[case] shown: &str) {
        assert_eq!(samples(count), shown);
    }

    #[rstest]
    #[case(0.04, "0.0 s")]
    #[case(4.25, "4.2 s")]
    #[case(59.97, "1 min 0 s")]
    #[case(185.0, "3 min 5 s")]
    #[case(7620.0, "2 h 7 min")]
    fn durations_are_short(#[case] seconds: f64, #[case] shown: &str) {
        assert_eq!(duration(seconds), shown);
    }
}
