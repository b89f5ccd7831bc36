use super::hdf5::{Attributes, Bad, Links, Source, attributes, damaged, foreign, links, unfit};

/// What an Imaris file holds.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) times: u64,
    pub(super) channels: u64,
    /// The data of each timepoint's channels and their names, t slowest.
    pub(super) stacks: Vec<(u64, String)>,
    /// `DataSetInfo/Image`.
    pub(super) image: Attributes,
    /// The first channel of the first timepoint, which has the true size of its level.
    pub(super) level: Attributes,
    /// `DataSetInfo/Channel c`.
    pub(super) infos: Vec<Attributes>,
}

/// Follows the names from the root to the finest level.
pub(super) fn find(source: &Source) -> Result<Found, Bad> {
    let root = links(source, source.root)?;
    let info = member(source, &root, "DataSetInfo")?;
    let levels = member(source, &root, "DataSet")?;
    let Some(image) = info.get("Image") else { return Err(foreign("`DataSetInfo/Image`")) };
    let image = attributes(source, *image).map_err(|bad| bad.within("`DataSetInfo/Image`"))?;
    let Some(level) = levels.get("ResolutionLevel 0") else {
        return Err(foreign("`DataSet/ResolutionLevel 0`"));
    };
    let times = numbered(&links(source, *level)?, "TimePoint")?;
    let mut stacks = Vec::new();
    let mut channels = None;
    for (t, time) in times.iter().enumerate() {
        let name = format!("TimePoint {t}");
        let found = links(source, *time).and_then(|links| numbered(&links, "Channel"));
        let found = found.map_err(|bad| bad.within(&format!("`{name}`")))?;
        let expected = *channels.get_or_insert(found.len());
        if found.len() != expected {
            return Err(unfit(format!("it has {} channels in `{name}` and {expected} before", found.len())));
        }
        for (c, channel) in found.into_iter().enumerate() {
            stacks.push((channel, format!("{name}/Channel {c}")));
        }
    }
    let Some((first, name)) = stacks.first() else { return Err(foreign("any channel of any timepoint")) };
    let level = attributes(source, *first).map_err(|bad| bad.within(&format!("`{name}`")))?;
    for (address, name) in &mut stacks {
        let data = links(source, *address).map_err(|bad| bad.within(&format!("`{name}`")))?;
        *address = *data.get("Data").ok_or_else(|| damaged(format!("there is no `Data` in `{name}`")))?;
    }
    let channels = channels.unwrap_or_default();
    let info =
        |c| info.get(&format!("Channel {c}")).map_or(Ok(Attributes::new()), |at| attributes(source, *at));
    let infos = (0..channels).map(info).collect::<Result<_, _>>()?;
    Ok(Found { times: times.len() as u64, channels: channels as u64, stacks, image, level, infos })
}

fn member(source: &Source, root: &Links, name: &str) -> Result<Links, Bad> {
    match root.get(name) {
        Some(address) => links(source, *address).map_err(|bad| bad.within(&format!("`{name}`"))),
        None => Err(foreign(format!("`{name}`"))),
    }
}

/// The objects `kind 0`, `kind 1` and so on. None may be missing in between, lest what comes behind it is lost.
fn numbered(links: &Links, kind: &str) -> Result<Vec<u64>, Bad> {
    let number = |name: &str| name.strip_prefix(kind)?.strip_prefix(' ')?.parse::<u64>().ok();
    let count = links.keys().filter(|name| number(name).is_some()).count();
    if count == 0 {
        return Err(foreign(format!("`{kind} 0`")));
    }
    let member = |at| {
        let name = format!("{kind} {at}");
        links.get(&name).copied().ok_or_else(|| damaged(format!("there is no `{name}`")))
    };
    (0..count).map(member).collect()
}
