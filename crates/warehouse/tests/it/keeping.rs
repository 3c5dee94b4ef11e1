//! What is kept, and what is not.

use daybook_model::compile;
use daybook_warehouse::WarehouseError;

use crate::publishing::{DAY, FIRST, PAID, REVENUE};
use crate::world::{World, cells};

pub(crate) async fn old_publications_go(world: &mut World) {
    for _ in 0..3 {
        world.close(DAY, &[FIRST]).await;
        assert_eq!(world.warehouse.vacuum(2, false).await.unwrap().publications, 0);
    }
    world.warehouse.ping().await.unwrap();
    let before = world.ask(REVENUE).await;
    world.close(DAY, &[FIRST]).await;
    assert_eq!(world.warehouse.vacuum(2, false).await.unwrap().publications, 2);
    assert_eq!(world.warehouse.vacuum(2, false).await.unwrap().publications, 0);
    assert_eq!(world.warehouse.published().await.unwrap().unwrap().number, 4);
    assert_eq!(world.ask(REVENUE).await, before);
    assert_eq!(world.close(DAY, &[FIRST]).await.number, 5);
}

pub(crate) async fn a_reader_ends_with_the_books_it_began_with(world: &mut World) {
    world.close(DAY, &[FIRST]).await;
    let before = world.ask(REVENUE).await;
    let question = compile::question(REVENUE, world.warehouse.dialect()).unwrap();
    let slow = world.warehouse.query(&question, &[]).await.unwrap();
    world.close(PAID, &[FIRST]).await;
    world.warehouse.vacuum(2, true).await.unwrap();
    assert_ne!(world.ask(REVENUE).await, before);
    assert_eq!(cells(&slow.collect().await.unwrap()), before);
}

pub(crate) async fn questions_change_nothing(world: &mut World) {
    world.close(DAY, &[FIRST]).await;
    for sql in [
        "delete from orders",
        "drop table orders",
        "create table mine (a int)",
        "insert into orders select * from orders",
    ] {
        let refused = world.warehouse.query(sql, &[]).await.err();
        assert!(
            matches!(refused, Some(WarehouseError::Query { .. } | WarehouseError::NoQuestion { .. })),
            "{sql}: {refused:?}"
        );
    }
    assert_eq!(world.ask("select count(*) from orders").await, ["2"]);
    let mistake = world.warehouse.query("select nothing from orders", &[]).await.err();
    assert!(
        matches!(mistake, Some(WarehouseError::Query { .. } | WarehouseError::Snowflake(_))),
        "{mistake:?}"
    );
    let of = compile::question(
        "select id from orders where customer_id = $1 and id = $2",
        world.warehouse.dialect(),
    );
    let answer = world.warehouse.query(&of.unwrap(), &["c1", "o1"]).await.unwrap().collect().await.unwrap();
    assert_eq!(cells(&answer), ["o1"]);
}
