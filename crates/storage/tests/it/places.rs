//! Folders and buckets behave alike.

use daybook_storage::{Storage, StorageOptions};
use daybook_testkit::TestBucket;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt, PutMode, PutPayload};
use url::Url;

use crate::support::{get, open};

async fn put_get_and_list(storage: &Storage) {
    let key = |name: &str| storage.path().clone().join("some folder").join(name);
    for name in ["b.csv", "a.csv"] {
        storage.store().put(&key(name), PutPayload::from(name.as_bytes().to_vec())).await.unwrap();
    }
    assert_eq!(get(storage, key("a.csv").as_ref()).await.unwrap(), b"a.csv");
    let listed: Vec<_> = storage.store().list(Some(storage.path())).try_collect().await.unwrap();
    let mut uris: Vec<_> = listed.iter().map(|object| storage.uri_of(object.location.as_ref())).collect();
    uris.sort();
    let folder = format!("{}some folder/", storage.url());
    assert_eq!(uris, [format!("{folder}a.csv"), format!("{folder}b.csv")]);
}

#[tokio::test]
async fn a_bucket_is_a_place() {
    let bucket = TestBucket::create().await.unwrap();
    put_get_and_list(&open(&bucket.url("books/of/2024/"), bucket.variables())).await;
    put_get_and_list(&open(&bucket.url("other/").replace("s3:", "s3a:"), bucket.variables())).await;
}

#[tokio::test]
async fn a_folder_is_a_place() {
    let folder = tempfile::tempdir().unwrap();
    let url = Url::from_directory_path(folder.path().join("books")).unwrap();
    let storage = Storage::open(&url, &StorageOptions::default()).unwrap();
    assert!(!folder.path().join("books").exists(), "opening makes nothing");
    put_get_and_list(&storage).await;
}

#[tokio::test]
async fn what_is_created_is_created_once() {
    let bucket = TestBucket::create().await.unwrap();
    let storage = open(&bucket.url(""), bucket.variables());
    let create = async |content: &'static str| {
        storage.store().put_opts(&Path::from("1.json"), content.into(), PutMode::Create.into()).await
    };
    create("first").await.unwrap();
    let again = create("second").await.unwrap_err();
    assert!(matches!(again, Error::AlreadyExists { .. }), "{again}");
    assert_eq!(get(&storage, "1.json").await.unwrap(), b"first");
}
