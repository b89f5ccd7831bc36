//! What a container's plan says, and what is believed of one that was found.

use adt_model::{Class, Fault, ImagingConfig, Key, SourceLinks};
use serde::{Deserialize, Serialize};

use super::tile::About;

/// What `plan.json` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PlanFile {
    /// The program.
    pub program: String,
    /// Whatever decides the bytes of all objects.
    pub hash: String,
    /// The session, as it was named.
    pub source: String,
    /// Whether the source is an N5 dataset.
    pub n5: bool,
    /// What happens to symbolic links in the source.
    #[serde(default)]
    pub links: SourceLinks,
    /// How it is stored.
    pub config: ImagingConfig,
    /// Each becomes a group.
    pub tiles: Vec<PlannedTile>,
    /// Items of each stage.
    pub items: Vec<u64>,
}

/// A tile of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PlannedTile {
    /// Whatever decides the bytes of its objects.
    pub hash: String,
    /// What is known of it.
    #[serde(flatten)]
    pub about: About,
}

/// More sizes, groups or stages than that are not ours.
const MOST: usize = 1 << 20;

impl PlanFile {
    /// A plan that was found. Whoever may write there may have changed it: nothing of it may lead elsewhere or never end.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Fault> {
        let plan: Self = serde_json::from_slice(text).map_err(|e| {
            Fault::new(Class::BadInput, "the container's plan cannot be read").because(e).help(AGAIN)
        })?;
        match plan.wrong() {
            None => Ok(plan),
            Some(what) => {
                let what = format!("the container's plan was not made by adt: {what}");
                Err(Fault::new(Class::BadInput, what).help(AGAIN))
            }
        }
    }

    fn wrong(&self) -> Option<String> {
        if self.tiles.len() > MOST || self.items.len() > 64 {
            return Some(format!("{} images in {} stages", self.tiles.len(), self.items.len()));
        }
        if self.items.iter().any(|items| *items > 1 << 48) {
            return Some("a stage of more than 2^48 items".to_owned());
        }
        let is_group = |group: &str| group.is_empty() || Key::parse(group).is_ok();
        let odd = |tile: &&PlannedTile| {
            !is_hash(&tile.hash) || tile.about.levels > 64 || !is_group(&tile.about.group)
        };
        self.tiles.iter().find(odd).map(|tile| format!("image `{}`", tile.about.group.escape_debug()))
    }
}

const AGAIN: &str = "plan the work again with this program";

/// Whether a text is one of our hashes, and so may be part of a name.
fn is_hash(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::not_json("{")]
    #[case::nested(&"[".repeat(100_000))]
    #[case::a_page("<html>")]
    #[case::a_list("[]")]
    fn what_is_not_a_plan_is_one_fault(#[case] text: &str) {
        assert_eq!(PlanFile::parse(text.as_bytes()).unwrap_err().class(), Class::BadInput);
    }

    #[rstest]
    #[case(json!([]), None)]
    #[case(json!([1_u64 << 48]), None)]
    #[case(json!([u64::MAX]), Some("2^48"))]
    #[case(json!(vec![0; 65]), Some("65 stages"))]
    fn stages_and_items_are_limited(#[case] items: serde_json::Value, #[case] why: Option<&str>) {
        let config = ImagingConfig::default();
        let plan = json!({"program": "adt 1", "hash": "00", "source": "/s", "n5": false, "config": config,
            "tiles": [], "items": items});
        let found = PlanFile::parse(plan.to_string().as_bytes());
        match why {
            None => drop(found.unwrap()),
            Some(why) => assert!(found.unwrap_err().line().contains(why)),
        }
    }
}
