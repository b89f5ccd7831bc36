use adt_model::Secret;
use jiff::Timestamp;

use crate::{kept::Ends, oauth::Granted};

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

impl Bearer {
    pub(super) fn of(granted: Granted, source: String, since: Timestamp) -> Self {
        Self { token: granted.token, expires: granted.expires, source, since }
    }
}

impl Ends for Bearer {
    fn ends(&self) -> Option<Timestamp> {
        self.expires
    }
}
