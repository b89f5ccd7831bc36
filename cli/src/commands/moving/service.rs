//! Which service of S3 each side of a move is at.

use adt_model::{Class, Fault, Location};
use adt_net::{Environment, aws, aws::Profiles};

use crate::args::{Clouds, FromSide};

/// The environments of the destination and of the source. What is asked for the source makes `--profile` and `--endpoint-url` those of the
/// destination; else they are those of both.
pub(super) fn environments(
    given: &Environment,
    clouds: &Clouds,
    from_side: &FromSide,
) -> Result<(Environment, Environment), Fault> {
    let (profile, endpoint) = (clouds.profile.as_deref(), clouds.endpoint_url.as_deref());
    let there = of_side(given, "--profile", profile, endpoint)?;
    let FromSide { source_profile, source_endpoint_url } = from_side;
    if source_profile.is_none() && source_endpoint_url.is_none() {
        return Ok((there.clone(), there));
    }
    let here = of_side(given, "--source-profile", source_profile.as_deref(), source_endpoint_url.as_deref())?;
    Ok((there, here))
}

/// A named profile brings its own credentials; its region and endpoint, where it has them, come before those of the environment.
fn of_side(
    given: &Environment,
    flag: &str,
    profile: Option<&str>,
    endpoint: Option<&str>,
) -> Result<Environment, Fault> {
    let mut environment = given.clone();
    let vars = &mut environment.vars;
    if let Some(name) = profile {
        let profiles = Profiles::load(given);
        if !profiles.has(name) {
            let (config, credentials) = (&profiles.config_file, &profiles.credentials_file);
            let what = format!("`{flag} {name}`: there is no such profile in `{config}` or `{credentials}`");
            return Err(Fault::new(Class::BadInput, what).help("correct the name, or add the profile"));
        }
        let mut own = vec!["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
        if profiles.value(name, "region").is_some() {
            own.extend(["AWS_REGION", "AWS_DEFAULT_REGION"]);
        }
        if profiles.value(name, "endpoint_url").or(profiles.value(name, "services")).is_some() {
            own.extend(["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]);
        }
        for variable in own {
            vars.remove(variable);
        }
        vars.insert("AWS_PROFILE".to_owned(), name.to_owned());
    }
    if let Some(url) = endpoint {
        vars.insert("AWS_ENDPOINT_URL_S3".to_owned(), url.to_owned());
    }
    Ok(environment)
}

/// Fails where a flag is for S3 and no side that it concerns is there.
pub(super) fn check(
    clouds: &Clouds,
    from_side: &FromSide,
    source: &Location,
    destination: Option<&Location>,
) -> Result<(), Fault> {
    let is_s3 = |location: &Location| matches!(location, Location::S3 { .. });
    let FromSide { source_profile, source_endpoint_url } = from_side;
    let of_source = source_profile.is_some() || source_endpoint_url.is_some();
    let there = destination.is_some_and(is_s3) || (!of_source && is_s3(source));
    let flags = [
        ("--source-profile", source_profile.is_some(), is_s3(source)),
        ("--source-endpoint-url", source_endpoint_url.is_some(), is_s3(source)),
        ("--profile", clouds.profile.is_some(), there),
        ("--endpoint-url", clouds.endpoint_url.is_some(), there),
    ];
    match flags.into_iter().find(|(_, given, concerns)| *given && !concerns) {
        Some((flag, ..)) => {
            let what = format!("`{flag}` is for S3, and the location that it is for is not in S3");
            Err(Fault::new(Class::BadInput, what).help(format!("omit `{flag}`, or name an `s3://` location")))
        }
        None => Ok(()),
    }
}

/// Whether a bucket of one name is one bucket on both sides.
pub(super) fn is_one(here: &Environment, there: &Environment) -> bool {
    let (own, other) = (Profiles::load(here), Profiles::load(there));
    aws::configured_endpoint("s3", here, &own) == aws::configured_endpoint("s3", there, &other)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn given(folder: &tempfile::TempDir) -> Environment {
        let config = folder.path().join("config");
        let text = "[profile lab]\nregion = eu-west-1\nendpoint_url = http://lab\n[profile plain]\naws_access_key_id = p\n";
        fs_err::write(&config, text).unwrap();
        let vars = [
            ("AWS_CONFIG_FILE", config.to_str().unwrap()),
            ("AWS_SHARED_CREDENTIALS_FILE", "/nowhere"),
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_REGION", "us-west-2"),
            ("AWS_ENDPOINT_URL_S3", "http://given"),
        ];
        let vars = vars.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Environment { vars, home: None }
    }

    fn shown(environment: &Environment) -> String {
        let profiles = Profiles::load(environment);
        let endpoint = aws::configured_endpoint("s3", environment, &profiles).unwrap_or("-");
        let region = aws::region(environment, &profiles).unwrap_or("-");
        let key = environment.var("AWS_ACCESS_KEY_ID").unwrap_or("-");
        format!("{endpoint} {region} {key} {}", profiles.current())
    }

    #[rstest]
    #[case::nothing([None; 4], "http://given us-west-2 key default", "http://given us-west-2 key default")]
    #[case::one_profile([Some("lab"), None, None, None], "http://lab eu-west-1 - lab", "http://lab eu-west-1 - lab")]
    #[case::a_profile_without_a_server([Some("plain"), None, None, None], "http://given us-west-2 - plain", "http://given us-west-2 - plain")]
    #[case::one_server([None, Some("http://x"), None, None], "http://x us-west-2 key default", "http://x us-west-2 key default")]
    #[case::the_sources_only([None, None, Some("lab"), None], "http://given us-west-2 key default", "http://lab eu-west-1 - lab")]
    #[case::two([Some("lab"), None, Some("plain"), Some("http://y")], "http://lab eu-west-1 - lab", "http://y us-west-2 - plain")]
    #[case::the_destinations_only([None, Some("http://x"), None, Some("http://y")], "http://x us-west-2 key default", "http://y us-west-2 key default")]
    fn each_side_has_its_own(#[case] flags: [Option<&str>; 4], #[case] there: &str, #[case] here: &str) {
        let folder = tempfile::tempdir().unwrap();
        let [profile, endpoint_url, source_profile, source_endpoint_url] =
            flags.map(|f| f.map(str::to_owned));
        let clouds = Clouds { profile, endpoint_url, ..Clouds::default() };
        let from_side = FromSide { source_profile, source_endpoint_url };
        let (destination, source) = environments(&given(&folder), &clouds, &from_side).unwrap();
        assert_eq!((shown(&destination).as_str(), shown(&source).as_str()), (there, here));
    }

    #[test]
    fn a_profile_that_does_not_exist_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let clouds = Clouds { profile: Some("labb".into()), ..Clouds::default() };
        let fault = environments(&given(&folder), &clouds, &FromSide::default()).unwrap_err();
        assert!(fault.line().contains("`--profile labb`"), "{fault}");
    }
}
