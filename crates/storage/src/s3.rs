//! S3: Amazon's, or any server that speaks its protocol.

use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::{ClientOptions, ObjectStore};
use url::Url;

use crate::credentials::SdkCredentials;
use crate::patient_http::PatientConnector;
use crate::{StorageError, StorageOptions};

const ENDPOINTS: [&str; 3] = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"];
const KEYS: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
const DEFAULT_REGION: &str = "us-east-1";

/// The bucket of an `s3://` URL, and what the URIs of its objects begin with.
pub(crate) fn open(
    url: &Url,
    options: &StorageOptions,
) -> Result<(Arc<dyn ObjectStore>, String), StorageError> {
    let wrong = |problem: String| StorageError::new(url, problem);
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("credentials don't belong into a URL: give them as AWS_… variables".to_owned()));
    }
    let bucket = url.host_str().filter(|bucket| !bucket.is_empty());
    let bucket = bucket.ok_or_else(|| wrong("it names no bucket: write s3://bucket/prefix".to_owned()))?;
    let region = options.region().unwrap_or_else(|| DEFAULT_REGION.to_owned());
    let mut builder = known_variables(options)
        .with_bucket_name(bucket)
        .with_region(&region)
        .with_retry(options.patience().retry_config())
        .with_http_connector(PatientConnector::new(options.patience().silence));
    if let Some(endpoint) = endpoint(options, bucket).map_err(wrong)? {
        // Before `with_endpoint` there may be an S3-specific one, which would win.
        builder = builder.with_config(AmazonS3ConfigKey::S3Endpoint, endpoint);
    }
    if needs_sdk(options).map_err(wrong)? {
        builder = builder.with_credentials(Arc::new(SdkCredentials::new(options, region)));
    }
    let store = builder.build().map_err(|error| wrong(crate::explain(&error)))?;
    Ok((Arc::new(store), format!("{}://{bucket}/", url.scheme())))
}

/// What `object_store` understands of the variables, on top of how Daybook's clients wait.
fn known_variables(options: &StorageOptions) -> AmazonS3Builder {
    let is_plain = options.first_of(&ENDPOINTS).is_some_and(|endpoint| endpoint.starts_with("http://"));
    // No limit for a request as a whole: it would cut long downloads. The connector limits silence instead.
    let client = ClientOptions::new()
        .with_allow_http(is_plain)
        .with_connect_timeout(options.patience().connect)
        .with_timeout_disabled();
    let mut builder = AmazonS3Builder::new().with_client_options(client);
    for (name, value) in options.variables() {
        if let Ok(key) = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>() {
            builder = builder.with_config(key, value);
        }
    }
    builder
}

/// Where another server than Amazon's answers for the bucket.
fn endpoint(options: &StorageOptions, bucket: &str) -> Result<Option<String>, String> {
    let Some(text) = options.first_of(&ENDPOINTS) else { return Ok(None) };
    let wrong = || format!("the endpoint '{text}' (AWS_ENDPOINT_URL) is not http://host or https://host");
    let mut endpoint = Url::parse(text).map_err(|_| wrong())?;
    let host = endpoint.host_str().filter(|_| matches!(endpoint.scheme(), "http" | "https"));
    let host = host.ok_or_else(wrong)?.to_owned();
    let is_hosted = options.first_of(&["AWS_VIRTUAL_HOSTED_STYLE_REQUEST"]).is_some_and(is_true);
    // `object_store` wants the bucket to be in the name already.
    if is_hosted && !host.starts_with(&format!("{bucket}.")) {
        endpoint.set_host(Some(&format!("{bucket}.{host}"))).map_err(|_| wrong())?;
    }
    Ok(Some(endpoint.as_str().trim_end_matches('/').to_owned()))
}

/// Whether the credentials must be looked for: neither are they given, nor do requests go unsigned.
fn needs_sdk(options: &StorageOptions) -> Result<bool, String> {
    let has = |name| options.first_of(&[name]).is_some();
    match KEYS.map(has) {
        [true, true] => Ok(false),
        [true, false] => Err("AWS_ACCESS_KEY_ID is set, but not AWS_SECRET_ACCESS_KEY".to_owned()),
        [false, true] => Err("AWS_SECRET_ACCESS_KEY is set, but not AWS_ACCESS_KEY_ID".to_owned()),
        [false, false] => Ok(!options.first_of(&["AWS_SKIP_SIGNATURE"]).is_some_and(is_true)),
    }
}

fn is_true(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "1" | "true" | "on" | "yes" | "y")
}
