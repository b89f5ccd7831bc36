//! AIND documents, built and checked purely: no files, no services, no clock.
//!
//! What is written follows aind-data-schema 0.26.5 and the Python original's text form: three blanks of indent, keys in the
//! schema's order, nulls kept, nothing escaped that JSON does not demand, no line end at the end. By design it differs from
//! the original here:
//!
//! | document | original | here |
//! |---|---|---|
//! | `metadata.nd.json` | key `id` | `_id`, the name under which databases keep it |
//! | `metadata.nd.json` | `location` is the bare bucket name | the asset's URL |
//! | `metadata.nd.json` | `metadata_status` is always `Invalid` | what [`status`] finds, with reasons |
//! | `metadata.nd.json` | numbers and strings of brought documents pass through Python | numbers keep every digit |
//! | `processing.json` | one pair of times for all entries, the end being the moment of writing | each step's own times |
//! | `processing.json` | `parameters` say that something was compressed | `container`, `codec` and `level` beside the original's keys |
//! | `processing.json` | `outputs` is empty | the object, files, bytes before and after, checksum |
//! | `processing.json` | `code_url` must be configured | where it is not, this program's own repository |
//! | `data_description.json` | `project_name` is always null | the job's project, if it names one |
//! | brought documents | copied unread, but for `subject_id` of two | JSON, UTF-8, no key twice, `subject_id` equal wherever a core document has one |

mod check;
mod data_description;
mod document;
mod parts;
mod people;
mod processing;
mod record;
mod schema;
mod status;
mod strict;
mod terms;
mod text;
mod times;
mod versions;

pub use check::{check_document, no_document_twice, service_document};
pub use data_description::{DescriptionInput, data_description};
pub use document::Document;
pub use parts::Parts;
pub use people::Answered;
pub use processing::{Made, ProcessInput, ProcessingInput, Settings, processing};
pub use record::{RecordInput, record};
pub use status::{Status, status};
