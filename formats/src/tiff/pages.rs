use std::sync::OnceLock;

use adt_model::Fault;

use super::{
    chain::Chain,
    page::Page,
    source::{Source, Window},
};

/// The pages of a file by number.
#[derive(Debug)]
pub(super) struct Pages {
    pub(super) first: Page,
    /// As found when the file was opened, perhaps with jumps.
    chain: Chain,
    /// Every link followed; made only when a jump turns out to have been wrong.
    exact: OnceLock<Result<Chain, Fault>>,
}

impl Pages {
    /// Finds all pages.
    pub(super) fn find(source: &Source) -> Result<Self, Fault> {
        let first = Page::read(source, &mut Window::default(), source.first)?;
        let chain = Chain::follow(source, &first, true)?;
        Ok(Self { first, chain, exact: OnceLock::new() })
    }

    pub(super) fn count(&self) -> u64 {
        self.chain.pages
    }

    /// `BadInput` when one of the first `count` pages, as far as they were looked at, has another size or type than page 0.
    pub(super) fn check_alike(&self, source: &Source, count: u64) -> Result<(), Fault> {
        match &self.chain.odd {
            Some((page, why)) if *page < count => Err(source.unfit(why)),
            _ => Ok(()),
        }
    }

    /// Reads the directory of a page, which must be below the count, and sees to it that it is the one that the links lead to.
    pub(super) fn read(&self, source: &Source, window: &mut Window, number: u64) -> Result<Page, Fault> {
        if !self.chain.jumped {
            return self.alike(source, window, &self.chain, number);
        }
        if self.exact.get().is_none()
            && let Ok(page) = Page::read(source, window, self.chain.offset(number))
            && self.chain.holds(number, &page, &self.first)
        {
            return Ok(page);
        }
        let exact = self.exact.get_or_init(|| {
            let exact = Chain::follow(source, &self.first, false)?;
            let (found, supposed) = (exact.pages, self.chain.pages);
            if found == supposed {
                return Ok(exact);
            }
            Err(source.corrupt(format!("it seemed to have {supposed} pages, its links lead to {found}")))
        });
        self.alike(source, window, exact.as_ref().map_err(Clone::clone)?, number)
    }

    fn alike(&self, source: &Source, window: &mut Window, chain: &Chain, number: u64) -> Result<Page, Fault> {
        let page = Page::read(source, window, chain.offset(number))?;
        if page.form == self.first.form {
            return Ok(page);
        }
        Err(source.unfit(format!("page {number} has {}, the first {}", page.form, self.first.form)))
    }
}
