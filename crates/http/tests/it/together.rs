//! Several servers in front of one store.

use daybook_ods::Scope;
use reqwest::Method;

use crate::support::{Answer, Front, SECRET};

const EVENT: &str = r#"{"id":"t1","order_id":"o1","status":"success","created_at":"2024-05-01T10:00:00Z"}"#;

#[tokio::test]
async fn an_event_that_two_servers_get_is_stored_once() {
    let one = Front::open().await;
    let other = one.beside().await;
    let sends = (0..10).map(|number| if number % 2 == 0 { &one } else { &other });
    let answers = futures::future::join_all(sends.map(|front| front.webhook(SECRET, EVENT))).await;
    let outcomes: Vec<_> =
        answers.iter().map(|answer| answer.json()["events"][0]["outcome"].clone()).collect();
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "stored").count(), 1, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "unchanged").count(), 9, "{outcomes:?}");
    assert_eq!(one.payments().await, [("t1".to_owned(), "success".to_owned())]);
}

#[tokio::test]
async fn a_token_is_good_for_all_servers_until_one_revokes_it() {
    let one = Front::open().await;
    let other = one.beside().await;
    let token = one.ods.create_token("reader", &[Scope::Read]).await.unwrap();
    let ask = async |front: &Front| {
        let request = front.bare(Method::GET, "/v1/status").bearer_auth(&token);
        Answer::of(request.send().await.unwrap()).await
    };
    assert_eq!(ask(&one).await.status, 200);
    assert_eq!(ask(&other).await.status, 200);
    other.ods.revoke_token("reader").await.unwrap();
    ask(&one).await.problem(401);
    ask(&other).await.problem(401);
}
