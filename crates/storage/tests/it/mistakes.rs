//! Each mistake gets one line that says what to do, and shows no secret.

use daybook_storage::{Storage, StorageOptions, explain};
use daybook_testkit::{Fault, TestBucket};
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use url::Url;

use crate::support::{assert_says, behind_proxy, get, open};

#[tokio::test]
async fn wrong_credentials_are_named() {
    let (_bucket, proxy, storage) = behind_proxy().await;
    let code = |code: &str| format!("<Error><Code>{code}</Code><Message>No.</Message></Error>");
    for (status, code, said) in [
        (403, code("InvalidAccessKeyId"), "AWS_SECRET_ACCESS_KEY"),
        (403, code("SignatureDoesNotMatch"), "AWS_SECRET_ACCESS_KEY"),
        (403, code("AccessDenied"), "access is denied"),
        (400, code("AuthorizationHeaderMalformed"), "AWS_REGION"),
    ] {
        proxy.fault("GET", Fault::Answer(status, code.leak()));
        assert_says(&explain(&get(&storage, "a").await.unwrap_err()), &[said, &status.to_string()]);
    }
    proxy.fault("HEAD", Fault::Answer(403, ""));
    let error = storage.store().head(&Path::from("a")).await.unwrap_err();
    assert_says(&explain(&error), &["access is denied", "credentials"]);
}

#[tokio::test]
async fn a_bucket_or_object_that_is_not_there_is_told_apart() {
    let bucket = TestBucket::create().await.unwrap();
    let missing = get(&open(&bucket.url(""), bucket.variables()), "a").await.unwrap_err();
    assert_says(&explain(&missing), &["a does not exist"]);
    let nowhere = open("s3://no-such-bucket/", bucket.variables());
    let listed = nowhere.store().list(None).try_collect::<Vec<_>>().await;
    for error in [get(&nowhere, "a").await.unwrap_err(), listed.unwrap_err()] {
        assert_says(&explain(&error), &["no such bucket", "endpoint"]);
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let variables = [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_ACCESS_KEY_ID", "me"),
        ("AWS_SECRET_ACCESS_KEY", "hush"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let error = get(&open("s3://b/", variables.into()), "a").await.unwrap_err();
    let said = explain(&error);
    assert_says(&said, &["cannot connect to 127.0.0.1:1", "AWS_ENDPOINT_URL"]);
    assert!(!said.contains("hush"), "{said}");
}

#[test]
fn what_cannot_be_opened_says_how_to_write_it() {
    let error = |url: &str, variables: &[(&str, &str)]| {
        let options = StorageOptions::from_variables(variables.iter().copied());
        Storage::open(&Url::parse(url).unwrap(), &options).unwrap_err().to_string()
    };
    assert_says(&error("ftp://host/a", &[]), &["ftp://host/a", "'ftp' is neither", "s3://bucket"]);
    assert_says(&error("s3:///a", &[]), &["names no bucket"]);
    assert_says(&error("file://host/a", &[]), &["file:///absolute/path"]);
    let key = [("AWS_ACCESS_KEY_ID", "me")];
    assert_says(&error("s3://b/", &key), &["AWS_SECRET_ACCESS_KEY"]);
    assert_says(&error("s3://b/", &[("AWS_ENDPOINT_URL", "localhost:9000")]), &["localhost:9000", "http://"]);
    let told = error("s3://me:hush@b/", &[]);
    assert_says(&told, &["credentials", "s3://b/"]);
    assert!(!told.contains("hush"), "{told}");
}

#[test]
fn the_bucket_is_in_the_path_or_in_the_host() {
    let shown = |hosted: &str| {
        let variables = [
            ("AWS_ENDPOINT_URL", "https://s3.example.org/"),
            ("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", hosted),
            ("AWS_ACCESS_KEY_ID", "me"),
            ("AWS_SECRET_ACCESS_KEY", "hush"),
        ];
        let options = StorageOptions::from_variables(variables);
        format!("{:?}", Storage::open(&Url::parse("s3://b/").unwrap(), &options).unwrap())
    };
    assert!(shown("").contains("https://s3.example.org/b\""), "{}", shown(""));
    assert!(shown("true").contains("https://b.s3.example.org\""), "{}", shown("true"));
    assert!(!shown("").contains("hush"), "{}", shown(""));
}
