use adt_model::Secret;
use jiff::Timestamp;

use crate::kept::Ends;

/// A token of an identity.
pub(super) struct Bearer {
    /// What stands after `Bearer `.
    pub(super) token: Secret,
    pub(super) expires: Option<Timestamp>,
    /// Where it was found, for people.
    pub(super) source: String,
    /// When it was found.
    pub(super) since: Timestamp,
}

impl Ends for Bearer {
    fn ends(&self) -> Option<Timestamp> {
        self.expires
    }
}
