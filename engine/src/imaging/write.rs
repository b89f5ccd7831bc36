use std::sync::Arc;

use adt_formats::folder::Rules;
use adt_model::{Class, Fault, ImagingConfig, Key, Location};
use camino::Utf8PathBuf;

use super::{
    container::{Container, Share},
    finish::link_document,
    look::{Asked, look},
    written::Written,
};
use crate::{
    beat::Beat,
    delivery::{Delivery, off_the_reactor},
    rules::links_of,
};

/// A session whose images become groups of OME-Zarr.
#[derive(Clone)]
pub(crate) struct Work {
    /// The session's folder, an image, or an N5 dataset.
    pub source: Utf8PathBuf,
    /// What of it is taken along.
    pub rules: Rules,
    /// Whether the source is an N5 dataset.
    pub n5: bool,
    /// Where the groups go; `None`: at the place itself.
    pub under: Option<Key>,
    /// How they are stored.
    pub config: ImagingConfig,
    /// Where all of it will be in the end, for links.
    pub home: Location,
    /// The way to them.
    pub out: Arc<Delivery>,
    /// Whether it is the asset's only container.
    pub only: bool,
    /// Counts what is read.
    pub beat: Beat,
}

/// Every image of a session becomes a group. What is wrong with one loses no other: it is in [`Written::missing`]. A fault means
/// that nothing more can be done: the destination failed, or a person stopped it.
pub(crate) async fn write(work: Work) -> Result<Written, Fault> {
    let home = work.home.clone();
    let document = link_document(work.under.as_ref(), work.only);
    let (mut container, unread) = open(work).await?;
    container.prepare().await?;
    for stage in 0..container.stages() {
        container.run(stage, Share::ALL).await?;
        if stage == 0 {
            container.sources_are_steady().await?;
        }
    }
    let mut written = container.finish(&home, &document).await?;
    written.missing.splice(0..0, unread);
    Ok(written)
}

/// The images that would not be converted, and why.
pub(crate) async fn unread(work: Work) -> Result<Vec<String>, Fault> {
    open(work).await.map(|(_, unread)| unread)
}

/// The container, and the images that are not in it.
pub(crate) async fn open(work: Work) -> Result<(Container, Vec<String>), Fault> {
    let Work { source, rules, n5, under, config, out, beat, home: _, only: _ } = work;
    let links = links_of(&rules);
    let seen = off_the_reactor(move || {
        let asked = Asked { source: &source, rules: &rules, n5, under: under.as_ref(), config: &config };
        let seen = look(&asked)?;
        Ok(seen.map(|seen| (seen, source, config, under)))
    })
    .await?;
    let Some((seen, source, config, under)) = seen else {
        return Err(Fault::new(Class::Missing, "there is no image in the source any more"));
    };
    let container = Container::new(seen.tiles, (source.as_str(), n5, links), config, under, out, beat);
    Ok((container, seen.unread))
}
