//! Storages of a test's bucket.

use std::time::Duration;

use daybook_storage::{Patience, Storage, StorageOptions};
use daybook_testkit::{FaultProxy, TestBucket};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use url::Url;

/// Waits so little that a test need not.
pub(crate) fn impatient() -> Patience {
    Patience {
        connect: Duration::from_secs(1),
        silence: Duration::from_millis(400),
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(10),
        retries: 3,
    }
}

pub(crate) fn open(url: &str, variables: Vec<(String, String)>) -> Storage {
    // A busy machine may be silent for longer than a test would want to wait for a stalled one.
    let patience = Patience { silence: Duration::from_secs(20), ..impatient() };
    open_with(url, variables, patience)
}

pub(crate) fn open_with(url: &str, variables: Vec<(String, String)>, patience: Patience) -> Storage {
    let options = StorageOptions::from_variables(variables).with_patience(patience);
    Storage::open(&Url::parse(url).unwrap(), &options).unwrap()
}

/// A bucket, a proxy before it, and the bucket seen through the proxy.
pub(crate) async fn behind_proxy() -> (TestBucket, FaultProxy, Storage) {
    let bucket = TestBucket::create().await.unwrap();
    let proxy = FaultProxy::before(&bucket).await.unwrap();
    let storage = open(&bucket.url(""), bucket.variables_through(&proxy));
    (bucket, proxy, storage)
}

/// An object's content.
pub(crate) async fn get(storage: &Storage, key: &str) -> object_store::Result<Vec<u8>> {
    let object = storage.store().get(&Path::from(key)).await?;
    Ok(object.bytes().await?.to_vec())
}

/// Bytes of which no part looks like another.
pub(crate) fn content(length: u32) -> Vec<u8> {
    (0..length).flat_map(|number| number.to_le_bytes()).collect()
}

/// One line, with all of these in it.
pub(crate) fn assert_says(message: &str, parts: &[&str]) {
    assert!(!message.contains('\n') && message.len() < 400, "{message}");
    for part in parts {
        assert!(message.contains(part), "'{part}' is missing: {message}");
    }
}
