//! The `DAYBOOK_…` variables, one for each key of the file, and the `AWS_…` variables.

use daybook_storage::StorageOptions;
use figment::providers::Env;

const PREFIX: &str = "DAYBOOK_";

/// Variable (without prefix) and key; a table, because both may hold underscores.
const KEYS: &[(&str, &str)] = &[
    ("data_dir", "data_dir"),
    ("business_timezone", "business_timezone"),
    ("ods_url", "ods.url"),
    ("landing_url", "landing.url"),
    ("landing_poll_seconds", "landing.poll_seconds"),
    ("load_route", "load.route"),
    ("load_max_reject_ratio", "load.max_reject_ratio"),
    ("load_pair_patience_minutes", "load.pair_patience_minutes"),
    ("warehouse_backend", "warehouse.backend"),
    ("warehouse_url", "warehouse.url"),
    ("payments_paid_statuses", "payments.paid_statuses"),
    ("close_buffer_minutes", "close.buffer_minutes"),
    ("retention_days", "retention.days"),
];

pub(super) fn provider() -> Env {
    let known = |name: &figment::value::UncasedStr| KEYS.iter().find(|(variable, _)| name == *variable);
    Env::prefixed(PREFIX)
        .filter(move |name| known(name).is_some())
        .map(move |name| known(name).map_or_else(|| name.into(), |(_, key)| (*key).into()))
        .split(".")
}

/// The process's variables that say how to reach object stores; one that is not UTF-8 is none of them.
pub(super) fn storage() -> StorageOptions {
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    StorageOptions::from_variables(variables)
}
