use adt_model::Trigger;

use super::python;

/// What is asked of a capsule. It holds no token, so it can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    capsule: String,
    version: Option<u64>,
    parameter: String,
    key: Option<String>,
}

/// The request that starts the pipeline on an asset, as the Python original and its trigger capsules have it.
///
/// The capsule's one positional parameter is a JSON text that names the asset by `bucket` and `prefix`; `version` is
/// that of this program. Keys and spacing are the original's, so that equal requests are equal texts.
pub fn request(trigger: &Trigger, bucket: &str, prefix: &str, version: &str) -> Request {
    let process = trigger.process_capsule.as_deref().map_or_else(|| "null".to_owned(), python::text);
    let job = python::object(&[
        ("job_type", python::text(&trigger.job_type)),
        ("modalities", python::list(&trigger.modalities)),
        ("capsule_id", python::text(&trigger.capsule)),
        ("process_capsule_id", process),
        ("bucket", python::text(bucket)),
        ("prefix", python::text(prefix)),
        ("aind_data_transfer_version", python::text(version)),
    ]);
    let parameter = python::object(&[("trigger_codeocean_job", job)]);
    Request { capsule: trigger.capsule.clone(), version: trigger.version, parameter, key: None }
}

impl Request {
    /// The request that carried this parameter, perhaps one of another version of this program; `None` for a text that is no
    /// parameter of ours. Good for looking what became of it: which version of the capsule was asked for is not known any more.
    pub fn of_parameter(parameter: &str) -> Option<Self> {
        let read: serde_json::Value = serde_json::from_str(parameter).ok()?;
        let capsule = read.get("trigger_codeocean_job")?.get("capsule_id")?.as_str()?.to_owned();
        Some(Self { capsule, version: None, parameter: parameter.to_owned(), key: None })
    }

    /// The request's body. What is not set is not in it.
    pub fn body(&self) -> String {
        let mut members = vec![("capsule_id", python::text(&self.capsule))];
        if let Some(version) = self.version {
            members.push(("version", version.to_string()));
        }
        members.push(("parameters", python::list(std::slice::from_ref(&self.parameter))));
        python::object(&members)
    }

    /// The same request with the key of this order. The body has no field for it: the computation is named by it once it exists.
    #[must_use]
    pub fn with_key(self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self }
    }

    /// The key of this order, where it has one.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The capsule that is run.
    pub fn capsule(&self) -> &str {
        &self.capsule
    }

    /// The JSON text that the capsule is given.
    pub fn parameter(&self) -> &str {
        &self.parameter
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn trigger(process: Option<&str>, kind: &str, modality: &str) -> Trigger {
        Trigger {
            domain: "https://codeocean.lab.org".into(),
            capsule: "trigger-capsule".into(),
            version: None,
            process_capsule: process.map(str::to_owned),
            job_type: kind.into(),
            modalities: vec![modality.into()],
        }
    }

    #[test]
    fn a_request_is_known_again_by_its_parameter() {
        let sent = request(&trigger(None, "SmartSPIM", "SPIM"), "some-bucket", "a", "0.1.0");
        assert_eq!(Request::of_parameter(sent.parameter()), Some(sent));
        assert_eq!(Request::of_parameter("{}"), None);
        assert_eq!(Request::of_parameter("not JSON"), None);
    }

    /// Bodies that the Python original sent in recorded runs.
    #[rstest]
    #[case::spim(trigger(None, "SmartSPIM", "SPIM"), "SmartSPIM_987654_2023-10-12_08-32-18",
        include_str!("../../tests/golden/01.json"))]
    #[case::own_capsule(trigger(Some("xyz-123"), "run_generic_pipeline", "SPIM"), "SmartSPIM_987654_2023-10-12_08-32-18",
        include_str!("../../tests/golden/17.json"))]
    #[case::ecephys(trigger(None, "ecephys", "ecephys"), "ecephys_987654_2023-10-12_08-32-18",
        include_str!("../../tests/golden/34.json"))]
    fn bodies_are_those_of_the_original(
        #[case] trigger: Trigger,
        #[case] prefix: &str,
        #[case] golden: &str,
    ) {
        let request = request(&trigger, "some-bucket", prefix, "0.32.12");
        assert_eq!(request.body(), golden.trim_end());
    }

    #[test]
    fn a_version_is_sent_when_it_is_set() {
        let trigger = Trigger { version: Some(3), ..trigger(None, "ecephys", "ecephys") };
        let body = request(&trigger, "b", "p", "1").body();
        assert!(
            body.starts_with(r#"{"capsule_id": "trigger-capsule", "version": 3, "parameters": ["{"#),
            "{body}"
        );
    }
}
