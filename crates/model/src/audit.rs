//! Turns what a model's YAML declares into a query that finds where it does not hold.

use crate::Model;

/// SQL that gives a row for each declared test that fails over `:dates`: model, test, and how many rows fail it.
pub fn failures_sql(model: &Model) -> String {
    let table = quoted(&model.name);
    let mut tests = vec![not_null(model, &table)];
    if !model.key.is_empty() {
        tests.push(unique(model, &table));
    }
    format!(
        "select model, test, failures from (\n{}\n) as tests where failures > 0",
        tests.join("\nunion all\n")
    )
}

/// A key without the partition date holds across partitions: the keys built now are looked for in all of them.
fn unique(model: &Model, table: &str) -> String {
    let columns: Vec<_> = model.key.iter().map(|column| quoted(column)).collect();
    let key = columns.join(", ");
    let within_dates = model.key.iter().any(|column| column == "partition_date");
    let rows = if within_dates {
        format!("{table} where partition_date in (:dates)")
    } else {
        let same: Vec<_> = columns.iter().map(|column| format!("held.{column} = built.{column}")).collect();
        format!(
            "(\n        select {} from {table} as held inner join (\n            \
             select distinct {key} from {table} where partition_date in (:dates)\n        \
             ) as built on {}\n    ) as candidates",
            columns.iter().map(|column| format!("held.{column}")).collect::<Vec<_>>().join(", "),
            same.join(" and "),
        )
    };
    format!(
        "select '{name}' as model, 'unique ({key_names})' as test, count(*) as failures from (\n    \
         select {key} from {rows} group by {key} having count(*) > 1\n) as duplicated",
        name = model.name,
        key_names = model.key.join(", "),
    )
}

fn not_null(model: &Model, table: &str) -> String {
    let required: Vec<_> = model.columns.iter().filter(|column| !column.nullable).collect();
    let missing: Vec<_> = required.iter().map(|column| format!("{} is null", quoted(&column.name))).collect();
    format!(
        "select '{}' as model, 'not_null' as test, count(*) as failures from {table}\n    \
         where partition_date in (:dates) and ({})",
        model.name,
        missing.join(" or "),
    )
}

/// Names come from the model files; quoting lets them be reserved words.
fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

#[cfg(test)]
mod tests {
    use crate::Registry;

    #[test]
    fn an_audit_finds_duplicates_and_gaps() {
        let registry = Registry::shipped().expect("shipped models");
        let model = registry.get("int_order_payments").expect("a shipped model");
        insta::assert_snapshot!(super::failures_sql(model));
    }
}
