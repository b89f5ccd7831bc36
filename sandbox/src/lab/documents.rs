use std::io;

use camino::Utf8Path;
use fs_err as fs;
use serde_json::{Value, json};

use super::session::Session;

/// Writes the documents that a lab keeps beside its data, of aind-data-schema 0.26.5, about an animal that never lived.
pub(crate) fn write(folder: &Utf8Path, session: &Session) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let documents = [
        ("subject.json", subject(session)),
        ("procedures.json", procedures(session)),
        ("session.json", session_document(session)),
    ];
    for (name, document) in documents {
        fs::write(folder.join(name), serde_json::to_vec_pretty(&document)?)?;
    }
    Ok(())
}

/// The address each document names as its own schema.
fn described_by(name: &str) -> String {
    format!(
        "https://raw.githubusercontent.com/AllenNeuralDynamics/aind-data-schema/main/src/aind_data_schema/core/{name}.py"
    )
}

fn subject(session: &Session) -> Value {
    json!({
        "describedBy": described_by("subject"),
        "schema_version": "0.5.5",
        "subject_id": session.subject,
        "sex": "Female",
        "date_of_birth": "2023-11-02",
        "genotype": "Demo-Cre/wt",
        "species": {
            "name": "Mus musculus",
            "abbreviation": null,
            "registry": {"name": "National Center for Biotechnology Information", "abbreviation": "NCBI"},
            "registry_identifier": "10090"
        },
        "alleles": [],
        "background_strain": null,
        "breeding_info": {
            "breeding_group": "demo breeding",
            "maternal_id": "100001",
            "maternal_genotype": "wt/wt",
            "paternal_id": "100002",
            "paternal_genotype": "Demo-Cre/wt"
        },
        "source": {
            "name": "Allen Institute",
            "abbreviation": "AI",
            "registry": {"name": "Research Organization Registry", "abbreviation": "ROR"},
            "registry_identifier": "03cpe7c52"
        },
        "rrid": null,
        "restrictions": null,
        "wellness_reports": [],
        "housing": null,
        "notes": "Invented for the demo."
    })
}

fn procedures(session: &Session) -> Value {
    json!({
        "describedBy": described_by("procedures"),
        "schema_version": "0.11.5",
        "subject_id": session.subject,
        "subject_procedures": [{
            "procedure_type": "Surgery",
            "start_date": "2024-01-15",
            "experimenter_full_name": "Demo Experimenter",
            "iacuc_protocol": "0000",
            "animal_weight_prior": "21.3",
            "animal_weight_post": "21.9",
            "weight_unit": "gram",
            "anaesthesia": {"type": "isoflurane", "duration": "75", "duration_unit": "minute", "level": "1.5"},
            "workstation_id": null,
            "procedures": [{
                "procedure_type": "Headframe",
                "protocol_id": "none",
                "headframe_type": "demo style",
                "headframe_part_number": "0000",
                "headframe_material": null,
                "well_part_number": null,
                "well_type": null
            }],
            "notes": null
        }],
        "specimen_procedures": [],
        "notes": "Invented for the demo."
    })
}

fn session_document(session: &Session) -> Value {
    json!({
        "describedBy": described_by("session"),
        "schema_version": "0.1.4",
        "protocol_id": [],
        "experimenter_full_name": ["Demo Experimenter"],
        "session_start_time": session.at.to_string(),
        "session_end_time": null,
        "session_type": "demo",
        "iacuc_protocol": "0000",
        "rig_id": format!("demo-{}", session.platform),
        "calibrations": [],
        "maintenance": [],
        "subject_id": session.subject,
        "animal_weight_prior": null,
        "animal_weight_post": null,
        "weight_unit": "gram",
        "data_streams": [],
        "stimulus_epochs": [],
        "reward_delivery": null,
        "reward_consumed_total": null,
        "notes": "Invented for the demo."
    })
}
