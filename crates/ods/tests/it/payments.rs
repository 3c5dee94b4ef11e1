//! Payments through the queue: grouped, in any order, beside loads, and while PostgreSQL fails.

use std::cell::Cell;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use daybook_ods::{PaymentEvent, PaymentOptions, PaymentOutcome, PaymentQueue, PaymentReject, SubmitError};
use futures::future::join_all;
use futures::poll;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::events::{FORGET_PAYMENTS, STATES_AT_DAY_ENDS, any_payments, payment};
use crate::support::Shop;

use PaymentOutcome::{Stored, Unchanged};

const TIME: &str = "2024-05-01 10:00:00";

fn event(id: &str, status: &str, created: &str) -> PaymentEvent {
    PaymentEvent::parse(payment(id, "o", status, created).as_bytes()).unwrap()
}

/// Events of as many transactions, `t0` and so on.
fn events(count: usize) -> Vec<PaymentEvent> {
    (0..count).map(|number| event(&format!("t{number}"), "success", TIME)).collect()
}

impl Shop {
    fn payments(&self) -> PaymentQueue {
        self.payments_with(PaymentOptions::default())
    }

    fn payments_with(&self, options: PaymentOptions) -> PaymentQueue {
        PaymentQueue::open(&self.ods, options, |_| ())
    }

    async fn stored_payments(&self) -> String {
        self.query("select id, order_id, status, created_at from ods.transaction order by id").await
    }
}

/// Submits each event by itself, all at once.
async fn submit_each(
    queue: &PaymentQueue,
    events: Vec<PaymentEvent>,
) -> Vec<Result<PaymentOutcome, SubmitError>> {
    let submissions = events.into_iter().map(|event| async move {
        let outcomes = queue.submit(vec![event]).await?;
        assert_eq!(outcomes.len(), 1);
        Ok(outcomes.into_iter().next().unwrap())
    });
    join_all(submissions).await
}

#[tokio::test]
async fn each_event_is_told_what_became_of_it() {
    let shop = Shop::open().await;
    let queue = shop.payments();
    let group = vec![
        event("t1", "pending", TIME),
        event("t1", "success", TIME),
        event("t1", "voided", TIME),
        event("t2", "pending", "2024-05-02 10:00:00"),
        event("t2", "success", TIME),
        event("t1", "success", TIME),
    ];
    let outcomes = queue.submit(group).await.unwrap();
    assert_eq!(outcomes, [Unchanged, Stored, Unchanged, Stored, Unchanged, Unchanged]);
    assert_eq!(
        shop.stored_payments().await,
        "t1 o success 2024-05-01T10:00:00\nt2 o pending 2024-05-02T10:00:00"
    );

    let later = vec![event("t1", "success", TIME), event("t2", "refunded", "2024-05-02 10:00:00")];
    assert_eq!(queue.submit(later).await.unwrap(), [Unchanged, Stored]);
    assert!(queue.submit(Vec::new()).await.unwrap().is_empty());
    queue.close().await;
}

#[test]
fn payments_in_any_order_and_grouping_give_what_their_file_gives() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let shop = runtime.block_on(Shop::open());
    // two queues, as two processes would have them
    let queues = runtime.block_on(async { [shop.payments(), shop.payments()] });
    let arrivals = any_payments()
        .prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle(), 1..6_usize));
    let attempt = Cell::new(0);
    TestRunner::new(Config::with_cases(32))
        .run(&arrivals, |(lines, shuffled, size)| {
            runtime.block_on(shop.execute(FORGET_PAYMENTS));
            attempt.set(attempt.get() + 1);
            let name = format!("transactions{}.ndjson", attempt.get());
            shop.write(&name, lines.concat());
            runtime.block_on(shop.load(&name));
            let states = async || (shop.stored_payments().await, shop.query(STATES_AT_DAY_ENDS).await);
            let from_file = runtime.block_on(states());

            runtime.block_on(shop.execute(FORGET_PAYMENTS));
            let events: Vec<PaymentEvent> =
                shuffled.iter().map(|line| PaymentEvent::parse(line.as_bytes()).unwrap()).collect();
            let submissions = events
                .chunks(size)
                .zip(queues.iter().cycle())
                .map(|(part, queue)| queue.submit(part.to_vec()));
            for outcomes in runtime.block_on(join_all(submissions)) {
                outcomes.unwrap();
            }
            prop_assert_eq!(runtime.block_on(states()), from_file);
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn an_event_is_judged_as_a_line_of_a_file() {
    let shop = Shop::open().await;
    let long = "x".repeat(600);
    let lines = [
        payment("t1", "o", "success", "2024-05-01T10:00:00+02:00"),
        "{\"id\":\"t2\"".to_owned(),
        "[]".to_owned(),
        payment("t3", "", "success", TIME),
        payment("t4", "o", &long, TIME),
        payment(&long, "o", "success", TIME),
        payment("t5", "o", "success", "yesterday"),
        payment("t6", "o", "a\\u0000", TIME),
        "{\"id\":7,\"order_id\":\"o\",\"status\":\"x\",\"created_at\":\"2024-05-01T10:00:00\"}".to_owned(),
    ]
    .map(|line| line.trim_end().to_owned());
    shop.write("transactions.ndjson", lines.join("\n"));
    let options = daybook_ods::LoadOptions { max_reject_ratio: 1.0, ..Default::default() };
    shop.load_with("transactions.ndjson", &options).await;
    let rejected = shop
        .query("select coalesce(column_name, 'none') as column, reason, message from daybook.rejected_row order by line");

    let shown = |reject: PaymentReject| {
        format!("{} {} {}", reject.column.unwrap_or("none"), reject.reason, reject.message)
    };
    let rejects = lines.iter().filter_map(|line| PaymentEvent::parse(line.as_bytes()).err()).map(shown);
    assert_eq!(rejects.collect::<Vec<_>>().join("\n"), rejected.await);

    let body = format!(" [{}, 5, {}]", lines[0], lines[0]);
    let parts = [lines[0].as_str(), "5", lines[0].as_str()];
    assert_eq!(PaymentEvent::split_body(body.as_bytes()).unwrap(), parts.map(str::as_bytes));
    assert_eq!(PaymentEvent::split_body(lines[0].as_bytes()).unwrap(), [lines[0].as_bytes()]);
    assert_eq!(PaymentEvent::split_body(b"[{}").unwrap_err().reason, "not_json");
    assert_eq!(PaymentEvent::split_body(b"[\"\xff\"]").unwrap_err().reason, "not_utf8");
}

/// A rule of the shop's own: no payment has the status `bad`.
async fn refuse_bad(shop: &Shop, trigger: &str) {
    shop.execute(&format!(
        "create function refuse_bad() returns trigger language plpgsql as $$ begin \
             if new.status = 'bad' then raise exception 'the shop has no such status'; end if; return new; \
         end $$; \
         create {trigger} for each row execute function refuse_bad()"
    ))
    .await;
}

#[tokio::test]
async fn an_event_that_postgresql_refuses_fails_alone() {
    for trigger in [
        "trigger refuse_bad before insert on ods.transaction",
        "constraint trigger refuse_bad after insert on ods.transaction deferrable initially deferred",
    ] {
        let shop = Shop::open().await;
        refuse_bad(&shop, trigger).await;
        let queue = shop.payments();
        let mut group = events(20);
        group[7] = event("t7", "bad", TIME);
        let outcomes = submit_each(&queue, group).await;
        for (number, outcome) in outcomes.into_iter().enumerate() {
            match outcome.unwrap() {
                PaymentOutcome::Refused(reject) if number == 7 => {
                    assert_eq!(reject.message, "the shop has no such status");
                }
                outcome => assert_eq!((number == 7, outcome), (false, Stored), "event {number}"),
            }
        }
        assert_eq!(shop.query("select count(*) from ods.transaction").await, "19");
    }
}

#[tokio::test]
async fn a_row_that_somebody_keeps_locked_holds_up_only_its_own_event() {
    let shop = Shop::open().await;
    let queue = shop.payments();
    queue.submit(vec![event("t3", "pending", TIME)]).await.unwrap();
    let mut engineer = shop.ods.pool().begin().await.unwrap();
    sqlx::query("update ods.transaction set status = 'x' where id = 't3'")
        .execute(&mut *engineer)
        .await
        .unwrap();
    for (number, outcome) in submit_each(&queue, events(8)).await.into_iter().enumerate() {
        match outcome {
            Err(SubmitError::Unavailable { .. }) if number == 3 => {}
            outcome => assert_eq!(outcome, Ok(Stored), "event {number}"),
        }
    }
    engineer.commit().await.unwrap();
    assert_eq!(queue.submit(vec![event("t3", "success", TIME)]).await.unwrap(), [Stored]);
}

#[tokio::test]
async fn a_full_queue_says_so_and_forgets_nothing() {
    let shop = Shop::open().await;
    let queue = shop.payments_with(PaymentOptions { capacity: 3, ..Default::default() });
    // the writer, a task of this thread, gets no chance in between
    let mut first = pin!(queue.submit(events(2)));
    assert!(poll!(&mut first).is_pending());
    assert_eq!(queue.depth(), 2);
    assert_eq!(queue.submit(events(2)).await, Err(SubmitError::QueueFull { capacity: 3 }));
    assert_eq!(queue.submit(events(4)).await, Err(SubmitError::TooMany { events: 4, capacity: 3 }));
    assert_eq!(first.await.unwrap(), [Stored, Stored]);
    assert_eq!(queue.depth(), 0);
    assert_eq!(queue.submit(events(3)).await.unwrap(), [Unchanged, Unchanged, Stored]);
}

#[tokio::test]
async fn what_was_submitted_is_stored_though_the_sender_went_away_and_the_queue_closed() {
    let shop = Shop::open().await;
    let groups = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&groups);
    let queue = PaymentQueue::open(&shop.ods, PaymentOptions::default(), move |group| {
        seen.lock().unwrap().push((group.events, group.unavailable));
    });
    {
        let mut gone = pin!(queue.submit(events(2)));
        assert!(poll!(&mut gone).is_pending());
    }
    let mut waiting = pin!(queue.submit(events(3)));
    assert!(poll!(&mut waiting).is_pending());
    queue.close().await;
    assert_eq!(waiting.await.unwrap(), [Unchanged, Unchanged, Stored]);
    assert_eq!(shop.query("select count(*) from ods.transaction").await, "3");
    assert_eq!(*groups.lock().unwrap(), [(5, 0)], "two submissions, one commit");
    queue.close().await;
    assert_eq!(queue.submit(events(1)).await, Err(SubmitError::Closed));
}

#[tokio::test]
async fn commits_are_durable_whatever_the_default() {
    let shop = Shop::open().await;
    shop.execute(
        "create table seen (setting text); \
         create function see() returns trigger language plpgsql as $$ begin \
             insert into seen values (current_setting('synchronous_commit')); return null; \
         end $$; \
         create trigger see after insert on ods.transaction for each row execute function see()",
    )
    .await;
    assert_eq!(shop.query("select current_setting('synchronous_commit') as it").await, "off");
    shop.payments().submit(events(1)).await.unwrap();
    assert_eq!(shop.query("select * from seen").await, "on");
}

#[tokio::test]
async fn nothing_acknowledged_is_missing_when_connections_are_killed() {
    let shop = Shop::open().await;
    let queue = shop.payments();
    let (over, acknowledged) = (AtomicBool::new(false), AtomicUsize::new(0));
    let sender = |number: usize| {
        let (queue, over, acknowledged) = (&queue, &over, &acknowledged);
        async move {
            let mut sent = 0;
            while !over.load(Ordering::Relaxed) {
                let outcomes = queue.submit(vec![event(&format!("t{number}-{sent}"), "success", TIME)]).await;
                // one that was stored just before its connection was killed is sent, and found, again
                assert!(matches!(outcomes.unwrap()[..], [Stored | Unchanged]));
                sent += 1;
                acknowledged.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    let killer = async {
        let kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
            where datname = current_database() and query like '-- One group of events%'";
        let mut killed = 0;
        while killed < 20 {
            killed += shop.query(kill).await.parse::<usize>().unwrap();
        }
        over.store(true, Ordering::Relaxed);
    };
    tokio::join!(killer, join_all((0..8).map(sender)));
    let expected = acknowledged.load(Ordering::Relaxed).to_string();
    assert_eq!(shop.query("select count(*) from ods.transaction").await, expected);
}

#[tokio::test]
async fn while_postgresql_is_away_waiters_hear_so_and_later_ones_succeed() {
    let shop = Shop::open().await;
    let queue =
        shop.payments_with(PaymentOptions { patience: Duration::from_millis(300), ..Default::default() });
    queue.submit(events(1)).await.unwrap();

    // a server that lets nobody in, not even those who were
    let (server, name) = shop.url.split_once("/test_").unwrap();
    let (number, place) = name.split_once('?').unwrap();
    let elsewhere = sqlx::PgPool::connect(&format!("{server}/postgres?{place}")).await.unwrap();
    let run = async |sql: String| {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&elsewhere).await.unwrap();
    };
    run(format!("alter database test_{number} allow_connections false")).await;
    run(format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'test_{number}'"))
        .await;
    for outcome in submit_each(&queue, events(5)).await {
        assert!(matches!(outcome, Err(SubmitError::Unavailable { .. })), "{outcome:?}");
    }
    assert_eq!(queue.depth(), 0);

    run(format!("alter database test_{number} allow_connections true")).await;
    // a busy machine may need longer than the queue's patience to connect: a sender that is told so sends again
    let outcomes = loop {
        match queue.submit(events(2)).await {
            Ok(outcomes) => break outcomes,
            Err(error) => assert!(matches!(error, SubmitError::Unavailable { .. }), "{error:?}"),
        }
    };
    assert!(matches!(outcomes[..], [Unchanged, Stored | Unchanged]), "{outcomes:?}");
    assert_eq!(shop.query("select count(*) from ods.transaction").await, "2");
}

#[tokio::test]
async fn a_load_beside_does_not_hold_payments_up_and_both_leave_one_table() {
    let shop = Shop::open().await;
    let lines: Vec<String> = (0..4_000)
        .map(|number| {
            let status = ["success", "failure", "pending"][number % 3];
            let day = number % 7 + 1;
            let id = number * 31 % 500;
            payment(&format!("t{id}"), &format!("o{id}"), status, &format!("2024-05-0{day} 10:00:00"))
        })
        .collect();
    shop.write("transactions.ndjson", lines.concat());
    shop.load("transactions.ndjson").await;
    let expected = shop.stored_payments().await;

    shop.execute("delete from ods.transaction; delete from daybook.load").await;
    let (file, webhook): (Vec<_>, Vec<_>) = lines.iter().enumerate().partition(|(number, _)| number % 2 == 0);
    shop.write("transactions.ndjson", file.into_iter().map(|(_, line)| line.as_str()).collect::<String>());
    let queue = shop.payments();
    let mut turn = shop.ods.pool().acquire().await.unwrap();
    sqlx::query("select pg_advisory_lock(hashtextextended('daybook.load', 0))")
        .execute(&mut *turn)
        .await
        .unwrap();
    assert_eq!(queue.submit(events(1)).await.unwrap(), [Stored], "while a load has the turn");
    sqlx::query("select pg_advisory_unlock_all()").execute(&mut *turn).await.unwrap();
    shop.execute("delete from ods.transaction").await;

    let submissions = async {
        for part in webhook.chunks(64) {
            let events = part.iter().map(|(_, line)| PaymentEvent::parse(line.as_bytes()).unwrap());
            // a sender that is told to send again does
            let queue = &queue;
            join_all(events.map(async |event| while queue.submit(vec![event.clone()]).await.is_err() {}))
                .await;
        }
    };
    tokio::join!(shop.load("transactions.ndjson"), submissions);
    assert_eq!(shop.stored_payments().await, expected);
}

#[tokio::test]
async fn a_group_and_a_writer_in_another_order_do_not_block_each_other_for_ever() {
    let shop = Shop::open().await;
    let queue = shop.payments();
    queue.submit(events(2)).await.unwrap();
    let later =
        vec![event("t0", "success", "2024-05-02 10:00:00"), event("t1", "success", "2024-05-02 10:00:00")];
    let mut engineer = shop.ods.pool().begin().await.unwrap();
    sqlx::query("select from ods.transaction where id = 't1' for update")
        .execute(&mut *engineer)
        .await
        .unwrap();
    let submission = async { while queue.submit(later.clone()).await.is_err() {} };
    let change = async {
        // until the group holds t0 and waits for t1
        let waits = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        while shop.query(waits).await == "0" {}
        sqlx::query("select from ods.transaction where id = 't0' for update")
            .execute(&mut *engineer)
            .await
            .unwrap();
        engineer.commit().await.unwrap();
    };
    tokio::join!(submission, change);
    assert_eq!(
        shop.query("select distinct status, created_at from ods.transaction").await,
        "success 2024-05-02T10:00:00"
    );
}
