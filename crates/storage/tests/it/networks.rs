//! On a network that breaks, what arrives is right all the same.

use std::time::Instant;

use daybook_testkit::Fault;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};

use crate::support::{assert_says, behind_proxy, content, get, impatient, open_with};

const BUSY: Fault = Fault::Answer(503, "<Error><Code>SlowDown</Code><Message>Slow down</Message></Error>");

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    let (_bucket, proxy, storage) = behind_proxy().await;
    for fault in [BUSY, Fault::Answer(429, ""), Fault::Reset] {
        proxy.fault("PUT", fault);
        proxy.fault("GET", fault);
    }
    storage.store().put(&Path::from("a"), PutPayload::from("content")).await.unwrap();
    assert_eq!(get(&storage, "a").await.unwrap(), b"content");
    assert_eq!((proxy.requests("PUT").len(), proxy.requests("GET").len()), (4, 4));
}

#[tokio::test]
async fn a_server_that_stays_busy_is_given_up() {
    let (_bucket, proxy, storage) = behind_proxy().await;
    (0..4).for_each(|_| proxy.fault("list-type=2", BUSY));
    let listed = storage.store().list(None).try_collect::<Vec<_>>().await;
    assert_says(&daybook_storage::explain(&listed.unwrap_err()), &["too busy", "503 SlowDown", "later"]);
    assert_eq!(proxy.requests("GET").len(), 4);
}

#[tokio::test]
async fn a_download_that_is_cut_goes_on_where_it_was() {
    let (bucket, proxy, storage) = behind_proxy().await;
    let content = content(500_000);
    bucket.put("a", &content).await.unwrap();
    proxy.fault("GET", Fault::CutAfter(700_001));
    proxy.fault("GET", Fault::Answer(503, ""));
    proxy.fault("GET", Fault::CutAfter(500_003));
    assert!(get(&storage, "a").await.unwrap() == content);
    assert_eq!(proxy.requests("GET").len(), 4);
}

#[tokio::test]
async fn a_download_that_stalls_goes_on_where_it_was() {
    let (bucket, proxy, _) = behind_proxy().await;
    let content = content(200_000);
    bucket.put("a", &content).await.unwrap();
    proxy.fault("GET", Fault::StallAfter(300_000));
    proxy.fault("GET", Fault::StallAfter(0));
    let storage = open_with(&bucket.url(""), bucket.variables_through(&proxy), impatient());
    let begun = Instant::now();
    assert!(get(&storage, "a").await.unwrap() == content);
    assert!(begun.elapsed() >= 2 * impatient().silence);
}

#[tokio::test]
async fn a_part_is_not_taken_for_the_whole() {
    let (bucket, proxy, storage) = behind_proxy().await;
    bucket.put("a", "0123456789").await.unwrap();
    proxy.fault("GET", Fault::CutAfter(5));
    proxy.fault("GET", Fault::Answer(200, "0123456789"));
    let error = get(&storage, "a").await.unwrap_err();
    assert_says(&daybook_storage::explain(&error), &["ignores which part", "127.0.0.1"]);
}
