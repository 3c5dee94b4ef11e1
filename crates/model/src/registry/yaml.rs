//! The form of the YAML files, as written; [`super::definition`] says what of it makes sense.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

use super::data_test::Severity;
use super::{DataType, Feed, Kind};

/// Text with the line that it stands in.
pub(super) type Text = Spanned<String>;

/// The YAML beside a model.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Definition {
    pub(super) description: Text,
    pub(super) owner: Option<String>,
    pub(super) kind: Spanned<Kind>,
    pub(super) feed: Option<Spanned<Feed>>,
    #[serde(default)]
    pub(super) lookback_days: Option<Spanned<u32>>,
    pub(super) grain: Text,
    #[serde(default)]
    pub(super) key: Vec<Text>,
    #[serde(default)]
    pub(super) sort: Vec<Text>,
    #[serde(default)]
    pub(super) lookups: Vec<Text>,
    pub(super) columns: Vec<Column>,
    #[serde(default)]
    pub(super) data_tests: Vec<Spanned<TestEntry>>,
    #[serde(default)]
    pub(super) unit_tests: Vec<UnitTest>,
}

/// A column of a model or source.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Column {
    pub(super) name: Text,
    pub(super) data_type: DataType,
    pub(super) description: Text,
    #[serde(default)]
    pub(super) nullable: bool,
    #[serde(default)]
    pub(super) data_tests: Vec<Spanned<TestEntry>>,
}

/// `sources.yml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sources {
    pub(super) sources: Vec<Source>,
}

/// A relation that a dump brings, or that the warehouse provides.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    pub(super) name: Text,
    pub(super) description: Text,
    pub(super) columns: Vec<Column>,
}

/// The YAML beside a test that is SQL.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomTest {
    pub(super) description: Text,
    #[serde(default)]
    pub(super) config: Config,
}

/// How a test counts.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    #[serde(default)]
    pub(super) severity: Severity,
}

/// Given rows, and the rows that a model makes of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UnitTest {
    pub(super) name: Text,
    #[serde(default, rename = "description")]
    pub(super) _description: Option<String>,
    pub(super) dates: Option<Vec<Text>>,
    #[serde(default)]
    pub(super) given: Vec<Given>,
    pub(super) expect: Expect,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    pub(super) input: Text,
    pub(super) rows: Vec<Spanned<Row>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expect {
    pub(super) rows: Vec<Spanned<Row>>,
}

/// Values by column.
pub(super) type Row = BTreeMap<String, Scalar>;

/// A value as text; none for null.
pub(super) struct Scalar(pub(super) Option<String>);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Value;
        impl Visitor<'_> for Value {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text, a number, true, false or null")
            }

            fn visit_unit<E>(self) -> Result<Scalar, E> {
                Ok(Scalar(None))
            }

            fn visit_none<E>(self) -> Result<Scalar, E> {
                Ok(Scalar(None))
            }

            fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
                Ok(Scalar(Some(value.to_owned())))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar(Some(value.to_string())))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
                Ok(Scalar(Some(value.to_string())))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
                Ok(Scalar(Some(value.to_string())))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
                Ok(Scalar(Some(value.to_string())))
            }
        }
        deserializer.deserialize_any(Value)
    }
}

/// A test of a column or a model: its bare name, or the name with what it is told.
pub(super) enum TestEntry {
    Unique(Columns),
    NotNull(Columns),
    NonNegative(Columns),
    AcceptedValues(AcceptedValues),
    Relationships(Relationships),
    EqualRowcount(Compared),
    AtLeastRowcount(Compared),
    Freshness(Freshness),
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Columns {
    #[serde(default)]
    pub(super) columns: Vec<Text>,
    #[serde(default)]
    pub(super) config: Config,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AcceptedValues {
    pub(super) values: Vec<String>,
    #[serde(default)]
    pub(super) config: Config,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Relationships {
    pub(super) to: Text,
    pub(super) field: Text,
    #[serde(default)]
    pub(super) same_date: bool,
    #[serde(default)]
    pub(super) config: Config,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Compared {
    pub(super) compare_model: Text,
    #[serde(default)]
    pub(super) config: Config,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Freshness {
    pub(super) loaded_at_field: Text,
    pub(super) warn_after: Option<Age>,
    pub(super) error_after: Option<Age>,
}

/// An age, as dbt writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Age {
    pub(super) count: u32,
    pub(super) period: Period,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Period {
    Minute,
    Hour,
    Day,
}

const KNOWN: &str = "unique, not_null, non_negative, accepted_values, relationships, equal_rowcount, \
                     at_least_rowcount, freshness";

impl<'de> Deserialize<'de> for TestEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entry;
        impl<'de> Visitor<'de> for Entry {
            type Value = TestEntry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a test: one of {KNOWN}")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<TestEntry, E> {
                match name {
                    "unique" => Ok(TestEntry::Unique(Columns::default())),
                    "not_null" => Ok(TestEntry::NotNull(Columns::default())),
                    "non_negative" => Ok(TestEntry::NonNegative(Columns::default())),
                    "accepted_values" | "relationships" | "equal_rowcount" | "at_least_rowcount"
                    | "freshness" => Err(E::custom(format!(
                        "the test {name} must be told against what: write {name}: {{…}}"
                    ))),
                    other => Err(E::custom(format!("there is no test '{other}', only {KNOWN}"))),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TestEntry, A::Error> {
                let name: String =
                    map.next_key()?.ok_or_else(|| A::Error::custom("a test without a name"))?;
                let entry = match name.as_str() {
                    "unique" => TestEntry::Unique(map.next_value()?),
                    "not_null" => TestEntry::NotNull(map.next_value()?),
                    "non_negative" => TestEntry::NonNegative(map.next_value()?),
                    "accepted_values" => TestEntry::AcceptedValues(map.next_value()?),
                    "relationships" => TestEntry::Relationships(map.next_value()?),
                    "equal_rowcount" => TestEntry::EqualRowcount(map.next_value()?),
                    "at_least_rowcount" => TestEntry::AtLeastRowcount(map.next_value()?),
                    "freshness" => TestEntry::Freshness(map.next_value()?),
                    other => {
                        return Err(A::Error::custom(format!("there is no test '{other}', only {KNOWN}")));
                    }
                };
                match map.next_key::<String>()? {
                    None => Ok(entry),
                    Some(more) => Err(A::Error::custom(format!(
                        "'{more}' stands beside the test {name}: indent it below, or begin it with a dash"
                    ))),
                }
            }
        }
        deserializer.deserialize_any(Entry)
    }
}
