use std::{collections::BTreeMap, fmt};

use camino::Utf8PathBuf;

/// The process's environment as it was handed in. Its `Debug` shows the names of variables, never their values.
#[derive(Clone, Default)]
pub struct Environment {
    /// Variables by name.
    pub vars: BTreeMap<String, String>,
    /// The person's home folder.
    pub home: Option<Utf8PathBuf>,
}

impl Environment {
    /// A variable's value; an empty one counts as not set, as AWS's own tools have it.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A path as people write it in a variable or a file: `~/` is the home folder.
    pub(crate) fn path(&self, text: &str) -> Utf8PathBuf {
        match (text.strip_prefix("~/").or_else(|| text.strip_prefix("~\\")), &self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => Utf8PathBuf::from(text),
        }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("vars", &self.vars.keys().collect::<Vec<_>>())
            .field("home", &self.home)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_value() {
        let mut environment = Environment::default();
        environment.vars.insert("AWS_SECRET_ACCESS_KEY".into(), "canary".into());
        let shown = format!("{environment:?}");
        assert!(shown.contains("AWS_SECRET_ACCESS_KEY") && !shown.contains("canary"), "{shown}");
    }

    #[test]
    fn an_empty_variable_is_not_set() {
        let mut environment = Environment::default();
        environment.vars.insert("AWS_PROFILE".into(), String::new());
        assert_eq!(environment.var("AWS_PROFILE"), None);
    }
}
