//! A row under its header becomes a draft.

use std::collections::BTreeMap;

use adt_model::{Origin, SecretRef};
use camino::Utf8Path;

use super::{
    header::{Column, Head, Header, Slot},
    table::{QuoteFault, Record},
};
use crate::{
    Overrides, Row,
    draft::{Cells, Draft, Form, ModalityDraft, Written, Wrong},
    encoding::SAVE_AS_UTF8,
    field::Part,
    spec,
};

pub(super) fn row(header: &Header, record: &Record, cwd: &Utf8Path, over: &Overrides) -> Row {
    let origin = Origin { source: header.origin.source.clone(), row: Some(record.line) };
    match misshapen(header, record) {
        Some(wrong) => Row::refused(origin, wrong.what, wrong.valid),
        None => spec::row(draft(header, record, origin), cwd, over),
    }
}

/// A row whose cells are not where the header says. Which of them slipped cannot be told, so none of them is read.
fn misshapen(header: &Header, record: &Record) -> Option<Wrong> {
    let width = header.heads.len();
    let (noun, separator) = match header.separator {
        b';' => ("semicolon", ';'),
        b'\t' => ("tab", '\t'),
        _ => ("comma", ','),
    };
    let quoted = &format!("a cell with a {noun} is written as `\"a{separator} b\"`, a quote in it as `\"\"`");
    match record.fault {
        Some(QuoteFault::Unclosed) => {
            let what = "a quote is opened and never closed; the rest of the file could not be read";
            return Some(Wrong::new(what, quoted.as_str()));
        }
        Some(QuoteFault::TextBehind) => {
            return Some(Wrong::new(
                format!("text between a closing quote and the next {noun}"),
                quoted.as_str(),
            ));
        }
        None => {}
    }
    let last = record.cells.iter().rposition(|cell| !cell.trim_ascii().is_empty())? + 1;
    (last > width).then(|| Wrong::new(format!("{last} cells under {width} columns"), quoted.as_str()))
}

fn draft(header: &Header, record: &Record, origin: Origin) -> Draft {
    let mut gathered = Gathered {
        draft: Draft::new(origin, Form::Names),
        slots: BTreeMap::new(),
        plain: Cells::new(),
        after_secret: false,
    };
    for column in &header.excused {
        gathered.excuse(column);
    }
    for (head, cell) in header.heads.iter().zip(&record.cells) {
        gathered.cell(head, cell);
    }
    gathered.modalities(header)
}

struct Gathered {
    draft: Draft,
    slots: BTreeMap<Slot, Cells<Part>>,
    plain: Cells<Part>,
    /// A comma in an unquoted secret moves its rest into the cells that follow; none of them is shown.
    after_secret: bool,
}

impl Gathered {
    fn cell(&mut self, head: &Head, cell: &[u8]) {
        let Ok(text) = std::str::from_utf8(cell).map(str::trim) else {
            self.draft.complain(&head.shown, Wrong::new("not UTF-8 text", SAVE_AS_UTF8));
            if let Some(column) = &head.column {
                self.excuse(column);
            }
            return;
        };
        if text.is_empty() {
            return;
        }
        if head.blank {
            let wrong = Wrong::new("a value under a blank header", "name the column, or empty it");
            self.draft.complain(&head.shown, wrong);
        }
        let hidden = self.after_secret || head.is_secret();
        if head.is_secret() {
            self.after_secret |= matches!(text.parse(), Ok(SecretRef::Inline(_)));
        }
        if let Some(column) = &head.column {
            self.fill(column, Written { column: head.shown.clone(), text: text.to_owned(), hidden });
        }
    }

    fn fill(&mut self, column: &Column, written: Written) {
        let put = match column {
            Column::Job(field) => self.draft.fields.put(*field, written),
            Column::Of(slot, part) => self.slot(slot).put(*part, written),
            Column::Plain(part) => self.plain.put(*part, written),
        };
        self.draft.settle(put);
    }

    fn excuse(&mut self, column: &Column) {
        match column {
            Column::Job(field) => self.draft.fields.excuse(*field),
            Column::Of(slot, part) => self.slot(slot).excuse(*part),
            Column::Plain(part) => self.plain.excuse(*part),
        }
    }

    fn slot(&mut self, slot: &Slot) -> &mut Cells<Part> {
        self.slots.entry(slot.clone()).or_insert_with(Cells::new)
    }

    /// Modalities in the order of their columns. Those whose cell is blank are left out, but not what belongs to them.
    fn modalities(mut self, header: &Header) -> Draft {
        let mut source = self.plain.get(Part::Source).cloned();
        let mut used = false;
        for slot in header.slots() {
            let Some(mut cells) = self.slots.remove(slot) else { continue };
            if cells.get(Part::Modality).is_none() {
                self.slots.insert(slot.clone(), cells);
                continue;
            }
            if slot.is_single() {
                if let Some(source) = source.take() {
                    let put = cells.put(Part::Source, source);
                    self.draft.settle(put);
                }
                if self.plain.is_excused(Part::Source) {
                    cells.excuse(Part::Source);
                }
            }
            for part in [Part::CompressRawData, Part::SkipStaging, Part::ExtraConfigs] {
                cells.or(part, self.plain.get(part));
            }
            used |= source.is_some() && cells.get(Part::Source).is_none();
            self.draft.modalities.push(ModalityDraft {
                at: slot.to_string(),
                source_advice: advice(slot, source.as_ref()),
                cells,
            });
        }
        if let Some(source) = source.filter(|_| !used) {
            self.orphan(&source, "modality");
        }
        self.orphans()
    }

    /// A path is a wish for an upload; without its modality the wish would be lost in silence. A lone switch is not.
    fn orphans(mut self) -> Draft {
        for (slot, cells) in std::mem::take(&mut self.slots) {
            if cells.is_excused(Part::Modality) {
                continue;
            }
            for part in [Part::Source, Part::ExtraConfigs] {
                if let Some(written) = cells.get(part) {
                    self.orphan(written, &slot.to_string());
                }
            }
        }
        self.draft
    }

    fn orphan(&mut self, written: &Written, slot: &str) {
        let wrong =
            Wrong::new("a path without its modality", format!("fill in `{slot}`, or empty this cell"));
        let problem = written.problem(&self.draft.origin, wrong, adt_model::ProblemKind::Written);
        self.draft.problems.push(problem);
    }
}

fn advice(slot: &Slot, plain: Option<&Written>) -> String {
    match plain {
        Some(plain) => {
            let column = &plain.column;
            format!(
                "write the folder under `{slot}.source`; `{column}` belongs to the column `modality` only"
            )
        }
        None => format!("write the folder under `{slot}.source`"),
    }
}
