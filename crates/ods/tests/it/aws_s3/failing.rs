//! What keeps the server from reading at all is said, and not worked around.

use daybook_ods::{LoadOptions, LoadRoute};
use daybook_storage::StorageOptions;
use url::Url;

use super::{LINES, ORDERS, Shops};

async fn with_a_batch() -> Shops {
    let shops = Shops::open().await;
    shops.put("b1/orders.csv", ORDERS).await;
    shops.put("b1/order_lines.csv", LINES).await;
    shops
}

impl Shops {
    /// What a load by the server says when it fails; nothing is stored then.
    async fn said(&self) -> String {
        let failed = self.try_load(&self.by_server, "b1", LoadRoute::AwsS3).await.unwrap_err();
        assert_eq!(self.by_server.query("select count(*) from daybook.load").await, "0");
        failed.to_string().replace(self.bucket.name(), "bucket")
    }
}

#[tokio::test]
async fn without_the_extension() {
    let shops = with_a_batch().await;
    shops.by_server.execute("drop schema aws_s3, aws_commons cascade").await;
    assert_eq!(
        shops.said().await,
        "loading s3://bucket/b1: PostgreSQL cannot import s3://bucket/b1/orders.csv: its extension aws_s3 is not \
         installed: run `create extension aws_s3 cascade` in the database, or set [load] route to \"client\""
    );
}

#[tokio::test]
async fn without_permissions() {
    let shops = with_a_batch().await;
    let import = |condition: &str, message: &str| {
        format!(
            "create or replace function aws_s3.table_import_from_s3(
                 table_name text, column_list text, options text, s3_info aws_commons._s3_uri_1
             ) returns text language plpgsql as $$
             begin raise exception '{message}' using errcode = '{condition}'; end $$"
        )
    };
    // as the extension says it
    let refused =
        "HTTP 403. Permission denied. Check bucket or provided credentials\nas they may no longer be valid.";
    shops.by_server.execute(&import("XX000", refused)).await;
    assert_eq!(
        shops.said().await,
        "loading s3://bucket/b1: PostgreSQL cannot import s3://bucket/b1/orders.csv: HTTP 403. Permission denied. \
         Check bucket or provided credentials as they may no longer be valid.; give the database instance a role \
         for the feature s3Import that may read the object, and check AWS_REGION"
    );
    shops.by_server.execute(&import("42501", "permission denied for schema aws_s3")).await;
    assert_eq!(
        shops.said().await,
        "loading s3://bucket/b1: PostgreSQL cannot import s3://bucket/b1/orders.csv: permission denied for schema \
         aws_s3; grant Daybook's user usage on the schemas aws_s3 and aws_commons and execute on their functions"
    );
    shops.by_server.execute(&import("22023", "no such region")).await;
    assert!(shops.said().await.contains("cannot import s3://bucket/b1/orders.csv: no such region; give"));
    shops.by_server.execute(&import("57014", "canceling statement due to statement timeout")).await;
    let said = shops.said().await;
    assert!(said.starts_with("loading s3://bucket/b1: PostgreSQL gave up waiting "), "{said}");
    assert!(said.contains("canceling statement due to statement timeout"), "{said}");
}

#[tokio::test]
async fn without_a_region() {
    let shops = with_a_batch().await;
    let variables = shops.bucket.variables().into_iter().filter(|(name, _)| name != "AWS_REGION");
    let storage = StorageOptions::from_variables(variables);
    let options = LoadOptions { storage, route: LoadRoute::AwsS3, ..LoadOptions::default() };
    let uri = Url::parse("s3://bucket/b1").unwrap();
    assert_eq!(
        shops.by_server.ods.load(&uri, &options, &|_| ()).await.unwrap_err().to_string(),
        "cannot load s3://bucket/b1: the server that is to import it must know the bucket's region: set AWS_REGION"
    );
}
