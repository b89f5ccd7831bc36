use adt_model::{Class, Fault};
use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use super::{Token, file, metadata};
use crate::Environment;

/// The variable that names a credentials file, as all of Google's own libraries have it.
pub(super) const FILE: &str = "GOOGLE_APPLICATION_CREDENTIALS";
const USUAL_NAME: &str = "application_default_credentials.json";

/// Where a token is looked for, in the order of Google's own libraries.
pub(super) struct Chain {
    pub(super) environment: Environment,
    pub(super) http: reqwest::Client,
}

impl Chain {
    /// The first token that is found. A file that is there but does not work is a fault, not a reason to go on with
    /// another identity.
    pub(super) async fn find(&self, now: Timestamp) -> Result<Token, Fault> {
        let mut token = match self.file()? {
            Some((path, text)) => file::token(self, &path, &text, now).await?,
            None => match metadata::token(self, now).await? {
                Ok(token) => token,
                Err(why) => return Err(self.nothing(why)),
            },
        };
        if let Some(project) = self.environment.var("GOOGLE_CLOUD_QUOTA_PROJECT") {
            token.quota_project = Some(project.to_owned());
        }
        Ok(token)
    }

    /// The credentials file that is named, else gcloud's if there is one.
    fn file(&self) -> Result<Option<(Utf8PathBuf, String)>, Fault> {
        let Some(named) = self.environment.var(FILE) else {
            let path = self.usual_file();
            return match fs_err::read_to_string(&path) {
                Ok(text) => Ok(Some((path, text))),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(unreadable(&path, "gcloud's credentials", error)),
            };
        };
        if named.trim_start().starts_with('{') {
            let what = format!("{FILE} holds a document where the path of one belongs");
            return Err(Fault::new(Class::BadInput, what).help("put it into a file, and name that"));
        }
        let path = self.environment.path(named);
        match fs_err::read_to_string(&path) {
            Ok(text) => Ok(Some((path, text))),
            Err(error) => Err(unreadable(&path, FILE, error)),
        }
    }

    /// Where gcloud leaves its "application default credentials".
    fn usual_file(&self) -> Utf8PathBuf {
        let var = |name| self.environment.var(name);
        let folder = match (var("CLOUDSDK_CONFIG"), var("APPDATA").filter(|_| cfg!(windows))) {
            (Some(folder), _) => self.environment.path(folder),
            (None, Some(folder)) => Utf8Path::new(folder).join("gcloud"),
            (None, None) => self.environment.path("~/.config/gcloud"),
        };
        folder.join(USUAL_NAME)
    }

    fn nothing(&self, metadata: &str) -> Fault {
        Fault::new(Class::Missing, "no Google Cloud credentials were found").help(format!(
            "run `gcloud auth application-default login`, or set {FILE}, or add `--no-sign-request` for a public bucket; \
             looked at {FILE}, gcloud's `{}`, and the metadata server ({metadata})",
            self.usual_file()
        ))
    }
}

fn unreadable(path: &Utf8Path, what: &str, error: std::io::Error) -> Fault {
    Fault::io(format!("cannot read {what} `{path}`"), error)
}
