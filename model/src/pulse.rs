use crate::Fault;

/// Progress out, cancellation in: called once for each block of data by whoever moves it.
pub trait Pulse: Sync {
    /// `bytes` of the source have been worked on. Fails with `Cancelled` when the work must stop.
    fn beat(&self, bytes: u64) -> Result<(), Fault>;
}

/// A pulse that nobody watches.
#[derive(Debug, Default, Clone, Copy)]
pub struct Idle;

impl Pulse for Idle {
    fn beat(&self, _bytes: u64) -> Result<(), Fault> {
        Ok(())
    }
}
