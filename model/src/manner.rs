use serde::{Deserialize, Serialize};

/// How a job is done: what the job list says, else what the settings say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manner {
    /// Which generation of aind-data-schema the documents follow.
    pub schema: Schema,
    /// Which of its languages the metadata service is asked in.
    pub metadata_api: MetadataApi,
    /// What to do about documents that nobody has.
    pub metadata_missing: MetadataMissing,
    /// How behaviour videos are encrypted.
    pub video_encryption: VideoEncryption,
    /// Documents as the Python original writes them, its mistakes included.
    pub strict_compat: bool,
    /// What happens to symbolic links in source folders.
    pub links: SourceLinks,
    /// Whether a source folder may hold no file at all.
    pub allow_empty: bool,
}

/// Declares an enum of words that people write: read in any letter case with `-` or `_`, written canonically.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal $(| $alias:literal)*),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// Every canonical word, for messages.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The canonical word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = ();

            fn from_str(text: &str) -> Result<Self, ()> {
                match text.trim().to_ascii_lowercase().replace('_', "-").as_str() {
                    $($word $(| $alias)* => Ok(Self::$variant),)+
                    _ => Err(()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

pub(crate) use words;

words! {
    /// A generation of aind-data-schema.
    Schema {
        /// As in 0.26.5, which the Python original writes.
        #[default]
        V1 = "v1" | "1" | "0.26" | "0.26.5",
        /// 2.x.
        V2 = "v2" | "2" | "2.x",
    }
}

words! {
    /// A language of the metadata service.
    MetadataApi {
        /// That of the schema wanted; the other one where the server does not know it.
        #[default]
        Auto = "auto",
        /// `/subject/{id}`, answered in an envelope.
        V1 = "v1" | "1",
        /// `/api/v2/subject/{id}`, answered with the bare document.
        V2 = "v2" | "2",
    }
}

words! {
    /// What to do when a metadata service is named and a document is found neither there nor in `metadata_dir`.
    MetadataMissing {
        /// The job stops before any work.
        #[default]
        Require = "require",
        /// The document is left out, and the record says so.
        Allow = "allow",
    }
}

words! {
    /// An encryption that zip readers know.
    VideoEncryption {
        /// AES-256 as `WinZip` writes it.
        #[default]
        Aes256 = "aes256" | "aes" | "aes-256",
        /// PKWARE's traditional cipher. Weak: for readers of old files only.
        ZipCrypto = "zipcrypto" | "zip-crypto",
    }
}

words! {
    /// What happens to symbolic links in the source folders of a job.
    SourceLinks {
        /// What a link leads to is uploaded under the link's name, as the Python original does. Dangling links and loops are left out and
        /// reported.
        #[default]
        Follow = "follow",
        /// Links are left out and reported.
        Skip = "skip",
        /// A link in a source folder fails the job before any work.
        Fail = "fail",
    }
}

/// Who stands behind the data, as far as the job list says it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct People {
    /// Full names.
    pub investigators: Vec<String>,
    /// Who pays.
    pub funding: Vec<Funding>,
}

/// One source of money.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Funding {
    /// The organisation's name, as aind-data-schema spells it, such as `Allen Institute`.
    pub funder: String,
    /// The grant's number.
    #[serde(default)]
    pub grant_number: Option<String>,
    /// Who was given the grant.
    #[serde(default)]
    pub fundee: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_in_any_spelling() {
        assert_eq!("V2".parse(), Ok(Schema::V2));
        assert_eq!("0.26".parse(), Ok(Schema::V1));
        assert_eq!("AES_256".parse(), Ok(VideoEncryption::Aes256));
        assert_eq!("ZipCrypto".parse(), Ok(VideoEncryption::ZipCrypto));
        assert_eq!("perhaps".parse::<MetadataMissing>(), Err(()));
        assert_eq!(MetadataApi::WORDS, ["auto", "v1", "v2"]);
    }
}
