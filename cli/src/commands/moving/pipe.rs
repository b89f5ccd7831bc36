//! `-`: one object from standard input, or to standard output.

use std::{
    io::{Read, Write},
    sync::Arc,
};

use adt_engine::{Ctx, moving};
use adt_model::{Class, Fault, Key};
use adt_store::{Looks, StoreOptions};
use futures::{StreamExt, TryStreamExt, stream};

use super::{at_destination, end::Typed, service};
use crate::{
    args::{Common, Copy},
    commands::DONE,
    show,
};

/// What is read from an object at once, and how many of these are on their way.
const PIECE: u64 = 8 << 20;
const AHEAD: usize = 4;
const STRIDE: usize = 1 << 20;

/// The object becomes visible when standard input has ended well.
pub(super) async fn in_from(
    destination: &str,
    asked: &Copy,
    common: &Common,
    ctx: &Arc<Ctx>,
) -> Result<u8, Fault> {
    let to = Typed::read(destination)?;
    let unnamed = Key::parse("stdin").expect("a word is a key");
    if to.folder {
        let what = format!("`{destination}` is a folder; what comes from `-` needs a name");
        return Err(Fault::new(Class::BadInput, what).help("name the object, without a slash at its end"));
    }
    service::check(&asked.clouds, &asked.from_side, &to.location, Some(&to.location))?;
    let no_list = asked.comparing.no_list;
    let looks = if no_list { Looks::None } else { Looks::Avoidable };
    let options = StoreOptions { looks, ..at_destination(asked.selecting.links, ctx) };
    let (end, key) = to.for_one(&unnamed, no_list, &options).await?;
    let place = end.place;
    if key == unnamed && to.location == *place.location() {
        let what = format!("`{destination}` is a folder; what comes from `-` needs a name");
        return Err(Fault::new(Class::BadInput, what).help("name the object"));
    }
    let place = if asked.comparing.dry_run { place.rehearsing() } else { place };
    let empty_input = nothing_came(destination);
    let size = moving::from_reader(place, &key, !no_list, Arc::clone(ctx), move |write| {
        let mut input = std::io::stdin().lock();
        let mut bytes = vec![0; STRIDE];
        let mut empty = true;
        loop {
            let n = input.read(&mut bytes).map_err(|e| Fault::io("cannot read standard input", e))?;
            match n {
                0 if empty => return Err(empty_input),
                0 => return Ok(()),
                n => write(&bytes[..n])?,
            }
            empty = false;
        }
    })
    .await?;
    if !common.quiet {
        show::say(&format!("{} sent to {}", adt_model::ByteSize(size), to.location));
    }
    Ok(DONE)
}

/// A program before `|` that failed also leaves standard input empty, and an object must not be replaced by that.
fn nothing_came(destination: &str) -> Fault {
    let what = format!("standard input is empty; `{destination}` was not written");
    Fault::new(Class::BadInput, what).help("to store an empty object, copy an empty file")
}

/// Every piece is of the one version that was found; a checksum that the server keeps of the whole is looked at in the end.
pub(super) async fn out_of(source: &str, asked: &Copy, ctx: &Arc<Ctx>) -> Result<u8, Fault> {
    let from = Typed::read(source)?;
    service::check(&asked.clouds, &asked.from_side, &from.location, None)?;
    let end = from.source(&ctx.source).await?;
    let Some(key) = end.only else {
        let what = format!("`{source}` is a folder; `-` takes one object");
        return Err(Fault::new(Class::BadInput, what).help("name one object"));
    };
    let gone = || Fault::new(Class::Missing, format!("there is no `{source}`"));
    let found = end.place.head(&key).await?.ok_or_else(gone)?;
    let kept = adt_store::Sums::kept(&found);
    let pieces = found.size.div_ceil(PIECE);
    let range = |n: u64| n * PIECE..found.size.min((n + 1) * PIECE);
    let digests = stream::iter(0..pieces)
        .map(|n| end.place.get_of(&found, range(n)))
        .buffered(AHEAD)
        .try_fold(kept.like(), |mut digests, bytes| async move {
            ctx.stop.check()?;
            digests.update(&bytes);
            written(&bytes)?;
            Ok(digests)
        })
        .await?;
    if kept.agree(&digests.finish()) == Some(false) {
        let what = format!("what came of `{source}` has another checksum than is kept there");
        return Err(Fault::new(Class::Corrupt, what).help("do not use what was written"));
    }
    std::io::stdout().flush().map_err(|e| Fault::io("cannot write standard output", e))?;
    Ok(DONE)
}

fn written(bytes: &[u8]) -> Result<(), Fault> {
    std::io::stdout().lock().write_all(bytes).map_err(|e| Fault::io("cannot write standard output", e))
}
