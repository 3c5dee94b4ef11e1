//! Bearer tokens.

use daybook_ods::{Bearer, OdsError, Scope};

use crate::support::Shop;

#[tokio::test]
async fn a_token_is_good_until_it_is_revoked() {
    let shop = Shop::open().await;
    let token = shop.ods.create_token("backend", &[Scope::Ingest, Scope::Read]).await.unwrap();
    let bearer = Bearer { name: "backend".to_owned(), scopes: vec![Scope::Ingest, Scope::Read] };
    assert_eq!(shop.ods.authenticate(&token).await.unwrap(), Some(bearer));
    assert_eq!(shop.ods.authenticate(&token[..token.len() - 1]).await.unwrap(), None);
    assert!(shop.ods.revoke_token("backend").await.unwrap());
    assert_eq!(shop.ods.authenticate(&token).await.unwrap(), None);
    assert!(!shop.ods.revoke_token("backend").await.unwrap());
}

#[tokio::test]
async fn a_name_is_free_again_once_its_token_is_revoked() {
    let shop = Shop::open().await;
    let first = shop.ods.create_token("till", &[Scope::Read]).await.unwrap();
    let taken = shop.ods.create_token("till", &[Scope::Read]).await;
    assert!(matches!(taken, Err(OdsError::TokenExists(name)) if name == "till"));
    shop.ods.revoke_token("till").await.unwrap();
    let second = shop.ods.create_token("till", &[Scope::Operate]).await.unwrap();
    assert_ne!(first, second);
    let tokens = shop.ods.tokens().await.unwrap();
    let states: Vec<_> =
        tokens.iter().map(|token| (token.scopes.join(","), token.revoked_at.is_some())).collect();
    assert_eq!(states, [("operate".to_owned(), false), ("read".to_owned(), true)]);
}

#[tokio::test]
async fn no_token_is_stored() {
    let shop = Shop::open().await;
    let token = shop.ods.create_token("secret", &[Scope::Read]).await.unwrap();
    let dump = shop.query("select * from daybook.token").await;
    assert!(dump.contains("secret") && !dump.contains(&token[8..]), "{dump}");
}
