//! The models' SQL in Snowflake's dialect: whether its grammar is right, and what an engine that understands it gives.

mod examples;
mod grammar;
mod tables;

use std::collections::BTreeSet;

use chrono::NaiveDate;
use daybook_model::{Dialect, Model, PartitionDate, Registry, Tested};

/// The SQL of a model for some dates.
fn sql(model: &Model, dates: &BTreeSet<PartitionDate>) -> String {
    model.compile(dates, Dialect::Snowflake).unwrap()
}

/// The SQL of every data test for some dates, by what it tests.
fn tests(registry: &Registry, dates: &BTreeSet<PartitionDate>) -> Vec<(String, String)> {
    let as_of = NaiveDate::from_ymd_opt(2011, 2, 6).unwrap().and_hms_opt(0, 0, 0).unwrap();
    let of_models = registry.models().iter().flat_map(|model| {
        model.data_tests.iter().map(move |test| (model.name.as_str(), Tested::from(model), test))
    });
    let custom =
        registry.custom_tests().iter().map(|custom| (custom.name.as_str(), Tested::CUSTOM, &custom.test));
    let tests = of_models.chain(custom).map(|(name, tested, test)| {
        let sql = test.bad_rows(&tested, dates, as_of, Dialect::Snowflake).unwrap();
        (format!("{name}: {}", test.name), sql)
    });
    tests.collect()
}

/// Two stretches of dates, as a late order makes them.
fn dates() -> BTreeSet<PartitionDate> {
    ["2011-01-31", "2011-02-01", "2011-02-05"].map(|date| date.parse().unwrap()).into()
}
