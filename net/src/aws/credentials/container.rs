use adt_model::{Class, Fault};

use super::{Chain, Keys};
use crate::{connect::is_loopback, fetch};

/// Where a container of ECS finds its task's credentials.
const TASK: &str = "http://169.254.170.2";
/// Hosts that may be asked without TLS: ECS and the two addresses of EKS.
const PLAIN: [&str; 3] = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];

impl Chain {
    /// Keys of a container's own service (ECS, EKS pod identity); `None` where none is named.
    pub(super) async fn container_keys(&self) -> Result<Option<Keys>, Fault> {
        let var = |name| self.environment.var(name);
        let url = match var("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            Some(path) => format!("{TASK}{path}"),
            None => match var("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
                Some(url) => url.to_owned(),
                None => return Ok(None),
            },
        };
        if !may_be_asked(&url) {
            let what = "AWS_CONTAINER_CREDENTIALS_FULL_URI names a server that may not be asked without TLS";
            return Err(Fault::new(Class::BadInput, what));
        }
        let mut request = self.http.get(&url);
        if let Some(token) = self.container_token()? {
            request = request.header("authorization", token);
        }
        let what = "the container's credentials service";
        let fetched = fetch::fetch(what, request).await?;
        let keys = serde_json::from_slice(&fetched.body)
            .ok()
            .and_then(|json| Keys::from_json(&json, what.to_owned()));
        match keys.filter(|_| fetched.status.is_success()) {
            Some(keys) => Ok(Some(keys)),
            None => Err(fetched.refused(what)),
        }
    }

    fn container_token(&self) -> Result<Option<String>, Fault> {
        let Some(path) = self.environment.var("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") else {
            return Ok(self.environment.var("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(str::to_owned));
        };
        let text = fs_err::read_to_string(path).map_err(|error| {
            Fault::io(format!("cannot read AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE `{path}`"), error)
        })?;
        Ok(Some(text.trim().to_owned()))
    }
}

fn may_be_asked(url: &str) -> bool {
    reqwest::Url::parse(url).is_ok_and(|url| {
        let host = url.host_str().unwrap_or_default();
        url.scheme() == "https" || is_loopback(host) || PLAIN.contains(&host)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("http://169.254.170.2/v2/x", true)]
    #[case("http://169.254.170.23/v1/credentials", true)]
    #[case("http://[fd00:ec2::23]/v1/credentials", true)]
    #[case("http://localhost:51679/x", true)]
    #[case("https://example.org/x", true)]
    #[case("http://example.org/x", false)]
    #[case("nonsense", false)]
    fn tokens_go_only_where_they_are_safe(#[case] url: &str, #[case] allowed: bool) {
        assert_eq!(may_be_asked(url), allowed);
    }
}
