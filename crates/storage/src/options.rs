//! What differs between installations.

use std::collections::BTreeMap;
use std::fmt;

use crate::{Patience, credentials};

const REGIONS: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

/// How to reach the object stores of an installation.
///
/// # Variables
///
/// | variable | says |
/// |---|---|
/// | `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, `AWS_ENDPOINT` | another server than Amazon's, `http://` or `https://` |
/// | `AWS_VIRTUAL_HOSTED_STYLE_REQUEST` | `true`: the bucket is part of that server's name, not of the path |
/// | `AWS_REGION`, `AWS_DEFAULT_REGION` | the bucket's region; else the profile's, else `us-east-1` |
/// | `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` | the credentials |
/// | `AWS_PROFILE`, `AWS_CONFIG_FILE`, `AWS_SHARED_CREDENTIALS_FILE`, … | where the AWS SDK's standard chain finds credentials when they aren't given |
///
/// and whatever else `object_store` knows by an `AWS_…` name.
#[derive(Clone, Default)]
pub struct StorageOptions {
    variables: BTreeMap<String, String>,
    patience: Patience,
}

impl StorageOptions {
    /// Takes the `AWS_…` variables, and `HOME`, below which the shared AWS files lie, and leaves the others. An empty
    /// one counts as absent.
    pub fn from_variables<K, V>(variables: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<String>,
        V: Into<String>,
    {
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .filter(|(name, value)| (name.starts_with("AWS_") || name == "HOME") && !value.is_empty())
            .collect();
        Self { variables, patience: Patience::default() }
    }

    /// The same, with another patience.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// The region, if a variable or the selected profile gives one.
    pub fn region(&self) -> Option<String> {
        let given = self.first_of(&REGIONS).map(str::to_owned);
        given.or_else(|| credentials::profile_region(self))
    }

    pub(crate) fn patience(&self) -> &Patience {
        &self.patience
    }

    pub(crate) fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// The first of these variables that is there.
    pub(crate) fn first_of(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.variables.get(*name)).map(String::as_str)
    }
}

/// Names only: which of the values are secret is not for sure.
impl fmt::Debug for StorageOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StorageOptions")
            .field("variables", &self.variables.keys().collect::<Vec<_>>())
            .field("patience", &self.patience)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_concerns_stores_is_kept_and_no_value_is_shown() {
        let given =
            [("AWS_SECRET_ACCESS_KEY", "hush"), ("AWS_PROFILE", ""), ("HOME", "/home/x"), ("PATH", "/bin")];
        let options = StorageOptions::from_variables(given);
        assert_eq!(options.variables().keys().collect::<Vec<_>>(), ["AWS_SECRET_ACCESS_KEY", "HOME"]);
        let shown = format!("{options:?}");
        assert!(shown.contains("AWS_SECRET_ACCESS_KEY") && !shown.contains("hush"), "{shown}");
    }
}
