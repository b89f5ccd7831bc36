//! Columns and keys of other programs' job lists, such as version 2 of AIND's upload service, and what to do about each here.

/// What to do about a column or key of this clean name; `None` where it may be a slip.
pub(crate) fn column(clean: &str) -> Option<&'static str> {
    let part = clean.rsplit_once('.').map_or(clean, |(_, part)| part);
    Some(match part {
        "job_type" => {
            "remove the column: it selects settings of AIND's upload service; here each setting is a column of its own"
        }
        "user_email" | "email_notification_types" | "email" => {
            "remove the column: adt sends no email (a cluster's scheduler can: `adt submit --mail-user`)"
        }
        "capsule_id" | "codeocean_configs" | "trigger_capsule_configs" | "codeocean_pipeline_settings" => {
            "one pipeline starts for the whole asset: write its capsule under `codeocean_trigger_capsule_id`"
        }
        "derivatives_dir" | "derivatives" => {
            "remove the column: upload derived data with `adt copy FOLDER DESTINATION` once the asset is complete"
        }
        "slurm_settings"
        | "image_resources"
        | "image"
        | "image_version"
        | "command_script"
        | "job_settings"
        | "chunk"
        | "number_of_partitions" => {
            "remove the column: it configures AIND's upload service; `adt submit --help` lists what a cluster run can set"
        }
        "metadata_configs" | "session_settings" | "instrument_settings" | "procedures_settings" => {
            "remove the column: put the documents into a folder and name it under `metadata_dir`"
        }
        "config_file" | "extra_config" => "name the file under `modality0.extra_configs`",
        "index" => "remove the column (in pandas: `to_csv(…, index=False)`)",
        part if part.starts_with("unnamed:") || part == "level_0" => {
            "remove the column (in pandas: `to_csv(…, index=False)`)"
        }
        _ => return None,
    })
}
