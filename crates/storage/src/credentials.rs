//! Credentials that nobody gave: from the shared files, a process, a web identity, the container or the machine.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_types::os_shim_internal::{Env, Fs};
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use tokio::sync::{Mutex, OnceCell};

use crate::StorageOptions;
use crate::sdk_http::SharedClient;

/// New credentials are fetched this long before the old ones expire.
const RENEWAL: Duration = Duration::from_secs(5 * 60);

/// Why there are no credentials.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CredentialFailure {
    #[error(
        "no AWS credentials found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give the machine a role"
    )]
    None,
    #[error(
        "no AWS credentials found, also not for the profile '{0}': correct AWS_PROFILE or the files in ~/.aws"
    )]
    NoneFor(String),
    #[error("the AWS credentials cannot be fetched: {0}; check AWS_PROFILE and the files in ~/.aws")]
    Failed(String),
}

/// The AWS SDK's standard chain, asked when a request needs credentials and none are valid any more.
#[derive(Debug)]
pub(crate) struct SdkCredentials {
    options: StorageOptions,
    region: String,
    chain: OnceCell<Option<SharedCredentialsProvider>>,
    current: Mutex<Option<Current>>,
}

#[derive(Clone, Debug)]
struct Current {
    credential: Arc<AwsCredential>,
    expiry: Option<SystemTime>,
}

impl SdkCredentials {
    pub(crate) fn new(options: &StorageOptions, region: String) -> Self {
        let options = options.clone();
        Self { options, region, chain: OnceCell::new(), current: Mutex::new(None) }
    }

    async fn chain(&self) -> Option<&SharedCredentialsProvider> {
        let load = || async {
            let loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
                .env(env(&self.options))
                .http_client(SharedClient)
                .region(Region::new(self.region.clone()));
            loader.load().await.credentials_provider()
        };
        self.chain.get_or_init(load).await.as_ref()
    }

    fn none(&self) -> CredentialFailure {
        let profile = self.options.first_of(&["AWS_PROFILE"]);
        profile.map_or(CredentialFailure::None, |profile| CredentialFailure::NoneFor(profile.to_owned()))
    }

    async fn fetch(&self) -> Result<Current, CredentialFailure> {
        let chain = self.chain().await.ok_or_else(|| self.none())?;
        chain.provide_credentials().await.map(Current::from).map_err(|error| match error {
            CredentialsError::CredentialsNotLoaded(_) => self.none(),
            error => CredentialFailure::Failed(root_cause(&error)),
        })
    }
}

#[async_trait]
impl CredentialProvider for SdkCredentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        // Held while fetching: who comes meanwhile waits for the same answer.
        let mut current = self.current.lock().await;
        let now = SystemTime::now();
        if let Some(current) = current.as_ref().filter(|current| current.lasts(now + RENEWAL)) {
            return Ok(Arc::clone(&current.credential));
        }
        let fetched = match self.fetch().await {
            Ok(fetched) => fetched,
            // The renewal is early, so that it may fail some times.
            Err(failure) => current
                .take()
                .filter(|current| current.lasts(now))
                .ok_or_else(|| object_store::Error::Generic { store: "S3", source: Box::new(failure) })?,
        };
        Ok(Arc::clone(&current.insert(fetched).credential))
    }
}

impl Current {
    fn lasts(&self, until: SystemTime) -> bool {
        self.expiry.is_none_or(|expiry| expiry > until)
    }
}

impl From<Credentials> for Current {
    fn from(credentials: Credentials) -> Self {
        let credential = AwsCredential {
            key_id: credentials.access_key_id().to_owned(),
            secret_key: credentials.secret_access_key().to_owned(),
            token: credentials.session_token().map(str::to_owned),
        };
        Self { credential: Arc::new(credential), expiry: credentials.expiry() }
    }
}

/// The region that the shared files give to the selected profile.
pub(crate) fn profile_region(options: &StorageOptions) -> Option<String> {
    let load = async {
        let files = Default::default();
        aws_config::profile::load(&Fs::real(), &env(options), &files, None).await
    };
    // The SDK calls it asynchronous, but only reads files.
    let profiles = futures::executor::block_on(load).ok()?;
    profiles.get("region").map(str::to_owned)
}

/// The variables, as the SDK takes them instead of the process's.
fn env(options: &StorageOptions) -> Env {
    let variables = options.variables().clone();
    Env::from(variables.into_iter().collect::<std::collections::HashMap<_, _>>())
}

/// The SDK's outer errors say only that there is an inner one.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
