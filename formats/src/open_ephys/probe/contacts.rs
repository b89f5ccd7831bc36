//! Which contact each channel of a stream has.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Contact,
    layout::{Placed, contact},
};

/// Contacts of a stream's channels, in the order of these, and what a person should know.
pub(in super::super) type Chosen = Result<(Vec<Contact>, Option<String>), String>;

/// More missing channels than this part of all are not filled in.
const FILLED: usize = 8;

/// Channels that a message names.
const NAMED: usize = 8;

impl Placed {
    /// The contacts of these readout channels. One that the settings lack is filled in where all others show the rule.
    pub(in super::super) fn by_channel(&self, channels: &[u32]) -> Chosen {
        let known: BTreeMap<_, _> = self.contacts.iter().map(|contact| (contact.channel, contact)).collect();
        let missing: Vec<_> =
            channels.iter().copied().filter(|channel| !known.contains_key(channel)).collect();
        let filled = self.filled(&missing)?;
        let find = |channel: &u32| known.get(channel).copied().or_else(|| filled.get(channel)).cloned();
        let contacts = channels.iter().filter_map(find).collect();
        Ok((contacts, told(filled.values())))
    }

    /// Contacts of channels that the settings lack, where electrode and channel of all others differ by one number.
    fn filled(&self, missing: &[u32]) -> Result<BTreeMap<u32, Contact>, String> {
        if missing.is_empty() {
            return Ok(BTreeMap::new());
        }
        let names: Vec<_> = missing.iter().take(NAMED).map(|channel| format!("CH{channel}")).collect();
        let more = if missing.len() > names.len() { " …" } else { "" };
        let lacking = || format!("the settings lack {}{more}, which the stream has", names.join(", "));
        let apart = |((shank, electrode), contact): (&(u32, u32), &Contact)| {
            (*shank, i64::from(*electrode) - i64::from(contact.channel))
        };
        let rules: BTreeSet<_> = self.electrodes.iter().zip(&self.contacts).map(apart).collect();
        let (Some(kind), Some((shank, apart)), 1) = (&self.kind, rules.first(), rules.len()) else {
            return Err(lacking());
        };
        if missing.len() * FILLED > self.contacts.len() {
            return Err(lacking());
        }
        let fill = |channel: &u32| {
            let electrode = u32::try_from(i64::from(*channel) + apart).ok()?;
            contact(kind, *channel, *shank, electrode).map(|contact| (contact.channel, contact))
        };
        missing.iter().map(fill).collect::<Option<_>>().ok_or_else(lacking)
    }

    /// The contacts of these electrodes, counted over all shanks, as `structure.oebin` names them. `numbers` are those of the channels' names,
    /// where they have any: an electrode that the settings lack is taken only if they lack its channel.
    pub(in super::super) fn by_electrode(&self, wanted: &[u32], numbers: Option<&[u32]>) -> Chosen {
        let Some(kind) = &self.kind else {
            return Err("the electrodes in `structure.oebin` cannot be placed".to_owned());
        };
        if wanted.iter().collect::<BTreeSet<_>>().len() < wanted.len() {
            return Err("`structure.oebin` names one electrode for two channels".to_owned());
        }
        let known: BTreeMap<_, _> = self.electrodes.iter().zip(&self.contacts).collect();
        let mut made = BTreeMap::new();
        for (place, index) in
            wanted.iter().enumerate().filter(|(_, index)| !known.contains_key(&kind.on_shank(**index)))
        {
            let refused = || {
                format!(
                    "`structure.oebin` names electrode {index}, which the probe does not use by the settings"
                )
            };
            let channel = self.absent(wanted, numbers, place).ok_or_else(refused)?;
            let (shank, electrode) = kind.on_shank(*index);
            made.insert(place, contact(kind, channel, shank, electrode).ok_or_else(refused)?);
        }
        let find = |(place, index): (usize, &u32)| {
            made.get(&place).or_else(|| known.get(&kind.on_shank(*index)).copied()).cloned()
        };
        let contacts = wanted.iter().enumerate().filter_map(find).collect();
        Ok((contacts, told(made.values())))
    }

    /// The channel of a column whose electrode the settings lack, if they lack the channel too. All other columns must agree on what the number
    /// in a name means.
    fn absent(&self, wanted: &[u32], numbers: Option<&[u32]>, place: usize) -> Option<u32> {
        let (kind, numbers) = (self.kind.as_ref()?, numbers?);
        let known: BTreeMap<_, _> = self.electrodes.iter().zip(&self.contacts).collect();
        let apart = |(index, number): (&u32, &u32)| {
            let contact = known.get(&kind.on_shank(*index))?;
            Some(i64::from(*number) - i64::from(contact.channel))
        };
        let bases: BTreeSet<_> = wanted.iter().zip(numbers).filter_map(apart).collect();
        let base = bases.first().filter(|_| bases.len() == 1)?;
        let channel = u32::try_from(i64::from(*numbers.get(place)?) - base).ok()?;
        let has = self.contacts.iter().any(|contact| contact.channel == channel);
        (!has).then_some(channel)
    }
}

fn told<'a>(filled: impl Iterator<Item = &'a Contact>) -> Option<String> {
    let filled: Vec<_> = filled.map(|contact| format!("CH{} ({})", contact.channel, contact.id)).collect();
    let (all, more) = (filled.len(), filled.len().saturating_sub(NAMED));
    if all == 0 {
        return None;
    }
    let named = filled.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(format!("the settings lack {named}{more}; the electrodes in brackets are used"))
}
