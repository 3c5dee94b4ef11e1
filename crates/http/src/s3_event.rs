//! Event notifications of S3.

use std::collections::BTreeSet;

use daybook_ods::place_of_object;
use serde::Deserialize;
use url::Url;
use utoipa::ToSchema;

use crate::problem::Problem;

/// An S3 event notification, as S3, SNS-less queues and compatible servers send it.
#[derive(Deserialize, ToSchema)]
pub(crate) struct S3Event {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize, ToSchema)]
struct Record {
    /// Only objects that are created are of interest.
    #[serde(rename = "eventName", default = "created")]
    #[schema(example = "ObjectCreated:Put")]
    name: String,
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
    /// The batch directories and event files below `landing` that the objects belong to, each once; what a load would
    /// leave alone, such as a file that is still being written, is left out.
    pub(crate) fn places(&self, landing: &Url) -> Result<BTreeSet<Url>, Problem> {
        let mut places = BTreeSet::new();
        for Record { name, s3: Entity { bucket, object } } in &self.records {
            // S3-like servers put their own name before it
            if !name.strip_prefix("s3:").unwrap_or(name).starts_with("ObjectCreated") {
                continue;
            }
            let key = decoded(&object.key).ok_or_else(|| {
                Problem::invalid(format!("the key '{}' is not UTF-8", object.key), Vec::new())
            })?;
            places.extend(place_of_object(landing, &bucket.name, &key)?);
        }
        Ok(places)
    }
}

fn created() -> String {
    "ObjectCreated".to_owned()
}

/// A key as S3 encodes it: `+` is a blank, and what follows `%` is a byte.
fn decoded(key: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next()?, rest.next()?].map(|digit| char::from(digit).to_digit(16));
                let [Some(high), Some(low)] = digits else { return None };
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(records: &str) -> Result<Vec<String>, Problem> {
        let event: S3Event = serde_json::from_str(&format!(r#"{{"Records": [{records}]}}"#)).unwrap();
        let places = event.places(&"s3://b/in".parse().unwrap())?;
        Ok(places.into_iter().map(String::from).collect())
    }

    fn record(event: &str, key: &str) -> String {
        format!(
            r#"{{"eventName": "{event}", "s3": {{"bucket": {{"name": "b"}}, "object": {{"key": "{key}", "size": 1}}}}}}"#
        )
    }

    #[test]
    fn files_of_a_batch_are_one_place() {
        let records = [
            record("ObjectCreated:Put", "in/may+1/orders.csv"),
            record("s3:ObjectCreated:CompleteMultipartUpload", "in/may+1/order_lines.csv.gz"),
            record("ObjectCreated:Copy", "in/transactions%2B1.ndjson"),
        ];
        let expected = ["s3://b/in/may%201", "s3://b/in/transactions+1.ndjson"];
        assert_eq!(places(&records.join(",")).unwrap(), expected);
    }

    #[test]
    fn keys_are_taken_as_they_are() {
        for (key, place) in [
            ("in/a%2520b/orders.csv", "s3://b/in/a%2520b"),
            ("in/a+b/orders.csv", "s3://b/in/a%20b"),
            ("in/a=b&c/orders.csv", "s3://b/in/a=b&c"),
            ("in/%D1%84/orders.csv", "s3://b/in/%D1%84"),
        ] {
            assert_eq!(places(&record("ObjectCreated:Put", key)).unwrap(), [place]);
        }
        for bad in ["in/%FF/orders.csv", "in/%4/orders.csv", "in/%zz/orders.csv", "in/..%2Fx/orders.csv"] {
            places(&record("ObjectCreated:Put", bad)).map(|places| (bad, places)).unwrap_err();
        }
    }

    #[test]
    fn what_was_removed_or_is_not_whole_is_left_alone() {
        assert_eq!(places(&record("ObjectRemoved:Delete", "in/1/orders.csv")).unwrap(), [""; 0]);
        for key in ["in/_x/orders.csv", "in/1/orders.csv.tmp", "in/readme.txt", "in/1/"] {
            assert_eq!(places(&record("ObjectCreated:Put", key)).unwrap(), [""; 0], "{key}");
        }
    }
}
