use adt_model::Fault;

use crate::{Endpoint, Environment};

/// Names a server that stands in for Google's, in all of Google's own libraries.
pub(super) const EMULATOR: &str = "STORAGE_EMULATOR_HOST";
const REAL: &str = "https://storage.googleapis.com";

/// Scheme, host and path of Cloud Storage without a slash at the end, and whether it is an emulator's:
/// `STORAGE_EMULATOR_HOST`, with or without `http://`, else Google's own.
pub fn endpoint(environment: &Environment) -> Result<(String, bool), Fault> {
    let Some(host) = environment.var(EMULATOR) else {
        return Ok((REAL.to_owned(), false));
    };
    let url = if host.contains("://") { host.to_owned() } else { format!("http://{host}") };
    Ok((Endpoint::parse(&url, &format!("Cloud Storage ({EMULATOR})"))?.base, true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(None, "https://storage.googleapis.com", false)]
    #[case(Some(""), "https://storage.googleapis.com", false)]
    #[case(Some("localhost:9023"), "http://localhost:9023", true)]
    #[case(Some("http://127.0.0.1:9023/"), "http://127.0.0.1:9023", true)]
    #[case(Some("https://gcs.lab.org/x/"), "https://gcs.lab.org/x", true)]
    fn an_emulator_is_named_with_or_without_its_scheme(
        #[case] host: Option<&str>,
        #[case] base: &str,
        #[case] emulator: bool,
    ) {
        let mut environment = Environment::default();
        environment.vars.extend(host.map(|host| (EMULATOR.to_owned(), host.to_owned())));
        assert_eq!(endpoint(&environment).unwrap(), (base.to_owned(), emulator));
    }

    #[test]
    fn what_is_no_server_is_refused_by_name() {
        let mut environment = Environment::default();
        environment.vars.insert(EMULATOR.into(), "ftp://x".into());
        assert!(endpoint(&environment).unwrap_err().line().contains(EMULATOR));
    }
}
