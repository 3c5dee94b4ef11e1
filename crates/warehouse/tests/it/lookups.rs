//! Rows that are looked up by a value, in tables of several files and row groups.

use crate::dump::Rows;
use crate::publishing::{FIRST, SECOND};
use crate::world::World;

/// More than a row group holds.
const ORDERS: usize = 40_000;

/// Of each order another customer, who is between the least and the greatest one in every row group.
fn customer(number: usize) -> String {
    format!("c{:06}", number * 7919 % ORDERS)
}

#[tokio::test]
async fn a_value_is_found_in_whichever_row_group_it_lies() {
    let mut world = World::delta().await;
    let fields = |number: usize| {
        [format!("o{number:06}"), format!("{FIRST} 10:00:00"), customer(number), FIRST.into()]
    };
    let fields: Vec<[String; 4]> = (0..ORDERS).map(fields).collect();
    let rows: Vec<[&str; 4]> = fields.iter().map(|fields| fields.each_ref().map(String::as_str)).collect();
    let mut rows: Vec<&[&str]> = rows.iter().map(<[&str; 4]>::as_slice).collect();
    rows.push(&["p1", "2024-03-02 10:00:00", "c000001x", SECOND]);
    rows.push(&["p2", "2024-03-02 11:00:00", "c039999x", SECOND]);
    let dump: Rows<'_> = &[("orders", &rows)];
    world.close(dump, &[FIRST, SECOND]).await;

    let (early, late) = (customer(5), customer(ORDERS - 5));
    let id = async |condition: &str| {
        world.ask(&format!("select id from orders where {condition} order by id")).await
    };
    assert_eq!(id(&format!("customer_id = '{early}'")).await, ["o000005"]);
    assert_eq!(id(&format!("customer_id = '{late}'")).await, ["o039995"]);
    assert_eq!(id(&format!("customer_id in ('{late}', '{early}', 'c1')")).await, ["o000005", "o039995"]);
    assert_eq!(id(&format!("customer_id = '{early}' or id = 'p2'")).await, ["o000005", "p2"]);
    assert_eq!(id("customer_id not in ('c039999x', 'c1') and id >= 'p'").await, ["p1"]);
    assert_eq!(id("customer_id = 'c000005x'").await, [""; 0]);
    // with conditions on the date, which files don't hold
    let earlier = format!("customer_id in ('{early}', 'c039999x') and partition_date <= date '{FIRST}'");
    assert_eq!(id(&earlier).await, ["o000005"]);
    let page =
        "(processed_timestamp < timestamp '2024-03-02 11:00:00' or partition_date < date '2024-03-02')";
    assert_eq!(
        id(&format!("customer_id in ('{early}', 'c000001x', 'c039999x') and {page}")).await,
        ["o000005", "p1"]
    );
    let read = async |condition: &str| {
        let sql = format!("select id from orders where {condition}");
        let explained = world.warehouse.explain(&sql).await.unwrap();
        let [table] = explained.tables.as_slice() else { panic!("{explained:?}") };
        (table.files_read, table.row_groups_read, table.files, table.row_groups)
    };
    assert_eq!(read(&format!("customer_id = '{early}'")).await, (1, 1, 2, 3));
    assert_eq!(read("customer_id = 'c000005x'").await, (0, 0, 2, 3));
}
