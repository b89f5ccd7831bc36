//! Where credentials come from, with servers in place of AWS's services.

use std::{collections::BTreeMap, time::Duration};

use adt_model::{Class, Fault};
use adt_net::Environment;
use adt_store::{ObjectMeta, Receipt, StoreOptions};
use camino::Utf8Path;

use crate::{
    server::{Asked, Reply, Scripted, agree, refuse, tell},
    setup::{block, key, open, options},
};

const LATER: &str = "2999-01-01T00:00:00Z";

fn environment(server: &Scripted, home: &Utf8Path, vars: &[(&str, &str)]) -> StoreOptions {
    let mut all = BTreeMap::from([
        ("AWS_ENDPOINT_URL".to_owned(), server.endpoint.clone()),
        ("AWS_ENDPOINT_URL_SSO".to_owned(), server.endpoint.clone()),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT".to_owned(), server.endpoint.clone()),
    ]);
    all.extend(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let mut options = options("", "", "");
    options.environment = Environment { vars: all, home: Some(home.to_owned()) };
    options.retry_time = Duration::from_secs(2);
    options
}

async fn put(options: &StoreOptions) -> Result<Receipt, Fault> {
    open("s3://lab", options).await.put(&key("a"), block("data"), &ObjectMeta::default()).await
}

/// Takes whatever comes with the access key it is told.
fn bucket(asked: &Asked, access_key: &str) -> Reply {
    let authorization = asked.headers["authorization"].to_str().unwrap();
    if authorization.contains(&format!("Credential={access_key}/")) {
        let crc = asked.headers["x-amz-checksum-crc64nvme"].to_str().unwrap();
        agree(&[("x-amz-checksum-crc64nvme", crc), ("etag", "\"e\"")])
    } else {
        refuse(403, "InvalidAccessKeyId")
    }
}

fn keys(access_key: &str) -> String {
    format!(r#"{{"AccessKeyId":"{access_key}","SecretAccessKey":"s","Token":"t","Expiration":"{LATER}"}}"#)
}

fn home(config: &str, credentials: &str) -> (tempfile::TempDir, camino::Utf8PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let home = Utf8Path::from_path(folder.path()).unwrap().to_owned();
    fs_err::create_dir_all(home.join(".aws/sso/cache")).unwrap();
    fs_err::write(home.join(".aws/config"), config).unwrap();
    fs_err::write(home.join(".aws/credentials"), credentials).unwrap();
    (folder, home)
}

#[tokio::test]
async fn a_profile_with_keys_that_are_written_down() {
    let (_folder, home) = home("", "[lab]\naws_access_key_id = WRITTEN\naws_secret_access_key = s\n");
    let server = Scripted::start(|_, asked| bucket(asked, "WRITTEN")).await;
    put(&environment(&server, &home, &[("AWS_PROFILE", "lab")])).await.unwrap();
}

#[tokio::test]
async fn a_role_by_a_source_profile() {
    let config =
        "[profile lab]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\nexternal_id = e x\n";
    let (_folder, home) = home(config, "[base]\naws_access_key_id = BASE\naws_secret_access_key = s\n");
    let server = Scripted::start(|_, asked| {
        if asked.method != "POST" {
            return bucket(asked, "ROLE");
        }
        let body = String::from_utf8_lossy(&asked.body).into_owned();
        assert!(body.starts_with("Action=AssumeRole&") && body.contains("&ExternalId=e%20x"), "{body}");
        assert!(asked.headers["authorization"].to_str().unwrap().contains("Credential=BASE/"));
        tell(&format!("<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>{LATER}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"))
    })
    .await;
    put(&environment(&server, &home, &[("AWS_PROFILE", "lab")])).await.unwrap();
}

#[tokio::test]
async fn a_web_identity() {
    let (_folder, home) = home("", "");
    fs_err::write(home.join("token"), "abc\n").unwrap();
    let server = Scripted::start(|_, asked| {
        if asked.method != "POST" {
            return bucket(asked, "WEB");
        }
        let body = String::from_utf8_lossy(&asked.body).into_owned();
        assert!(body.ends_with("&WebIdentityToken=abc") && !asked.headers.contains_key("authorization"), "{body}");
        tell(&format!("<A><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>WEB</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>{LATER}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></A>"))
    })
    .await;
    let token = home.join("token");
    let vars = [("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()), ("AWS_ROLE_ARN", "arn:r")];
    put(&environment(&server, &home, &vars)).await.unwrap();
}

#[tokio::test]
async fn single_sign_on_until_it_expires() {
    let config = "[profile lab]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = R\n[sso-session corp]\nsso_region = us-east-1\n";
    let (_folder, home) = home(config, "");
    // The file's name is the SHA-1 of `corp`.
    let cache = home.join(".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json");
    let server = Scripted::start(|_, asked| {
        if !asked.target.starts_with("/federation/credentials?role_name=R&account_id=1") {
            return bucket(asked, "SSO");
        }
        assert_eq!(asked.headers["x-amz-sso_bearer_token"], "tok");
        tell(r#"{"roleCredentials":{"accessKeyId":"SSO","secretAccessKey":"s","sessionToken":"t","expiration":32472144000000}}"#)
    })
    .await;
    let options = environment(&server, &home, &[("AWS_PROFILE", "lab")]);
    let fault = put(&options).await.unwrap_err();
    assert!(fault.advice().unwrap().contains("aws sso login --profile lab"), "{fault:?}");
    for (expires, works) in [("2020-06-17T10:02:08UTC", false), (LATER, true)] {
        fs_err::write(&cache, format!(r#"{{"accessToken":"tok","expiresAt":"{expires}"}}"#)).unwrap();
        assert_eq!(put(&options).await.is_ok(), works, "{expires}");
    }
}

#[tokio::test]
async fn a_container() {
    let (_folder, home) = home("", "");
    let server = Scripted::start(|_, asked| {
        if asked.target != "/creds" {
            return bucket(asked, "TASK");
        }
        assert_eq!(asked.headers["authorization"], "Basic abc");
        tell(&keys("TASK"))
    })
    .await;
    let url = format!("{}/creds", server.endpoint);
    let vars = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.as_str()),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic abc"),
    ];
    put(&environment(&server, &home, &vars)).await.unwrap();
}

#[tokio::test]
async fn an_instance_whose_keys_expire_is_asked_again_once() {
    let (_folder, home) = home("", "");
    let server = Scripted::start(|index, asked| match (asked.method.as_str(), asked.target.as_str()) {
        ("PUT", "/latest/api/token") => tell("session"),
        ("GET", "/latest/meta-data/iam/security-credentials/") => tell("lab-role\n"),
        ("GET", "/latest/meta-data/iam/security-credentials/lab-role") => {
            assert_eq!(asked.headers["x-aws-ec2-metadata-token"], "session");
            tell(&keys(if index < 4 { "OLD" } else { "NEW" }))
        }
        _ => match bucket(asked, "NEW") {
            Reply::Say(403, ..) => refuse(400, "ExpiredToken"),
            good => good,
        },
    })
    .await;
    put(&environment(&server, &home, &[])).await.unwrap();
    assert_eq!(server.asked().len(), 8);
}

#[tokio::test]
async fn nothing_found_says_where_was_looked() {
    let (_folder, home) = home("", "");
    let server = Scripted::saying([refuse(404, "")]).await;
    let options = environment(&server, &home, &[("AWS_EC2_METADATA_DISABLED", "true")]);
    let fault = put(&options).await.unwrap_err();
    let help = fault.advice().unwrap();
    assert_eq!(fault.class(), Class::Missing);
    for word in ["AWS_ACCESS_KEY_ID", ".aws/config", ".aws/credentials", "switched off"] {
        assert!(help.contains(word), "{help}");
    }
    let options = environment(&server, &home, &[("AWS_PROFILE", "nobody")]);
    assert!(put(&options).await.unwrap_err().line().contains("`nobody`"));
    assert!(server.asked().is_empty());
}
