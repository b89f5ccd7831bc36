use std::time::Duration;

use adt_model::Fault;

use super::{Chain, Keys};
use crate::{body, fetch};

const ENDPOINT: &str = "http://169.254.169.254";
/// Off an instance nobody answers; that must not take long.
const KNOCK: Duration = Duration::from_secs(1);
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

impl Chain {
    pub(super) fn instance_is_off(&self) -> bool {
        self.environment.var("AWS_EC2_METADATA_DISABLED").is_some_and(|v| v.eq_ignore_ascii_case("true"))
    }

    /// Keys of the instance's role (`IMDSv2`); `None` where there is no instance or no role.
    pub(super) async fn instance_keys(&self) -> Result<Option<Keys>, Fault> {
        if self.instance_is_off() {
            return Ok(None);
        }
        let base = self.environment.var("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap_or(ENDPOINT);
        let base = base.trim_end_matches('/');
        let Some(token) = self.session(base).await else { return Ok(None) };
        let get =
            |path: &str| self.http.get(format!("{base}{path}")).header("x-aws-ec2-metadata-token", &token);
        let what = "the instance's metadata";
        let roles = fetch::fetch(what, get(ROLES)).await?;
        let listed = String::from_utf8_lossy(&roles.body).into_owned();
        let role = listed.lines().next().unwrap_or_default().trim();
        if !roles.status.is_success() || role.is_empty() {
            return Ok(None);
        }
        let fetched = fetch::fetch(what, get(&format!("{ROLES}{role}"))).await?;
        let source = format!("the instance's role `{role}`");
        let keys = serde_json::from_slice(&fetched.body).ok().and_then(|json| Keys::from_json(&json, source));
        match keys.filter(|_| fetched.status.is_success()) {
            Some(keys) => Ok(Some(keys)),
            None => Err(fetched.refused(what)),
        }
    }

    /// A session of the metadata service; `None` when nobody answers.
    async fn session(&self, base: &str) -> Option<String> {
        for _ in 0..2 {
            let request = self
                .http
                .put(format!("{base}/latest/api/token"))
                .header("x-aws-ec2-metadata-token-ttl-seconds", "21600")
                .header("content-length", "0")
                .timeout(KNOCK);
            if let Ok(answer) = request.send().await
                && answer.status().is_success()
            {
                let token = body::collect(answer, fetch::MOST, KNOCK).await.ok()?;
                return String::from_utf8(token.into()).ok();
            }
        }
        None
    }
}
