//! Who we are to AWS, where it is, and how a request is signed for it.

mod credentials;
mod endpoint;
mod post;
mod profile;
mod sign;

pub use crate::endpoint::Endpoint;
pub use credentials::{Credentials, Keys};
pub use endpoint::{configured_endpoint, domain, region};
pub use post::Post;
pub use profile::Profiles;
pub use sign::{EMPTY_SHA256, Signable, Signer, UNSIGNED, amz_date, sha256_hex};
