//! Loading by the server: it gives what loading by the client gives.
//!
//! Amazon's extension runs on Amazon's servers only; `stand_in.sql` takes its place.

mod failing;
mod files;
mod values;

use std::collections::BTreeSet;

use daybook_ods::{LoadOptions, LoadReport, LoadRoute, OdsError};
use daybook_storage::StorageOptions;
use daybook_testkit::TestBucket;
use url::Url;

use crate::support::Shop;

const STAND_IN: &str = include_str!("stand_in.sql");
/// The S3 server lets everybody in.
const AUTHORIZATION: &str =
    "AWS4-HMAC-SHA256 Credential=test/20240101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=none";

const ORDERS: &str =
    "id,processed_timestamp,customer_id\no1,2024-05-01 10:00:00,c1\no2,2024-05-02 10:00:00+02:00,c2\n";
const LINES: &str = "order_id,id,revenue,variant_id,quantity\no1,l1,500,v1,2\no2,l2,-70,v2,-1\n";

/// All that loading leaves behind, in no order of its own.
const BOOKS: &str = "
    select * from (
        select 'product' as what, to_jsonb(row) as held from ods.product row
        union all select 'variant', to_jsonb(row) from ods.variant row
        union all select 'orders', to_jsonb(row) from ods.orders row
        union all select 'order_lines', to_jsonb(row) from ods.order_lines row
        union all select 'variant_version', to_jsonb(row) - 'sequence' from daybook.variant_version row
        union all select 'load', to_jsonb(row) - 'id' from daybook.load row
        union all select 'load_file', to_jsonb(row) - 'load_id' from daybook.load_file row
        union all select 'rejected_row', to_jsonb(row) - 'id' - 'load_id' from daybook.rejected_row row
        union all select 'parked_row', to_jsonb(row) - 'id' - 'load_id' from daybook.parked_row row
    ) books
    order by what, held::text";

/// One bucket, and two shops that load from it: one reads by itself, the other has its server read.
struct Shops {
    bucket: TestBucket,
    by_client: Shop,
    by_server: Shop,
}

impl Shops {
    async fn open() -> Self {
        let (bucket, by_client, by_server) = tokio::join!(TestBucket::create(), Shop::open(), Shop::open());
        let shops = Self { bucket: bucket.unwrap(), by_client, by_server };
        let stand_in = STAND_IN
            .replace("{endpoint}", &shops.bucket.endpoint())
            .replace("{authorization}", AUTHORIZATION);
        shops.by_server.execute(&stand_in).await;
        shops
    }

    async fn put(&self, key: &str, content: impl AsRef<[u8]>) {
        self.bucket.put(key, content).await.unwrap();
    }

    async fn try_load(&self, shop: &Shop, path: &str, route: LoadRoute) -> Result<Vec<LoadReport>, OdsError> {
        let storage = StorageOptions::from_variables(self.bucket.variables());
        let options = LoadOptions { storage, route, max_reject_ratio: 1.0, ..LoadOptions::default() };
        shop.ods.load(&Url::parse(&self.bucket.url(path)).unwrap(), &options, &|_| ()).await
    }

    async fn load_by_client(&self, path: &str) -> Vec<LoadReport> {
        self.try_load(&self.by_client, path, LoadRoute::Client).await.unwrap()
    }

    async fn load_by_server(&self, path: &str) -> Vec<LoadReport> {
        self.try_load(&self.by_server, path, LoadRoute::AwsS3).await.unwrap()
    }

    /// Loads by both routes and compares what there is then. Gives the server's reports.
    async fn load(&self, path: &str) -> Vec<LoadReport> {
        let (_, reports) = tokio::join!(self.load_by_client(path), self.load_by_server(path));
        let (expected, held) = tokio::join!(self.by_client.query(BOOKS), self.by_server.query(BOOKS));
        assert!(expected.lines().count() > 0);
        for (expected, held) in expected.lines().zip(held.lines()) {
            assert_eq!(held, expected);
        }
        assert_eq!(held.lines().count(), expected.lines().count());
        reports
    }

    /// The files that the server read and kept.
    async fn kept(&self) -> BTreeSet<String> {
        let kept = self.by_server.query("select file_path from aws_s3.kept").await;
        kept.lines().map(str::to_owned).collect()
    }
}

/// Why the server did not read a batch, if it did not.
fn detour(report: &LoadReport) -> Option<&str> {
    report
        .warnings
        .iter()
        .find_map(|warning| warning.strip_prefix("not read by the server, but by Daybook: "))
}
