//! Loads that were asked for.

use daybook_ods::LoadState;
use serde_json::json;

use crate::support::{Shop, now};

#[tokio::test]
async fn what_is_asked_for_while_it_runs_is_queued_again() {
    let shop = Shop::open().await;
    let id = shop.ods.request_load("s3://landing/1").await.unwrap().id;
    let claimed = shop.ods.claim_load(&[]).await.unwrap().unwrap();
    assert!(shop.ods.claim_load(&[]).await.unwrap().is_none(), "it is claimed");
    let again = shop.ods.request_load("s3://landing/1").await.unwrap();
    assert_eq!((again.id, again.state), (id, LoadState::Running));
    claimed.finish(&json!([1]), None, now()).await.unwrap();
    let request = shop.ods.load_request(id).await.unwrap().unwrap();
    assert_eq!((request.state, request.result), (LoadState::Queued, json!([1])));

    let claimed = shop.ods.claim_load(&[]).await.unwrap().unwrap();
    claimed.finish(&json!([2]), None, now()).await.unwrap();
    let request = shop.ods.load_request(id).await.unwrap().unwrap();
    assert_eq!((request.state, request.result), (LoadState::Done, json!([2])));
}

#[tokio::test]
async fn what_is_given_back_is_taken_by_another_and_what_is_put_off_is_not() {
    let shop = Shop::open().await;
    let first = shop.ods.request_load("s3://landing/1").await.unwrap().id;
    let second = shop.ods.request_load("s3://landing/2").await.unwrap().id;
    let claimed = shop.ods.claim_load(&[]).await.unwrap().unwrap();
    assert_eq!(claimed.request.id, first);
    claimed.give_back().await.unwrap();
    assert_eq!(shop.ods.claim_load(&[first]).await.unwrap().unwrap().request.id, second);
    assert_eq!(shop.ods.claim_load(&[]).await.unwrap().unwrap().request.id, first);
}

#[tokio::test]
async fn a_result_with_a_nul_is_written_down_without() {
    let shop = Shop::open().await;
    let id = shop.ods.request_load("s3://landing/1").await.unwrap().id;
    let claimed = shop.ods.claim_load(&[]).await.unwrap().unwrap();
    let result = json!([{"uri": "a\0b", "files": [{"name\0": "\0"}]}]);
    claimed.finish(&result, Some("cannot load a\0b"), now()).await.unwrap();
    let request = shop.ods.load_request(id).await.unwrap().unwrap();
    assert_eq!(
        (request.state, request.message.as_deref()),
        (LoadState::Failed, Some("cannot load a\u{fffd}b"))
    );
    assert_eq!(request.result[0]["uri"], "a\u{fffd}b");
}
