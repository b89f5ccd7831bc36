use adt_model::{Class, Fault, Key};

/// So many chunks are named.
const NAMED: usize = 8;

/// The chunks of one segment that are not what was written.
#[derive(Debug, Default)]
pub(super) struct Damage {
    first: Option<Fault>,
    keys: Vec<Key>,
}

impl Damage {
    /// Whether nothing was found.
    pub(super) fn is_none(&self) -> bool {
        self.keys.is_empty()
    }

    /// Keeps what is a chunk's own fault; any other fault ends the work.
    pub(super) fn add(&mut self, key: &Key, fault: Fault) -> Result<(), Fault> {
        if !matches!(fault.class(), Class::Corrupt | Class::Missing | Class::BadInput) {
            return Err(fault);
        }
        self.keys.push(key.clone());
        self.first.get_or_insert(fault);
        Ok(())
    }

    /// The fault that names them all.
    pub(super) fn end(self, store: &str, segment: usize) -> Result<(), Fault> {
        let (Some(first), [key, more @ ..]) = (self.first, self.keys.as_slice()) else { return Ok(()) };
        let mut what = format!("`{store}`, segment {segment}: chunk `{key}` is damaged");
        if !more.is_empty() {
            let names: Vec<_> = more.iter().take(NAMED).map(|key| format!("`{key}`")).collect();
            let rest = if more.len() > NAMED { ", …" } else { "" };
            what = format!("{what}, and {} more ({}{rest})", more.len(), names.join(", "));
        }
        Err(Fault::new(Class::Corrupt, what)
            .because(first)
            .help("take the store from another copy of the asset"))
    }
}
