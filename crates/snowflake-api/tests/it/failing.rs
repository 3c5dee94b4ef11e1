//! What Snowflake refuses.

use daybook_snowflake_api::{Credentials, PrivateKey, Statement};

use crate::support::{World, code};

const OTHER_KEY: &str = include_str!("../keys/plain.p8");

#[tokio::test]
async fn a_key_that_is_not_registered_says_how_to_register_it() {
    let world = World::create().await;
    let key = PrivateKey::from_pem(OTHER_KEY, None).unwrap();
    let fingerprint = key.fingerprint().to_owned();
    let client = world.client_with(Credentials::KeyPair { user: "loader".to_owned(), key });
    let error = client.execute(&Statement::new("select 1")).await.unwrap_err();
    assert_eq!((code(&error), error.failure().unwrap().status), (Some(390_144), 401));
    let said = error.to_string();
    assert!(said.contains(&fingerprint) && said.contains("rsa_public_key"), "{said}");
    assert_eq!(world.proxy.requests("POST").len(), 1, "a refusal is final");
}

#[tokio::test]
async fn a_wrong_token_is_refused_and_not_shown() {
    let world = World::create().await;
    let client = world.client_with(Credentials::ProgrammaticAccessToken("hush-hush".into()));
    let error = client.execute(&Statement::new("select 1")).await.unwrap_err();
    assert!(error.to_string().contains("programmatic access token is wrong"), "{error}");
    assert!(!format!("{error:?} {client:?}").contains("hush"));
}

#[tokio::test]
async fn an_unknown_table_is_named_with_code_state_and_query() {
    let world = World::create().await;
    let error = world.client.execute(&Statement::new("select * from nowhere")).await.unwrap_err();
    let failure = error.failure().unwrap();
    assert_eq!((failure.number(), failure.sql_state.as_deref()), (Some(2003), Some("42S02")));
    let said = error.to_string();
    assert!(said.contains("NOWHERE") && said.contains(failure.query_id.as_deref().unwrap()), "{said}");
    assert!(said.contains("show grants"), "{said}");
}

#[tokio::test]
async fn a_statement_that_is_no_sql_is_refused() {
    let world = World::create().await;
    let error = world.client.execute(&Statement::new("selekt 1")).await.unwrap_err();
    assert_eq!((code(&error), error.failure().unwrap().status), (Some(1003), 422));
}

#[tokio::test]
async fn a_transaction_needs_a_script() {
    let world = World::create().await;
    let error = world.client.execute(&Statement::new("begin")).await.unwrap_err();
    assert_eq!(code(&error), Some(391_911));
}
