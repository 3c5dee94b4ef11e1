//! Values come out as they went in.

use crate::dump::Rows;
use crate::publishing::FIRST;
use crate::world::{World, days};

const YAML: &str = "description: A column of each type.
owner: It
kind: replace_partition
feed: orders
grain: one row an order
key: [id]
sort: [id]
columns:
  - {name: id, data_type: string, description: It.}
  - {name: text, data_type: string, description: It., nullable: true}
  - {name: small, data_type: integer, description: It., nullable: true}
  - {name: large, data_type: bigint, description: It., nullable: true}
  - {name: real, data_type: double, description: It., nullable: true}
  - {name: truth, data_type: boolean, description: It., nullable: true}
  - {name: day, data_type: date, description: It., nullable: true}
  - {name: moment, data_type: timestamp, description: It., nullable: true}
  - {name: partition_date, data_type: date, description: It.}
";

const SQL: &str = "select id,
    case when id = 'full' then customer_id end as text,
    case when id = 'full' then cast(-2147483648 as int) end as small,
    case when id = 'full' then cast(9223372036854775807 as bigint) end as large,
    case when id = 'full' then cast(0.1 as double) end as real,
    case when id = 'full' then true end as truth,
    case when id = 'full' then date '9999-12-31' end as day,
    case when id = 'full' then processed_timestamp end as moment,
    partition_date
from orders
where partition_date in (:dates)";

pub(crate) async fn what_is_not_a_number_is_greater_than_all_that_is(world: &mut World) {
    let sql = SQL.replace(
        "when id = 'full' then cast(0.1 as double)",
        "when id = 'full' then 0.5 else cast('NaN' as double)",
    );
    world.use_models(&[("every_type.sql", &sql), ("every_type.yml", YAML)]);
    let rows: Rows<'_> = &[(
        "orders",
        &[&["full", "2024-03-01 10:00:00", "c1", FIRST], &["none", "2024-03-01 11:00:00", "c2", FIRST]],
    )];
    let build = world.built(rows, &[FIRST]).await;
    build.materialize(world.registry.get("every_type").unwrap(), &days(&[FIRST])).await.unwrap();
    world.publish(build, &[FIRST]).await.unwrap();
    for condition in ["real > 1.0", "real = cast('NaN' as double)"] {
        assert_eq!(world.ask(&format!("select id from every_type where {condition}")).await, ["none"]);
    }
    assert_eq!(world.ask("select id from every_type where real < 1.0").await, ["full"]);
    assert_eq!(world.ask("select id from every_type order by real desc limit 1").await, ["none"]);
}

pub(crate) async fn types_and_nulls_are_kept(world: &mut World) {
    world.use_models(&[("every_type.sql", SQL), ("every_type.yml", YAML)]);
    let rows: Rows<'_> = &[(
        "orders",
        &[
            &["full", "2024-03-01 10:00:00.123456", "c1", FIRST],
            &["null", "2024-03-01 11:00:00", "c2", FIRST],
        ],
    )];
    let build = world.built(rows, &[FIRST]).await;
    build.materialize(world.registry.get("every_type").unwrap(), &days(&[FIRST])).await.unwrap();
    world.publish(build, &[FIRST]).await.unwrap();
    assert_eq!(
        world.ask("select * from every_type order by id").await,
        [
            "full|c1|-2147483648|9223372036854775807|0.1|true|9999-12-31|2024-03-01T10:00:00.123456|2024-03-01",
            "null|-|-|-|-|-|-|-|2024-03-01",
        ]
    );
    // what aggregates give is as exact
    let sums =
        "select count(*), sum(cast(revenue as bigint)), max(day), sum(cast(small as bigint)) from every_type
        left join order_lines on order_lines.order_id = every_type.id";
    assert_eq!(world.ask(sums).await, ["2|-|9999-12-31|-2147483648"]);
}

pub(crate) async fn extreme_values_are_kept(world: &mut World) {
    let (old, late) = ("0001-01-01", "9999-12-31");
    let rows: Rows<'_> = &[
        (
            "orders",
            &[
                &["old", "0001-01-01 00:00:00", "c1", old],
                &["late", "9999-12-31 23:59:59.999999", "c1", late],
                &["epoch", "1970-01-01 00:00:00.000001", "c1", "1970-01-01"],
                &["before", "1969-12-31 23:59:59.999999", "c1", "1969-12-31"],
            ],
        ),
        (
            "order_lines",
            &[
                &["most", "2147483647", "v", "2147483647", "old", old],
                &["least", "-2147483648", "v", "-2147483648", "late", late],
            ],
        ),
    ];
    let dates = [old, late, "1969-12-31", "1970-01-01"];
    world.close(rows, &dates).await;
    let orders = "select id, processed_timestamp, partition_date from orders order by partition_date";
    assert_eq!(
        world.ask(orders).await,
        [
            "old|0001-01-01T00:00:00|0001-01-01",
            "before|1969-12-31T23:59:59.999999|1969-12-31",
            "epoch|1970-01-01T00:00:00.000001|1970-01-01",
            "late|9999-12-31T23:59:59.999999|9999-12-31",
        ]
    );
    let lines = "select id, quantity, revenue from order_lines order by id";
    assert_eq!(world.ask(lines).await, ["least|-2147483648|-2147483648", "most|2147483647|2147483647"]);
    let doubled = "select sum(cast(revenue as bigint)) * 2 from order_lines where id = 'most'";
    assert_eq!(world.ask(doubled).await, ["4294967294"]);
}

pub(crate) async fn any_text_is_kept(world: &mut World) {
    let long = "ß".repeat(256);
    let texts = [
        "",
        " ",
        "null",
        "NULL",
        "\\",
        "\\n",
        "'",
        "it''s",
        "\"",
        "a,b;c",
        "ü",
        "日本語",
        "🎉👩‍👩‍👧",
        "e\u{301}",
        "é",
        "\u{200b}",
        "\t",
        "line\nbreak",
        "$1",
        ":dates",
        "?",
        "%_",
        &long,
    ];
    let ids: Vec<_> = (0..texts.len()).map(|number| format!("{number:02}")).collect();
    let rows: Vec<_> = ids
        .iter()
        .zip(texts)
        .map(|(id, text)| vec![id.as_str(), "2024-03-01 10:00:00", text, FIRST])
        .collect();
    let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
    world.close(&[("orders", &rows)], &[FIRST]).await;
    assert_eq!(world.ask("select customer_id from orders order by id").await, texts);
    // texts are compared by their characters' codes, and what looks alike is not the same
    assert_eq!(world.ask("select count(distinct customer_id) from orders").await, [texts.len().to_string()]);
    assert_eq!(world.ask("select id from orders where customer_id = '\\'").await, ["04"]);
}
