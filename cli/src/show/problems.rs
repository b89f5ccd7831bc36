//! Everything that is wrong with a job list, each with its row, column and value.

use std::fmt::Write;

use adt_model::Problem;

/// A paragraph for each problem and a closing line.
pub(crate) fn problems(problems: &[Problem]) -> String {
    let mut text = String::new();
    for problem in problems {
        let _ = write!(text, "{}", problem.origin);
        if !problem.column.is_empty() {
            let _ = write!(text, ", {}", problem.column);
        }
        if let Some(value) = &problem.value {
            let _ = write!(text, " = `{value}`");
        }
        let _ = writeln!(text, ": {}", problem.what);
        if !problem.valid.is_empty() {
            let _ = writeln!(text, "  {}", problem.valid);
        }
    }
    let n = problems.len();
    let word = if n == 1 { "problem" } else { "problems" };
    let _ = writeln!(text, "\n{n} {word}; nothing was started, nothing was written");
    text
}
