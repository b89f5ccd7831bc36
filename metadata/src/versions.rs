//! The versions of the schemas that documents written here follow.

/// aind-data-schema 0.26.5, and the Python original that wrote documents with it.
pub(crate) mod v1 {
    pub(crate) const DATA_DESCRIPTION: &str = "0.13.0";
    pub(crate) const PROCESSING: &str = "0.4.3";
    pub(crate) const METADATA: &str = "0.1.21";
    /// What the original says of itself.
    pub(crate) const ORIGINAL: &str = "0.32.12";
}

/// aind-data-schema 2.9.2.
pub(crate) mod v2 {
    pub(crate) const DATA_DESCRIPTION: &str = "2.4.2";
    pub(crate) const PROCESSING: &str = "2.3.3";
    pub(crate) const METADATA: &str = "2.7.6";
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    /// The schemas' own constants; those of 2.x take any version, so they do not say theirs.
    #[test]
    fn the_first_generation_is_that_of_its_schemas() {
        let book: Value = serde_json::from_str(include_str!("../schemas/v1.json")).unwrap();
        let version = |model: &str| &book["$defs"][model]["properties"]["schema_version"]["const"];
        assert_eq!(version("DataDescription"), super::v1::DATA_DESCRIPTION);
        assert_eq!(version("Processing"), super::v1::PROCESSING);
    }
}
