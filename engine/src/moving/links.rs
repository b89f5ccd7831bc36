//! Links that are kept: objects that stand for them become links again in a folder.

use adt_formats::folder::{LINK, Links};
use adt_model::Location;

use super::{copy::Work, item::Item};

impl Work {
    /// Whether an object stands for a link, and is to become one.
    pub(super) fn restores(&self, source: &Item) -> bool {
        matches!(source, Item::Object(_)) && self.keeps_links() && source.key().as_str().ends_with(LINK)
    }

    fn keeps_links(&self) -> bool {
        self.asked.selection.links == Links::Keep
            && matches!(self.out.place().location(), Location::Folder(_))
    }
}
