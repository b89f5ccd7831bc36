//! Everything that is wrong with a job list, each with its row, column and value.

use adt_model::Problem;

use super::count;

/// A paragraph for each problem and a closing line. What is the same in many rows is said once.
pub(crate) fn problems(problems: &[Problem]) -> String {
    let mut groups: Vec<Vec<&Problem>> = Vec::new();
    for problem in problems {
        match groups.iter_mut().find(|group| is_same(group[0], problem)) {
            Some(group) => group.push(problem),
            None => groups.push(vec![problem]),
        }
    }
    let mut text: String = groups.iter().map(|group| paragraph(group)).collect();
    let n = count(problems.len() as u64, "problem");
    line!(text);
    line!(text, "{n}; nothing was started, nothing was written");
    text
}

fn is_same(a: &Problem, b: &Problem) -> bool {
    let said = |p: &Problem| (p.origin.source.clone(), p.column.clone(), p.value.clone(), p.what.clone());
    said(a) == said(b)
}

fn paragraph(group: &[&Problem]) -> String {
    let problem = group[0];
    let mut text = place(group);
    if !problem.column.is_empty() {
        part!(text, ", {}", problem.column);
    }
    if let Some(value) = &problem.value {
        part!(text, " = `{value}`");
    }
    line!(text, ": {}", problem.what);
    if !problem.valid.is_empty() {
        line!(text, "  {}", problem.valid);
    }
    text
}

/// `jobs.csv row 2`, `jobs.csv rows 2, 3, 5`.
fn place(group: &[&Problem]) -> String {
    let rows: Vec<_> = group.iter().filter_map(|p| p.origin.row).map(|row| row.to_string()).collect();
    match rows.as_slice() {
        [_, _, ..] => format!("{} rows {}", group[0].origin.source, rows.join(", ")),
        _ => group[0].origin.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adt_model::{Origin, ProblemKind};

    fn problem(row: u64, value: &str) -> Problem {
        Problem {
            origin: Origin { source: "jobs.csv".into(), row: Some(row) },
            column: "platform".into(),
            value: Some(value.into()),
            what: "no such platform".into(),
            valid: "SmartSPIM".into(),
            kind: ProblemKind::Written,
        }
    }

    #[test]
    fn what_is_the_same_in_many_rows_is_said_once() {
        let text = problems(&[problem(2, "x"), problem(3, "y"), problem(4, "x")]);
        let told = [
            "jobs.csv rows 2, 4, platform = `x`: no such platform",
            "  SmartSPIM",
            "jobs.csv row 3, platform = `y`: no such platform",
            "  SmartSPIM",
            "",
            "3 problems; nothing was started, nothing was written",
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), told);
    }
}
