use std::collections::HashSet;

use adt_model::Fault;

use super::{
    page::Page,
    source::{Source, Window},
};

/// Looks taken between the ends of a jump, beside those that found the ends.
const SAMPLES: u64 = 16;

/// Where the directories of all pages lie: 24 bytes for each run of pages at even distances.
#[derive(Debug)]
pub(super) struct Chain {
    runs: Vec<Run>,
    pub(super) pages: u64,
    /// Some directories were not looked at.
    pub(super) jumped: bool,
    /// The first page that is not like page 0, and how.
    pub(super) odd: Option<(u64, String)>,
    /// Where the directory of the last page lies.
    last: u64,
}

#[derive(Debug)]
struct Run {
    page: u64,
    offset: u64,
    stride: u64,
}

impl Chain {
    /// Follows the links from the first directory to the last.
    ///
    /// With `jump`, directories that lie at an even distance like those before them (as do those of cameras that write one
    /// frame after the other) are only looked at here and there; [`Chain::holds`] tells for each page whether that was right.
    pub(super) fn follow(source: &Source, first: &Page, jump: bool) -> Result<Self, Fault> {
        let mut chain = Self { runs: Vec::new(), pages: 0, jumped: false, odd: None, last: 0 };
        let (mut window, mut returns) = (Window::default(), HashSet::new());
        let (mut at, mut previous) = (source.first, None);
        loop {
            let mut page =
                Page::read(source, &mut window, at).map_err(|fault| chain.named(source, at, fault))?;
            chain.judge(&page, first);
            chain.push(at);
            if jump
                && chain.odd.is_none()
                && let Some(before) = &previous
                && let Some((pages, last)) = chain.jump(source, before, &page)
            {
                chain.pages += pages;
                chain.jumped |= pages > 1;
                at = chain.offset(chain.pages - 1);
                page = last;
            }
            chain.last = at;
            if page.next == 0 {
                return Ok(chain);
            }
            // Whoever goes round in circles comes back to the same place again.
            if page.next <= at && !returns.insert(page.next) {
                return Err(source.corrupt("its directories follow each other in a circle"));
            }
            at = page.next;
            previous = Some(page);
        }
    }

    /// Where the directory of a page lies.
    pub(super) fn offset(&self, page: u64) -> u64 {
        let run = &self.runs[self.runs.partition_point(|run| run.page <= page).saturating_sub(1)];
        run.offset + (page - run.page) * run.stride
    }

    /// Whether this, found where `page` is supposed, leads on to where the next one is supposed.
    pub(super) fn holds(&self, page: u64, found: &Page, first: &Page) -> bool {
        let next = if page + 1 == self.pages { 0 } else { self.offset(page + 1) };
        found.next == next && found.form == first.form
    }

    fn judge(&mut self, page: &Page, first: &Page) {
        if self.odd.is_none() && page.form != first.form {
            let why = format!("page {} has {}, the first {}", self.pages, page.form, first.form);
            self.odd = Some((self.pages, why));
        }
    }

    fn named(&self, source: &Source, at: u64, fault: Fault) -> Fault {
        if self.pages == 0 {
            return fault;
        }
        Fault::new(
            fault.class(),
            format!("page {} of `{}` (at byte {at}) cannot be read", self.pages, source.file.path()),
        )
        .because(fault)
    }

    fn push(&mut self, at: u64) {
        let page = self.pages;
        self.pages += 1;
        if let Some(run) = self.runs.last_mut() {
            let steps = page - run.page;
            if steps == 1 && at > run.offset {
                run.stride = at - run.offset;
                return;
            }
            if steps > 1 && run.offset.checked_add(steps.saturating_mul(run.stride)) == Some(at) {
                return;
            }
        }
        self.runs.push(Run { page, offset: at, stride: 0 });
    }

    /// How many pages lie ahead of the last one in step with it and the one before, and the last of them.
    fn jump(&self, source: &Source, before: &Page, page: &Page) -> Option<(u64, Page)> {
        let run = self.runs.last()?;
        let (steps, at) = (self.pages - 1 - run.page, self.offset(self.pages - 1));
        if steps == 0 || page.next != at.checked_add(run.stride)? {
            return None;
        }
        let field = |page: &Page| page.offsets.pointer(source);
        let (data, step) = (field(page), field(page).checked_sub(field(before))?);
        let mut window = Window::default();
        let mut look = |ahead: u64| {
            let offset = at.checked_add(ahead.checked_mul(run.stride)?)?;
            let found = Page::read(source, &mut window, offset).ok()?;
            let expected = data.checked_add(ahead.checked_mul(step)?)?;
            let alike = found.form == page.form && found.storage == page.storage;
            (alike && field(&found) == expected).then_some(found)
        };
        farthest(&mut look)
    }
}

/// The largest number that `look` finds something for, if the small ones are found and the large ones are not.
fn farthest(look: &mut impl FnMut(u64) -> Option<Page>) -> Option<(u64, Page)> {
    let mut best = (1, look(1)?);
    let mut beyond = 2;
    while let Some(page) = look(beyond) {
        best = (beyond, page);
        beyond = beyond.checked_mul(2)?;
    }
    while beyond - best.0 > 1 {
        let middle = best.0.midpoint(beyond);
        match look(middle) {
            Some(page) => best = (middle, page),
            None => beyond = middle,
        }
    }
    for sample in 1..SAMPLES.min(best.0) {
        let ahead = (u128::from(best.0) * u128::from(sample) / u128::from(SAMPLES)) as u64;
        if ahead > 0 && look(ahead).is_none() {
            // Not that even: one step is safe.
            return Some((1, look(1)?));
        }
    }
    Some(best)
}
