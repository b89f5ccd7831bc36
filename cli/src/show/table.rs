//! The closing account: a row for each job, then what failed and what to do.

use std::fmt::Write;

use adt_engine::Summary;
use adt_model::{ByteSize, JobEnd};

use super::bars::speed;

/// The whole account; with `only_failures`, nothing for what went well.
pub(crate) fn summary(summary: &Summary, only_failures: bool) -> String {
    let mut text = String::new();
    if !only_failures && !summary.rows.is_empty() {
        let rows: Vec<[String; 6]> = summary.rows.iter().map(cells).collect();
        text.push('\n');
        text.push_str(&columns(&["result", "asset", "objects", "sent", "took", "rate"], &rows));
    }
    failures(summary, &mut text);
    if !only_failures {
        text.push_str(&closing(summary));
    }
    text
}

fn cells(row: &adt_engine::run::Row) -> [String; 6] {
    let (ended, moved) = (&row.ended, &row.ended.moved);
    let objects = match moved.objects_kept {
        0 => moved.objects_sent.to_string(),
        kept => format!("{} + {kept} kept", moved.objects_sent),
    };
    [
        word(ended.end).to_owned(),
        row.asset.clone(),
        objects,
        ByteSize(moved.bytes_sent).to_string(),
        duration(ended.seconds),
        speed(moved.bytes_read, ended.seconds),
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

fn failures(summary: &Summary, text: &mut String) {
    for row in &summary.rows {
        let Some(fault) = &row.ended.fault else { continue };
        let _ = write!(text, "\n{}: {} ({})\n  {fault}\n", word(row.ended.end), row.name, row.origin);
        if let Some(help) = &row.ended.help {
            let _ = writeln!(text, "  help: {help}");
        }
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
    let mut widths = head.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<_> = cells.zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        let _ = writeln!(text, "{}", padded.join("  ").trim_end());
    };
    line(&mut head.iter().copied());
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
    text
}

/// Seconds for showing: `4.2 s`, `3 min 5 s`, `2 h 7 min`.
pub(super) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{seconds:.1} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(0.04, "0.0 s")]
    #[case(4.25, "4.2 s")]
    #[case(185.0, "3 min 5 s")]
    #[case(7620.0, "2 h 7 min")]
    fn durations_are_short(#[case] seconds: f64, #[case] shown: &str) {
        assert_eq!(duration(seconds), shown);
    }
}
