//! Which tables a run read and wrote, column by column, as the events of [OpenLineage](https://openlineage.io) 2.0.2:
//! for tools that draw such things for more than Daybook.

mod dataset;

use chrono::{NaiveDateTime, SecondsFormat};
use serde_json::{Map, Value, json};

pub use dataset::Places;

use crate::{Model, Registry};

const PRODUCER: &str = concat!("urn:daybook:", env!("CARGO_PKG_VERSION"));
const SPECIFICATION: &str = "https://openlineage.io/spec";

/// A run, as its events name it.
#[derive(Clone, Debug)]
pub struct LineageRun {
    /// A UUID.
    pub id: String,
    /// The namespace of its job.
    pub namespace: String,
    /// The name of its job, such as `close`.
    pub job: String,
}

/// What has become of a run.
#[derive(Clone, Copy, Debug)]
pub enum Transition<'a> {
    /// It has begun.
    Start,
    /// It has done what it should.
    Complete,
    /// It failed, for this reason.
    Fail(&'a str),
    /// It was told to end.
    Abort,
}

/// A table that a run has built.
#[derive(Clone, Copy, Debug)]
pub struct BuiltTable<'a> {
    /// All models.
    pub registry: &'a Registry,
    /// The table's model.
    pub model: &'a Model,
    /// Where tables lie.
    pub places: &'a Places,
    /// How many rows were written, if that was counted.
    pub rows: Option<u64>,
}

impl LineageRun {
    /// The event of this run at `time`, UTC.
    pub fn event(&self, transition: Transition<'_>, time: NaiveDateTime) -> Value {
        let job = facets([("jobType", job_type(&self.job.to_ascii_uppercase()))]);
        self.document(transition, time, &Map::new(), &job, &Tables::default())
    }

    /// The events of a run that was a part of `parent` and built one table: that it began, and that it ended.
    pub fn built(
        &self,
        parent: &Self,
        table: &BuiltTable<'_>,
        began: NaiveDateTime,
        ended: NaiveDateTime,
    ) -> [Value; 2] {
        let run = facets([("parent", parent.as_parent())]);
        let sql = facet("1-1-0", "SQLJobFacet", json!({ "query": table.model.sql }));
        let job = facets([("jobType", job_type("MODEL")), ("sql", sql)]);
        let tables = Tables { inputs: dataset::inputs(table), outputs: vec![dataset::output(table)] };
        [(Transition::Start, began), (Transition::Complete, ended)]
            .map(|(transition, time)| self.document(transition, time, &run, &job, &tables))
    }

    fn document(
        &self,
        transition: Transition<'_>,
        time: NaiveDateTime,
        run: &Map<String, Value>,
        job: &Map<String, Value>,
        tables: &Tables,
    ) -> Value {
        let mut run = run.clone();
        if let Transition::Fail(message) = transition {
            let body = json!({ "message": message, "programmingLanguage": "Rust" });
            run.insert("errorMessage".to_owned(), facet("1-0-1", "ErrorMessageRunFacet", body));
        }
        json!({
            "eventType": transition.name(),
            "eventTime": time.and_utc().to_rfc3339_opts(SecondsFormat::Micros, true),
            "producer": PRODUCER,
            "schemaURL": format!("{SPECIFICATION}/2-0-2/OpenLineage.json#/$defs/RunEvent"),
            "run": { "runId": self.id, "facets": run },
            "job": { "namespace": self.namespace, "name": self.job, "facets": job },
            "inputs": tables.inputs,
            "outputs": tables.outputs,
        })
    }

    fn as_parent(&self) -> Value {
        let body = json!({
            "run": { "runId": self.id },
            "job": { "namespace": self.namespace, "name": self.job },
        });
        facet("1-1-0", "ParentRunFacet", body)
    }
}

impl Transition<'_> {
    const fn name(self) -> &'static str {
        match self {
            Self::Start => "START",
            Self::Complete => "COMPLETE",
            Self::Fail(_) => "FAIL",
            Self::Abort => "ABORT",
        }
    }
}

/// The datasets of an event.
#[derive(Default)]
struct Tables {
    inputs: Vec<Value>,
    outputs: Vec<Value>,
}

fn job_type(of: &str) -> Value {
    let body = json!({ "processingType": "BATCH", "integration": "DAYBOOK", "jobType": of });
    facet("2-0-3", "JobTypeJobFacet", body)
}

/// `body` as the facet `name` of that version.
fn facet(version: &str, name: &str, body: Value) -> Value {
    let mut facet = json!({
        "_producer": PRODUCER,
        "_schemaURL": format!("{SPECIFICATION}/facets/{version}/{name}.json#/$defs/{name}"),
    });
    if let (Some(facet), Value::Object(body)) = (facet.as_object_mut(), body) {
        facet.extend(body);
    }
    facet
}

fn facets<const N: usize>(facets: [(&str, Value); N]) -> Map<String, Value> {
    facets.into_iter().map(|(name, facet)| (name.to_owned(), facet)).collect()
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    fn run(id: &str, job: &str) -> LineageRun {
        LineageRun { id: id.to_owned(), namespace: "shop".to_owned(), job: job.to_owned() }
    }

    fn at(second: u32) -> NaiveDateTime {
        NaiveDate::from_ymd_opt(2024, 3, 2).unwrap().and_hms_opt(2, 0, second).unwrap()
    }

    #[test]
    fn a_table_tells_what_it_was_built_from() {
        let registry = Registry::shipped().unwrap();
        let places =
            Places::new("s3://books/daybook/", "postgres://reader:secret@db.example.com/shop").unwrap();
        let model = registry.get("app_daily_revenue").unwrap();
        let table = BuiltTable { registry: &registry, model, places: &places, rows: Some(7) };
        let [began, ended] =
            run("b", "close.app_daily_revenue").built(&run("a", "close"), &table, at(1), at(5));
        assert_eq!((&began["eventType"], &ended["eventType"]), (&json!("START"), &json!("COMPLETE")));
        assert_eq!(began["eventTime"], "2024-03-02T02:00:01.000000Z");
        assert_eq!(ended["run"]["facets"]["parent"]["run"]["runId"], "a");
        let inputs: Vec<_> =
            ended["inputs"].as_array().unwrap().iter().map(|input| input["name"].as_str().unwrap()).collect();
        assert_eq!(inputs, ["daybook/tables/dwd_orders_variant_status", "daybook/tables/int_order_payments"]);
        let output = &ended["outputs"][0];
        assert_eq!(
            (&output["namespace"], &output["name"]),
            (&json!("s3://books"), &json!("daybook/tables/app_daily_revenue"))
        );
        assert_eq!(output["outputFacets"]["outputStatistics"]["rowCount"], 7);
        let lineage = &output["facets"]["columnLineage"]["fields"]["paid_revenue"]["inputFields"];
        assert!(
            lineage.as_array().unwrap().iter().any(|field| field["field"] == "revenue"),
            "the amount comes from the lines: {lineage}"
        );
    }

    #[test]
    fn a_replica_is_built_from_the_ods_and_no_secret_is_told() {
        let registry = Registry::shipped().unwrap();
        let places =
            Places::new("file:///var/lib/daybook/warehouse", "postgres://reader:secret@db.example.com/shop")
                .unwrap();
        let model = registry.get("orders").unwrap();
        let table = BuiltTable { registry: &registry, model, places: &places, rows: None };
        let [_, ended] = run("b", "close.orders").built(&run("a", "close"), &table, at(1), at(5));
        let input = &ended["inputs"][0];
        assert_eq!(input["namespace"], "postgres://db.example.com:5432");
        assert_eq!(input["name"], "shop.ods.orders");
        assert_eq!(ended["outputs"][0]["name"], "/var/lib/daybook/warehouse/tables/orders");
        assert!(!ended.to_string().contains("secret"));
    }

    #[test]
    fn a_table_in_snowflake_has_its_name_there() {
        let registry = Registry::shipped().unwrap();
        let places = Places::new("s3://books/daybook/", "postgres://db.example.com/shop").unwrap();
        let places = places.in_snowflake("acme-shop", "books", "daybook");
        let model = registry.get("app_daily_revenue").unwrap();
        let table = BuiltTable { registry: &registry, model, places: &places, rows: None };
        let [_, ended] = run("b", "close.app_daily_revenue").built(&run("a", "close"), &table, at(1), at(5));
        let output = &ended["outputs"][0];
        assert_eq!(
            (&output["namespace"], &output["name"]),
            (&json!("snowflake://acme-shop"), &json!("BOOKS.DAYBOOK.APP_DAILY_REVENUE"))
        );
    }

    #[test]
    fn a_failure_says_why() {
        let event = run("a", "close").event(Transition::Fail("no space"), at(9));
        assert_eq!(event["eventType"], "FAIL");
        assert_eq!(event["run"]["facets"]["errorMessage"]["message"], "no space");
    }
}
