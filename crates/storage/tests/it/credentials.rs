//! Where credentials come from when nobody gives them.

use daybook_testkit::TestBucket;
use tempfile::TempDir;

use crate::support::{assert_says, get, open};

/// A bucket with one object, a home folder, and the variables of somebody who has no keys.
async fn without_keys() -> (TestBucket, TempDir, Vec<(String, String)>) {
    let bucket = TestBucket::create().await.unwrap();
    bucket.put("a", "content").await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let mut variables = bucket.variables();
    variables.retain(|(name, _)| name == "AWS_ENDPOINT_URL");
    variables.push(("HOME".to_owned(), home.path().to_str().unwrap().to_owned()));
    // On a cloud's machine the last link of the chain would find some.
    variables.push(("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned()));
    (bucket, home, variables)
}

fn write(home: &TempDir, path: &str, content: &str) -> String {
    let path = home.path().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

const KEYS: &str = "aws_access_key_id = test\naws_secret_access_key = test\n";

#[tokio::test]
async fn a_profile_is_enough() {
    let (bucket, home, mut variables) = without_keys().await;
    let file = write(&home, "elsewhere/credentials", &format!("[shop]\n{KEYS}"));
    let config = write(&home, "elsewhere/config", "[profile shop]\nregion = eu-central-1\n");
    variables.extend([
        ("AWS_SHARED_CREDENTIALS_FILE".to_owned(), file),
        ("AWS_CONFIG_FILE".to_owned(), config),
        ("AWS_PROFILE".to_owned(), "shop".to_owned()),
    ]);
    let storage = open(&bucket.url(""), variables);
    assert_eq!(get(&storage, "a").await.unwrap(), b"content");
    let shown = format!("{:?}", storage.store());
    assert!(shown.contains("eu-central-1"), "the profile's region: {shown}");
}

#[tokio::test]
async fn the_home_folder_is_looked_at() {
    let (bucket, home, variables) = without_keys().await;
    write(&home, ".aws/credentials", &format!("[default]\n{KEYS}"));
    assert_eq!(get(&open(&bucket.url(""), variables), "a").await.unwrap(), b"content");
}

#[tokio::test]
async fn a_process_is_asked() {
    let (bucket, home, variables) = without_keys().await;
    let keys = r#"{"Version": 1, "AccessKeyId": "test", "SecretAccessKey": "test", "Expiration": "2099-01-01T00:00:00Z"}"#;
    let file = write(&home, "keys.json", keys);
    write(&home, ".aws/config", &format!("[default]\ncredential_process = cat {file}\n"));
    let storage = open(&bucket.url(""), variables);
    assert_eq!(get(&storage, "a").await.unwrap(), b"content");
    std::fs::remove_file(file).unwrap();
    assert_eq!(get(&storage, "a").await.unwrap(), b"content", "they are kept until they expire");
}

#[tokio::test]
async fn none_at_all_is_an_error_that_says_where_they_belong() {
    let (bucket, _home, variables) = without_keys().await;
    let error = get(&open(&bucket.url(""), variables), "a").await.unwrap_err();
    assert_says(&daybook_storage::explain(&error), &["no AWS credentials found", "AWS_ACCESS_KEY_ID"]);
}

#[tokio::test]
async fn an_unknown_profile_is_named() {
    let (bucket, home, mut variables) = without_keys().await;
    write(&home, ".aws/credentials", &format!("[default]\n{KEYS}"));
    variables.push(("AWS_PROFILE".to_owned(), "nobody".to_owned()));
    let error = get(&open(&bucket.url(""), variables), "a").await.unwrap_err();
    assert_says(&daybook_storage::explain(&error), &["nobody", "AWS_PROFILE"]);
}
