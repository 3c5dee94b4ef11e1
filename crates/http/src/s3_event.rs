//! Event notifications of S3.

use std::collections::BTreeSet;

use serde::Deserialize;
use utoipa::ToSchema;

/// An S3 event notification, as S3, SNS-less queues and compatible servers send it.
#[derive(Deserialize, ToSchema)]
pub(crate) struct S3Event {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize, ToSchema)]
struct Record {
    s3: Entity,
}

#[derive(Deserialize, ToSchema)]
struct Entity {
    bucket: Bucket,
    object: Object,
}

#[derive(Deserialize, ToSchema)]
struct Bucket {
    #[schema(example = "landing")]
    name: String,
}

#[derive(Deserialize, ToSchema)]
struct Object {
    /// Encoded as in a form: `+` is a blank.
    #[schema(example = "2024-05-01/orders.csv")]
    key: String,
}

impl S3Event {
    /// The batch directories and event files that the objects belong to, each once.
    pub(crate) fn places(&self) -> Result<Vec<String>, String> {
        let mut places = BTreeSet::new();
        for Record { s3: Entity { bucket, object } } in &self.records {
            let key: String =
                url::form_urlencoded::parse(object.key.replace('=', "%3D").replace('&', "%26").as_bytes())
                    .map(|(key, _)| key.into_owned())
                    .collect();
            let (folder, name) = key.rsplit_once('/').unwrap_or(("", &key));
            let place = if name.contains(".csv") { folder } else { &key };
            let mut url = url::Url::parse(&format!("s3://{}", bucket.name))
                .map_err(|_| format!("'{}' is not the name of a bucket", bucket.name))?;
            url.set_path(place);
            places.insert(url.to_string());
        }
        Ok(places.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn files_of_a_batch_are_one_place() {
        let event = r#"{"Records": [
            {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": "in/may+1/orders.csv", "size": 1}}},
            {"s3": {"bucket": {"name": "b"}, "object": {"key": "in/may+1/order_lines.csv.gz"}}},
            {"s3": {"bucket": {"name": "b"}, "object": {"key": "in/transactions%2B1.ndjson"}}}
        ]}"#;
        let event: S3Event = serde_json::from_str(event).unwrap();
        assert_eq!(event.places().unwrap(), ["s3://b/in/may%201", "s3://b/in/transactions+1.ndjson"]);
    }
}
