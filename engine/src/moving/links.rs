//! Links that are kept: objects that stand for them become links again in a folder.

use adt_formats::folder::{LINK, Links};
use adt_model::{Class, Fault, Key, Location};

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

    /// Fails where a folder above `key` is a link at the destination: what is kept as a link must not lead what is written out of there.
    pub(super) fn through_no_link(&self, key: &Key) -> Result<(), Fault> {
        let Location::Folder(root) = self.out.place().location() else { return Ok(()) };
        if !self.keeps_links() {
            return Ok(());
        }
        let path = root.join(key.as_str());
        let mut above = path.ancestors().skip(1).take_while(|above| above != root);
        let link = above.find(|above| fs_err::symlink_metadata(above).is_ok_and(|data| data.is_symlink()));
        let Some(link) = link else { return Ok(()) };
        let what = format!("`{link}` is a link, and `{key}` would be written where it leads");
        Err(Fault::new(Class::Conflict, what).help("remove the link, or leave `--links keep-as-object` away"))
    }
}
