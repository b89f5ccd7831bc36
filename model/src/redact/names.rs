/// Headers whose whole value is secret, blanks and commas included.
const HEADERS: [&str; 4] = ["authorization", "proxy_authorization", "cookie", "set_cookie"];

/// Headers, parameters and fields whose value is secret.
const NAMES: [&str; 45] = [
    "accesstoken",
    "access_token",
    "account_key",
    "accountkey",
    "api_key",
    "apikey",
    "assertion",
    "aws_secret_access_key",
    "aws_session_token",
    "client_assertion",
    "client_secret",
    "id_token",
    "passwd",
    "password",
    "refresh_token",
    "secret",
    "secret_access_key",
    "secretaccesskey",
    "security_token",
    "session_token",
    "sessiontoken",
    "shared_access_signature",
    "sharedaccesssignature",
    "sig",
    "signature",
    "slurm_jwt",
    "subject_token",
    "token",
    "upload_id",
    "webidentitytoken",
    "x_amz_copy_source_server_side_encryption_customer_key",
    "x_amz_credential",
    "x_amz_security_token",
    "x_amz_server_side_encryption_customer_key",
    "x_amz_signature",
    "x_amz_sso_bearer_token",
    "x_aws_ec2_metadata_token",
    "x_goog_credential",
    "x_goog_encryption_key",
    "x_goog_signature",
    "x_guploader_uploadid",
    "x_identity_header",
    "x_ms_encryption_key",
    "x_ms_copy_source_authorization",
    "x_slurm_user_token",
];

/// Whether a header, parameter or field of this name holds a secret.
pub fn is_secret_name(name: &str) -> bool {
    let name = folded(name);
    NAMES.contains(&name.as_str()) || is_secret_header(&name)
}

/// Whether everything after this name, to the end of the line, is secret.
pub(super) fn is_secret_header(name: &str) -> bool {
    HEADERS.contains(&folded(name).as_str())
}

fn folded(name: &str) -> String {
    name.to_ascii_lowercase().replace('-', "_")
}
