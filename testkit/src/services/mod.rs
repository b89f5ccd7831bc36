//! Stand-ins for the lab's services, in this process on a free port of loopback: they say what they are told to say and
//! remember what they were asked. They speak the contract that was recorded from the Python original's runs.
//!
//! What they remember is the truth on the server's side: [`CodeOceanServer::accepted`] is how often a pipeline really
//! was started, whatever a client that died believes.

mod code_ocean;
mod loopback;
mod metadata;
mod parameters;
mod reply;

pub use code_ocean::{CodeOceanServer, Computation, Listing, Run};
pub use metadata::{
    FUNDING_V2, INVESTIGATORS_V2, MetadataScript, MetadataServer, PROCEDURES_V1, PROCEDURES_V2, SUBJECT_V1,
    SUBJECT_V2, envelope,
};
pub use parameters::ParameterServer;
pub use reply::{Reply, Seen};
