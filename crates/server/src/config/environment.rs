//! The `DAYBOOK_…` variables, one for each key of the file, and the `AWS_…` variables.

use daybook_storage::StorageOptions;
use figment::providers::{Env, Serialized};

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
    ("warehouse_memory_mib", "warehouse.memory_mib"),
    ("warehouse_keep_publications", "warehouse.keep_publications"),
    ("snowflake_account", "snowflake.account"),
    ("snowflake_user", "snowflake.user"),
    ("snowflake_private_key", "snowflake.private_key"),
    ("snowflake_private_key_passphrase", "snowflake.private_key_passphrase"),
    ("snowflake_token", "snowflake.token"),
    ("snowflake_token_kind", "snowflake.token_kind"),
    ("snowflake_role", "snowflake.role"),
    ("snowflake_warehouse", "snowflake.warehouse"),
    ("snowflake_database", "snowflake.database"),
    ("snowflake_schema", "snowflake.schema"),
    ("snowflake_storage_integration", "snowflake.storage_integration"),
    ("snowflake_clustering", "snowflake.clustering"),
    ("snowflake_statement_timeout_seconds", "snowflake.statement_timeout_seconds"),
    ("snowflake_budget_seconds", "snowflake.budget_seconds"),
    ("snowflake_endpoint", "snowflake.endpoint"),
    ("payments_paid_statuses", "payments.paid_statuses"),
    ("close_buffer_minutes", "close.buffer_minutes"),
    ("schedule_enabled", "schedule.enabled"),
    ("schedule_at", "schedule.at"),
    ("schedule_deadline_minutes", "schedule.deadline_minutes"),
    ("schedule_retry_minutes", "schedule.retry_minutes"),
    ("alert_url", "alert.url"),
    ("alert_command", "alert.command"),
    ("openlineage_file", "openlineage.file"),
    ("openlineage_url", "openlineage.url"),
    ("openlineage_api_key", "openlineage.api_key"),
    ("openlineage_namespace", "openlineage.namespace"),
    ("retention_days", "retention.days"),
    ("models_dir", "models.dir"),
    ("http_listen", "http.listen"),
    ("http_tls_certificate", "http.tls_certificate"),
    ("http_tls_key", "http.tls_key"),
    ("http_max_body_bytes", "http.max_body_bytes"),
    ("http_timeout_seconds", "http.timeout_seconds"),
    ("http_max_concurrent_requests", "http.max_concurrent_requests"),
    ("http_max_requests_per_second", "http.max_requests_per_second"),
    ("webhooks_secrets", "webhooks.secrets"),
    ("webhooks_shopify_secrets", "webhooks.shopify_secrets"),
    ("webhooks_tolerance_seconds", "webhooks.tolerance_seconds"),
];

/// Variables whose values are text whatever they look like: a passphrase of digits is no number.
const TEXTS: [&str; 3] = ["snowflake_private_key_passphrase", "snowflake_token", "openlineage_api_key"];

/// Their values.
pub(super) fn texts() -> impl Iterator<Item = Serialized<String>> {
    KEYS.iter().filter(|(variable, _)| TEXTS.contains(variable)).filter_map(|(variable, key)| {
        let value = std::env::var(format!("{PREFIX}{}", variable.to_ascii_uppercase())).ok()?;
        // quotation marks around it, and what ends a line, are not part of it
        let value = value.trim();
        let unquoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        Some(Serialized::default(key, unquoted.unwrap_or(value).to_owned()))
    })
}

/// All others, of which figment finds out what they are.
pub(super) fn provider() -> Env {
    let known = |name: &figment::value::UncasedStr| KEYS.iter().find(|(variable, _)| name == *variable);
    Env::prefixed(PREFIX)
        .filter(move |name| known(name).is_some_and(|(variable, _)| !TEXTS.contains(variable)))
        .map(move |name| known(name).map_or_else(|| name.into(), |(_, key)| (*key).into()))
        .split(".")
}

/// The process's variables that say how to reach object stores; one that is not UTF-8 is none of them.
pub(super) fn storage() -> StorageOptions {
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    StorageOptions::from_variables(variables)
}
