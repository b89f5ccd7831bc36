//! The same work on many machines: which share is a process's, what it may use, and the texts that schedulers are given.

pub mod elsewhere;
pub mod limits;
pub mod shard;
pub mod simulate;
pub mod slurm;
