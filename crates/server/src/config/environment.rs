//! The `DAYBOOK_…` variables, one for each key of the file.

use figment::providers::Env;

const PREFIX: &str = "DAYBOOK_";

/// Variable (without prefix) and key; a table, because both may hold underscores.
const KEYS: &[(&str, &str)] = &[
    ("data_dir", "data_dir"),
    ("business_timezone", "business_timezone"),
    ("ods_url", "ods.url"),
    ("landing_url", "landing.url"),
    ("load_max_reject_ratio", "load.max_reject_ratio"),
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
