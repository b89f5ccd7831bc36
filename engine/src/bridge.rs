//! Where CPU threads meet the network: a bounded channel of parcels, each carrying its share of the memory budget.
//!
//! The CPU side blocks while memory is spent elsewhere or the network is slow; when the network side gives up, the next write on
//! the CPU side fails. A panic on the CPU side becomes a fault of one step.

use adt_model::{Class, Fault};
use bytes::Bytes;
use tokio::{runtime::Handle, sync::mpsc, task::JoinHandle};

use crate::{
    budget::{Budget, Permit},
    buffers::Buffer,
};

/// A part of an object, on its way to the network.
#[derive(Debug)]
pub struct Parcel {
    /// From 1.
    pub number: u32,
    /// Where it begins in the object.
    pub offset: u64,
    /// Its content; only the last one may be shorter than the part size asked for.
    pub bytes: Bytes,
    /// Whether the object ends with it.
    pub last: bool,
    /// Its share of the memory budget.
    pub permit: Permit,
}

/// Takes the stream that CPU work writes and cuts it into parcels.
#[derive(Debug)]
pub struct Outlet {
    parcels: mpsc::Sender<Parcel>,
    budget: Budget,
    runtime: Handle,
    size_of: fn(u32) -> u64,
    number: u32,
    offset: u64,
    open: Option<Filling>,
}

/// The parcel being filled.
#[derive(Debug)]
struct Filling {
    buffer: Buffer,
    filled: usize,
    permit: Permit,
}

impl Outlet {
    /// Appends to the object. Blocks while memory or the network is short; fails when the network side has given up.
    pub fn write(&mut self, piece: &Bytes) -> Result<(), Fault> {
        let mut rest = &piece[..];
        while !rest.is_empty() {
            let full = (self.size_of)(self.number) as usize;
            let open = self.open.get_or_insert_with(|| {
                let permit = self.runtime.block_on(self.budget.take(full as u64));
                Filling { buffer: self.budget.buffer(full), filled: 0, permit }
            });
            if open.filled == full {
                self.send(false)?;
                continue;
            }
            let n = rest.len().min(full - open.filled);
            open.buffer.fill()[open.filled..open.filled + n].copy_from_slice(&rest[..n]);
            open.filled += n;
            // A full buffer waits here for the next byte, so that the last parcel is never an empty one.
            rest = &rest[n..];
        }
        Ok(())
    }

    fn send(&mut self, last: bool) -> Result<(), Fault> {
        let Some(Filling { buffer, filled, permit }) = self.open.take() else { return Ok(()) };
        let bytes = buffer.freeze(filled);
        let parcel = Parcel { number: self.number, offset: self.offset, bytes, last, permit };
        self.number += 1;
        self.offset += filled as u64;
        self.parcels.blocking_send(parcel).map_err(|_| hung_up())
    }
}

/// The CPU side's fault when the network side has failed; that side's own fault is the one that is told.
fn hung_up() -> Fault {
    Fault::new(Class::Cancelled, "the upload has ended before the work")
}

/// The running work: await it after the channel is drained.
pub struct Working<T>(JoinHandle<Result<T, Fault>>);

impl<T> Future for Working<T> {
    type Output = Result<T, Fault>;

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Self::Output> {
        std::pin::Pin::new(&mut self.0).poll(cx).map(|ended| {
            ended.unwrap_or_else(|e| {
                Err(Fault::new(Class::Bug, "the work of a step ended in a panic").because(e))
            })
        })
    }
}

/// Starts `work` on a thread of its own; what it writes arrives as parcels of `size_of(number)` bytes.
///
/// The last parcel is sent only when `work` has succeeded. Must be called inside the runtime.
pub fn start<T: Send + 'static>(
    budget: &Budget,
    size_of: fn(u32) -> u64,
    work: impl FnOnce(&mut Outlet) -> Result<T, Fault> + Send + 'static,
) -> (Working<T>, mpsc::Receiver<Parcel>) {
    let (parcels, receiver) = mpsc::channel(1);
    let runtime = Handle::current();
    let mut outlet =
        Outlet { parcels, budget: budget.clone(), runtime, size_of, number: 1, offset: 0, open: None };
    let working = tokio::task::spawn_blocking(move || {
        let made = work(&mut outlet)?;
        outlet.send(true)?;
        Ok(made)
    });
    (Working(working), receiver)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn four(_number: u32) -> u64 {
        4
    }

    async fn collect(mut parcels: mpsc::Receiver<Parcel>) -> Vec<(u32, u64, Bytes, bool)> {
        let mut all = Vec::new();
        while let Some(p) = parcels.recv().await {
            all.push((p.number, p.offset, p.bytes, p.last));
        }
        all
    }

    #[tokio::test]
    async fn a_stream_is_cut_into_parts_and_the_last_is_marked() {
        let (working, parcels) = start(&Budget::new(1 << 20), four, |out| {
            out.write(&Bytes::from_static(b"abc"))?;
            out.write(&Bytes::from_static(b"defgh"))
        });
        let parts = collect(parcels).await;
        assert_eq!(parts, [(1, 0, "abcd".into(), false), (2, 4, "efgh".into(), true)]);
        working.await.unwrap();
    }

    #[tokio::test]
    async fn failed_work_never_sends_a_last_part() {
        let (working, parcels) = start(&Budget::new(1 << 20), four, |out| {
            out.write(&Bytes::from_static(b"abcdefgh"))?;
            Err::<(), _>(Fault::new(Class::Corrupt, "source changed"))
        });
        assert!(collect(parcels).await.iter().all(|(_, _, _, last)| !last));
        assert_eq!(working.await.unwrap_err().class(), Class::Corrupt);
    }

    #[tokio::test]
    async fn a_panic_is_the_fault_of_one_step() {
        let (working, parcels) =
            start(&Budget::new(1 << 20), four, |_| -> Result<(), Fault> { panic!("on purpose") });
        assert!(collect(parcels).await.is_empty());
        assert_eq!(working.await.unwrap_err().class(), Class::Bug);
    }

    #[tokio::test]
    async fn work_stops_when_nobody_takes_its_parcels() {
        let (working, parcels) = start(&Budget::new(1 << 20), four, |out| {
            loop {
                out.write(&Bytes::from_static(b"abcdefgh"))?;
            }
            #[expect(unreachable_code, reason = "gives the endless work a type")]
            Ok(())
        });
        drop(parcels);
        assert_eq!(working.await.unwrap_err().class(), Class::Cancelled);
    }
}
