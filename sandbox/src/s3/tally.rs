use std::collections::BTreeMap;

/// What a server was asked since it started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How often each operation was asked with a right signature, by its S3 name, such as `PutObject`.
    pub operations: BTreeMap<String, u64>,
    /// How often each refusal was given, by its S3 code, such as `SlowDown`.
    pub refusals: BTreeMap<String, u64>,
    /// How often each object was stored, by `bucket/key`.
    pub stored: BTreeMap<String, Stored>,
    /// Bytes of all objects and parts that were stored.
    pub bytes: u64,
}

/// How often one object was stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// By a single PUT or a copy.
    pub put: u64,
    /// By a completed multipart upload.
    pub completed: u64,
}

impl Tally {
    /// How often an operation was asked, by its S3 name.
    pub fn count(&self, operation: &str) -> u64 {
        self.operations.get(operation).copied().unwrap_or(0)
    }
}
