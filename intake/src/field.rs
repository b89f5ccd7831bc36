//! The names of everything a job can say, shared by headers, JSON keys and flags.

use crate::{
    damage::{Kind, is_invisible},
    nearest,
};

/// One thing a job can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
    S3Bucket,
    Platform,
    SubjectId,
    AcqDatetime,
    TempDirectory,
    BehaviorDir,
    MetadataDir,
    LogLevel,
    MetadataDirForce,
    DryRun,
    ForceCloudSync,
    ProcessorName,
    ProcessName,
    ProjectName,
    Investigators,
    FundingSource,
    Institution,
    License,
    Group,
    Tags,
    Restrictions,
    Schema,
    MetadataApi,
    MetadataMissing,
    VideoEncryption,
    StrictCompat,
    Links,
    AllowEmpty,
    AwsParamStoreName,
    CodeoceanDomain,
    TriggerCapsuleId,
    TriggerCapsuleVersion,
    ProcessCapsuleId,
    MetadataServiceDomain,
    RepoLocation,
    VideoEncryptionPassword,
    VideoEncryptionPasswordPath,
    CodeoceanApiToken,
    CodeoceanApiTokenPath,
}

/// The canonical name first. The second names are shorter ones, or those of the original's last releases.
const FIELDS: [(Field, &[&str]); 39] = [
    (Field::S3Bucket, &["s3_bucket"]),
    (Field::Platform, &["platform"]),
    (Field::SubjectId, &["subject_id"]),
    (Field::AcqDatetime, &["acq_datetime"]),
    (Field::TempDirectory, &["temp_directory"]),
    (Field::BehaviorDir, &["behavior_dir"]),
    (Field::MetadataDir, &["metadata_dir"]),
    (Field::LogLevel, &["log_level"]),
    (Field::MetadataDirForce, &["metadata_dir_force"]),
    (Field::DryRun, &["dry_run"]),
    (Field::ForceCloudSync, &["force_cloud_sync"]),
    (Field::ProcessorName, &["processor_name", "processor_full_name"]),
    (Field::ProcessName, &["process_name"]),
    (Field::ProjectName, &["project_name"]),
    (Field::Investigators, &["investigators"]),
    (Field::FundingSource, &["funding_source", "funding"]),
    (Field::Institution, &["institution"]),
    (Field::License, &["license", "licence"]),
    (Field::Group, &["group"]),
    (Field::Tags, &["tags"]),
    (Field::Restrictions, &["restrictions"]),
    (Field::Schema, &["schema", "metadata_schema"]),
    (Field::MetadataApi, &["metadata_api"]),
    (Field::MetadataMissing, &["metadata_missing"]),
    (Field::VideoEncryption, &["video_encryption"]),
    (Field::StrictCompat, &["strict_compat"]),
    (Field::Links, &["links"]),
    (Field::AllowEmpty, &["allow_empty"]),
    (Field::AwsParamStoreName, &["aws_param_store_name"]),
    (Field::CodeoceanDomain, &["codeocean_domain"]),
    (Field::TriggerCapsuleId, &["codeocean_trigger_capsule_id"]),
    (Field::TriggerCapsuleVersion, &["codeocean_trigger_capsule_version"]),
    (Field::ProcessCapsuleId, &["codeocean_process_capsule_id", "process_capsule_id"]),
    (Field::MetadataServiceDomain, &["metadata_service_domain"]),
    (Field::RepoLocation, &["aind_data_transfer_repo_location"]),
    (Field::VideoEncryptionPassword, &["video_encryption_password"]),
    (Field::VideoEncryptionPasswordPath, &["video_encryption_password_path"]),
    (Field::CodeoceanApiToken, &["codeocean_api_token"]),
    (Field::CodeoceanApiTokenPath, &["codeocean_api_token_path"]),
];

/// What every job must say.
pub(crate) const REQUIRED: [Field; 4] =
    [Field::S3Bucket, Field::Platform, Field::SubjectId, Field::AcqDatetime];

impl Field {
    pub(crate) fn named(clean: &str) -> Option<Self> {
        FIELDS.iter().find(|(_, names)| names.contains(&clean)).map(|(field, _)| *field)
    }

    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        FIELDS.iter().flat_map(|(_, names)| names.iter().copied())
    }

    /// The canonical name.
    pub(crate) fn name(self) -> &'static str {
        FIELDS.iter().find(|(field, _)| *field == self).map_or("", |(_, names)| names[0])
    }

    /// One of the services around a job, or what they need.
    pub(crate) fn is_endpoint(self) -> bool {
        self >= Self::AwsParamStoreName
    }

    /// Never shown to anyone. The path of a secret is none, but what is written there by mistake may be.
    pub(crate) fn is_secret(self) -> bool {
        matches!(
            self,
            Self::VideoEncryptionPassword
                | Self::VideoEncryptionPasswordPath
                | Self::CodeoceanApiToken
                | Self::CodeoceanApiTokenPath
        )
    }

    /// What damage its text can have.
    pub(crate) fn kind(self) -> Kind {
        match self {
            _ if self.is_secret() => Kind::Secret,
            Self::SubjectId => Kind::Id,
            Self::TempDirectory | Self::BehaviorDir | Self::MetadataDir => Kind::Path,
            Self::ProcessorName | Self::ProjectName | Self::Restrictions => Kind::Text,
            _ if self.is_list() => Kind::List,
            _ => Kind::Word,
        }
    }

    /// On or off.
    pub(crate) fn is_switch(self) -> bool {
        matches!(
            self,
            Self::MetadataDirForce
                | Self::DryRun
                | Self::ForceCloudSync
                | Self::StrictCompat
                | Self::AllowEmpty
        )
    }

    /// Several entries in one cell, separated by `;`; a list in JSON.
    pub(crate) fn is_list(self) -> bool {
        matches!(self, Self::Investigators | Self::FundingSource | Self::Tags)
    }

    /// Text that is often all digits, and so is written as a JSON number.
    pub(crate) fn may_be_digits(self) -> bool {
        matches!(self, Self::SubjectId | Self::TriggerCapsuleVersion | Self::Schema | Self::MetadataApi)
    }
}

/// The two names of a secret: the secret itself, or the path of a parameter whose JSON holds it as the member `key`,
/// as the original has it.
pub(crate) struct Nested {
    pub(crate) secret: Field,
    pub(crate) path: Field,
    pub(crate) key: &'static str,
}

pub(crate) const VIDEO_PASSWORD: Nested = Nested {
    secret: Field::VideoEncryptionPassword,
    path: Field::VideoEncryptionPasswordPath,
    key: "password",
};

pub(crate) const API_TOKEN: Nested = Nested {
    secret: Field::CodeoceanApiToken,
    path: Field::CodeoceanApiTokenPath,
    key: "CODEOCEAN_READWRITE_TOKEN",
};

/// One thing a modality of a job can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Modality,
    Source,
    CompressRawData,
    SkipStaging,
    ExtraConfigs,
}

const PARTS: [(Part, &[&str]); 5] = [
    (Part::Modality, &["modality"]),
    (Part::Source, &["source", "data_source", "input_source"]),
    (Part::CompressRawData, &["compress_raw_data"]),
    (Part::SkipStaging, &["skip_staging"]),
    (Part::ExtraConfigs, &["extra_configs"]),
];

impl Part {
    pub(crate) fn named(clean: &str) -> Option<Self> {
        PARTS.iter().find(|(_, names)| names.contains(&clean)).map(|(part, _)| *part)
    }

    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        PARTS.iter().flat_map(|(_, names)| names.iter().copied())
    }

    /// What damage its text can have.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Source | Self::ExtraConfigs => Kind::Path,
            _ => Kind::Word,
        }
    }

    pub(crate) fn is_switch(self) -> bool {
        matches!(self, Self::CompressRawData | Self::SkipStaging)
    }
}

/// Letter case, blanks around, the choice of `-` or `_`, and what is not seen carry no meaning in a name.
pub(crate) fn clean(name: &str) -> String {
    let seen: String = name.chars().filter(|character| !is_invisible(*character)).collect();
    seen.trim().to_lowercase().replace('-', "_")
}

/// The advice for a name that is none of `names`, and the name that was probably meant.
pub(crate) fn advice(clean: &str, names: &[String], noun: &str) -> (String, Option<String>) {
    match nearest::nearest(clean, names.iter().map(String::as_str)) {
        Some(name) => (format!("did you mean `{name}`?"), Some(name.to_owned())),
        None => (format!("the {noun} are {}", names.join(", ")), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_field() {
        for (field, names) in FIELDS {
            assert!(names.iter().all(|name| Field::named(name) == Some(field)));
            assert_eq!(Field::named(field.name()), Some(field));
        }
    }
}
