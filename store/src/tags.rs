//! Tags of objects, in the forms that S3 and Azure share.

use std::collections::BTreeMap;

use adt_net::{encode, xml::Element};

/// As a header has them: a query.
pub(crate) fn to_wire(tags: &BTreeMap<String, String>) -> String {
    let pairs = tags.iter().map(|(name, value)| format!("{}={}", encode::query(name), encode::query(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// As a document has them.
pub(crate) fn read(root: &Element) -> BTreeMap<String, String> {
    let named = |tag: &Element| {
        Some((tag.value("Key")?.to_owned(), tag.value("Value").unwrap_or_default().to_owned()))
    };
    root.child("TagSet").into_iter().flat_map(|all| all.all("Tag")).filter_map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(
        "<Tagging><TagSet><Tag><Key>a b</Key><Value>1&amp;2</Value></Tag><Tag><Key>c</Key><Value/></Tag></TagSet></Tagging>",
        "a%20b=1%262&c="
    )]
    #[case("<Tags><TagSet/></Tags>", "")]
    fn tags_are_read_and_written(#[case] document: &str, #[case] header: &str) {
        assert_eq!(to_wire(&read(&Element::parse(document.as_bytes()).unwrap())), header);
    }
}
