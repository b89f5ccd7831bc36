//! AIND documents, built and checked purely: no files, no services, no clock.
//!
//! Documents follow one of two generations of aind-data-schema, by the job's [`Schema`](adt_model::Schema): v1 is 0.26.5, which the
//! Python original writes; v2 is 2.x. Their text form is the original's: three blanks of indent, keys in the schema's order, nulls
//! kept, nothing escaped that JSON does not demand, no line end at the end.
//!
//! Every part of a record is held against its model of the public package: what `Model.model_validate` says there, [`status`] says
//! here, with every reason. `src/schema` does it, and lists where the two differ.
//!
//! # Schema v1 and the original
//!
//! By design v1 differs from the original here. With `strict_compat` the rows marked † fall away, and documents are the original's to
//! the byte but for times and identity:
//!
//! | document | original | here | |
//! |---|---|---|---|
//! | `metadata.nd.json` | key `id` | `_id`, the name under which databases keep it | † |
//! | `metadata.nd.json` | `location` is the bare bucket name | the asset's URL | † |
//! | `metadata.nd.json` | `metadata_status` is `Invalid`, since nobody investigates | what [`status`] finds | |
//! | `metadata.nd.json` | unknown keys of a part are dropped before it is checked | they are kept, and the part does not pass | |
//! | `processing.json` | one pair of times for all entries, the job's start and the moment of writing | each step's own times | † |
//! | `processing.json` | `software_version` is the original's, 0.32.12 | this program's | † |
//! | `processing.json` | `parameters` say that something was compressed | container, codec, level and chunking beside the original's keys | † |
//! | `processing.json` | `outputs` is empty | the object, files, bytes before and after, checksum | † |
//! | `processing.json` | `code_url` must be configured | where it is not, this program's own repository | |
//! | `data_description.json` | `project_name` is always null | the job's project, if it names one | † |
//! | `data_description.json` | `investigators` is always empty | those whom the job or the service names | † |
//! | `data_description.json` | the Allen Institute pays | those whom the job or the service names; if nobody, as before | † |
//! | brought documents | copied unread, but for `subject_id` of two | JSON, UTF-8, no key twice, `subject_id` equal wherever a core document has one | |
//! | the service's documents | rewritten by Python where they pass: decimals as text, defaults filled in | as they came, numbers with every digit | |
//! | the service's documents | skeletons where there are none | none | |
//!
//! # Schema v2
//!
//! The asset keeps the name that the job gives it, platform in front, which the schema's pattern takes. `creation_time` is when the
//! session was acquired, in the rig's zone. Processes depend on nothing; what was made is in `output_parameters`. A record of v2
//! states no status; whether its parts pass is told all the same.

mod about;
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

pub use about::unknown_about;
pub use check::{check_document, no_document_twice, service_document};
pub use data_description::{DescriptionInput, data_description, remark_on_time};
pub use document::Document;
pub use parts::Parts;
pub use people::Answered;
pub use processing::{Made, ProcessInput, ProcessingInput, Settings, processing};
pub use record::{RecordInput, record};
pub use status::{Status, status};
