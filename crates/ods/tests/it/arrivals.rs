//! Any order, and any splitting of the same rows into files and batches, gives the same tables.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

use daybook_ods::{LoadOptions, LoadOutcome, LoadReport};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::{Shop, summary};

const UNITS: usize = 6;

/// A row of a shop that contradicts no other: what has no time of its own is the same whenever it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Row {
    Product(u8),
    /// A variant's state from a day on, in which it may be another product's.
    Variant {
        id: u8,
        day: u8,
        product: u8,
        price: u8,
    },
    Order(u8),
    Line {
        id: u8,
        order: u8,
    },
    Payment {
        id: u8,
        order: u8,
        status: &'static str,
        day: u8,
    },
}

/// Where a row comes, and the rows beside it.
#[derive(Clone, Copy, Debug)]
struct Place {
    unit: usize,
    /// Rows of a file are sorted by it.
    position: u8,
    /// A variant comes as an event, not in the batch.
    is_event: bool,
}

/// A batch, with the event files that came with it.
#[derive(Default)]
struct Unit {
    /// Under which prefix it lies; prefixes are loaded one after the other.
    prefix: u8,
    batch: Vec<Row>,
    updates: Vec<Row>,
    payments: Vec<Row>,
}

/// How a shop's rows arrive.
struct Arrival {
    units: Vec<Unit>,
}

impl fmt::Debug for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, unit) in self.units.iter().enumerate().filter(|(_, unit)| !unit.is_empty()) {
            writeln!(f, "prefix {}, batch {number}:", unit.prefix)?;
            for (file, rows) in
                [("batch", &unit.batch), ("updates", &unit.updates), ("payments", &unit.payments)]
            {
                rows.iter().try_for_each(|row| writeln!(f, "  {file}: {row:?}"))?;
            }
        }
        Ok(())
    }
}

impl Arrival {
    fn of(rows: &[(Row, Vec<Place>)], prefixes: [u8; UNITS]) -> Self {
        let mut placed: Vec<(Place, Row)> =
            rows.iter().flat_map(|(row, places)| places.iter().map(|place| (*place, *row))).collect();
        placed.sort_by_key(|(place, _)| place.position);
        let mut units: Vec<Unit> =
            prefixes.into_iter().map(|prefix| Unit { prefix, ..Unit::default() }).collect();
        for (place, row) in placed {
            units[place.unit].add(row, place.is_event);
        }
        Self { units }
    }
}

impl Unit {
    fn add(&mut self, row: Row, is_event: bool) {
        let rows = match row {
            Row::Payment { .. } => &mut self.payments,
            // a file that has two states of one variant contradicts itself
            Row::Variant { id, .. } if is_event || self.has_other_state_of(id, row) => &mut self.updates,
            _ => &mut self.batch,
        };
        rows.push(row);
    }

    fn has_other_state_of(&self, variant: u8, row: Row) -> bool {
        self.batch
            .iter()
            .any(|other| *other != row && matches!(other, Row::Variant { id, .. } if *id == variant))
    }

    fn is_empty(&self) -> bool {
        self.batch.is_empty() && self.updates.is_empty() && self.payments.is_empty()
    }

    /// Writes the unit's files; of a pair both or none.
    fn write(&self, shop: &Shop, prefix: &str, number: usize) {
        let is_catalogue = |row: &&Row| matches!(row, Row::Product(_) | Row::Variant { .. });
        for (is_wanted, files) in [
            (self.batch.iter().any(|row| is_catalogue(&row)), [("product", PRODUCT), ("variant", VARIANT)]),
            (!self.batch.iter().all(|row| is_catalogue(&row)), [("orders", ORDERS), ("order_lines", LINES)]),
        ] {
            for (table, header) in files.iter().filter(|_| is_wanted) {
                let rows: String =
                    self.batch.iter().filter(|row| row.table() == *table).map(|row| row.csv()).collect();
                shop.write(&format!("{prefix}/b{number}/{table}.csv"), format!("{header}\n{rows}"));
            }
        }
        for (name, rows) in [("variant_updates", &self.updates), ("transactions", &self.payments)] {
            if !rows.is_empty() {
                let events: String = rows.iter().map(|row| row.event()).collect();
                shop.write(&format!("{prefix}/{name}_{number}.ndjson"), events);
            }
        }
    }
}

const PRODUCT: &str = "id,title,product_type,created_at";
const VARIANT: &str = "id,product_id,price,title,created_at,updated_at,ingested_at";
const ORDERS: &str = "id,processed_timestamp,customer_id";
const LINES: &str = "id,quantity,variant_id,revenue,order_id";

impl Row {
    fn table(&self) -> &'static str {
        match self {
            Self::Product(_) => "product",
            Self::Variant { .. } => "variant",
            Self::Order(_) => "orders",
            Self::Line { .. } => "order_lines",
            Self::Payment { .. } => "transaction",
        }
    }

    /// The row's values, in the contract's order.
    fn values(&self) -> Vec<String> {
        let time = |day: &u8| format!("2024-05-{:02}T10:00:00", day + 1);
        match self {
            Self::Product(id) => vec![format!("p{id}"), format!("P{id}"), "stock".to_owned(), time(id)],
            Self::Variant { id, day, product, price } => vec![
                format!("v{id}"),
                format!("p{product}"),
                price.to_string(),
                "V".to_owned(),
                time(&0),
                time(day),
                time(&0),
            ],
            Self::Order(id) => vec![format!("o{id}"), time(id), format!("c{}", id % 2)],
            Self::Line { id, order } => {
                vec![
                    format!("l{id}"),
                    "1".to_owned(),
                    "v0".to_owned(),
                    (5 + id).to_string(),
                    format!("o{order}"),
                ]
            }
            Self::Payment { id, order, status, day } => {
                vec![format!("t{id}"), format!("o{order}"), (*status).to_owned(), time(day)]
            }
        }
    }

    fn csv(&self) -> String {
        self.values().join(",") + "\n"
    }

    fn event(&self) -> String {
        let columns = match self {
            Self::Variant { .. } => VARIANT,
            _ => "id,order_id,status,created_at",
        };
        let fields: Vec<String> = columns
            .split(',')
            .zip(self.values())
            .map(|(column, value)| match column {
                "price" => format!("\"{column}\":{value}"),
                _ => format!("\"{column}\":\"{value}\""),
            })
            .collect();
        format!("{{{}}}\n", fields.join(","))
    }
}

/// What the tables hold in the end, by the rules alone.
fn expected(rows: &[Row]) -> BTreeMap<&'static str, String> {
    let mut tables: BTreeMap<_, BTreeMap<String, (Vec<String>, String)>> = BTreeMap::new();
    let mut versions: Vec<String> = Vec::new();
    for row in rows {
        let values = row.values();
        // of a variant's states the latest; of a payment's too, then the paid one, then the greater text
        let rank = match row {
            Row::Variant { .. } => vec![values[5].clone()],
            Row::Payment { status, .. } => vec![
                values[3].clone(),
                u8::from(*status == "success").to_string(),
                (*status).to_owned(),
                values[1].clone(),
            ],
            _ => Vec::new(),
        };
        if row.table() == "variant" {
            versions.push(format!("{} {}", values.join(" "), values[5]));
        }
        let known = tables.entry(row.table()).or_default().entry(values[0].clone()).or_default();
        if known.1.is_empty() || rank > known.0 {
            *known = (rank, values.join(" "));
        }
    }
    versions.sort();
    let text = |rows: BTreeMap<_, (_, String)>| rows.into_values().map(|(_, row)| row).collect::<Vec<_>>();
    let mut expected: BTreeMap<_, _> =
        tables.into_iter().map(|(table, rows)| (table, text(rows).join("\n"))).collect();
    expected.insert("versions", versions.join("\n"));
    expected
}

fn any_places() -> impl Strategy<Value = Vec<Place>> {
    let place = (0..UNITS, any::<u8>(), any::<bool>()).prop_map(|(unit, position, is_event)| Place {
        unit,
        position,
        is_event,
    });
    prop::collection::vec(place, 1..3)
}

/// A shop's rows, each with the places in which it comes: mostly one, sometimes several.
fn any_rows() -> impl Strategy<Value = Vec<(Row, Vec<Place>)>> {
    let few = |most: usize| prop::collection::vec(any_places(), 1..most);
    let states = prop::collection::vec((0..2_u8, 0..4_u8, any::<u8>(), 0..3_u8, any_places()), 0..7);
    let lines = prop::collection::vec((any::<u8>(), any_places()), 0..7);
    let status = prop::sample::select(vec!["failure", "pending", "success"]);
    let payments = prop::collection::vec((0..2_u8, 0..2_u8, status, 0..3_u8, any_places()), 0..7);
    (few(4), states, few(5), lines, payments).prop_map(|(products, states, orders, lines, payments)| {
        let (product_count, order_count) = (products.len() as u8, orders.len() as u8);
        let mut rows: Vec<(Row, Vec<Place>)> = Vec::new();
        rows.extend((0..).map(Row::Product).zip(products));
        for (id, day, product, price, places) in states {
            let is_known =
                |row: &Row| matches!(row, Row::Variant { id: i, day: d, .. } if (*i, *d) == (id, day));
            if !rows.iter().any(|(row, _)| is_known(row)) {
                rows.push((Row::Variant { id, day, product: product % product_count, price }, places));
            }
        }
        rows.extend((0..).map(Row::Order).zip(orders));
        for (id, (order, places)) in (0..).zip(lines) {
            rows.push((Row::Line { id, order: order % order_count }, places));
        }
        for (id, order, status, day, places) in payments {
            rows.push((Row::Payment { id, order, status, day }, places));
        }
        rows
    })
}

/// Loads what arrives, prefix by prefix.
async fn load(shop: &Shop, arrival: &Arrival, landing: &str) -> Vec<LoadReport> {
    let mut reports = Vec::new();
    let mut prefixes: BTreeMap<u8, Vec<(usize, &Unit)>> = BTreeMap::new();
    for (number, unit) in arrival.units.iter().enumerate().filter(|(_, unit)| !unit.is_empty()) {
        prefixes.entry(unit.prefix).or_default().push((number, unit));
    }
    for (prefix, units) in prefixes {
        let prefix = format!("{landing}/{prefix}");
        units.into_iter().for_each(|(number, unit)| unit.write(shop, &prefix, number));
        reports.extend(shop.load_with(&prefix, &LoadOptions::default()).await);
    }
    reports
}

async fn tables(shop: &Shop) -> BTreeMap<&'static str, String> {
    let mut found = BTreeMap::new();
    for table in ["product", "variant", "orders", "order_lines", "transaction"] {
        found.insert(table, shop.query(&format!("select * from ods.{table} order by id")).await);
    }
    let versions = "select id, product_id, price, title, created_at, updated_at, ingested_at, valid_from \
         from daybook.variant_version order by id, product_id, price, title, created_at, updated_at";
    let mut lines: Vec<String> = shop.query(versions).await.lines().map(str::to_owned).collect();
    lines.sort();
    found.insert("versions", lines.join("\n"));
    found.retain(|table, rows| *table == "versions" || !rows.is_empty());
    found
}

/// Every row is accounted for, whatever became of it on the way: none is rejected, and none waits.
async fn assert_accounts(shop: &Shop, reports: &[LoadReport]) {
    for report in reports {
        summary(report);
        let is_settled = matches!(report.outcome, LoadOutcome::Loaded { .. } | LoadOutcome::AlreadyLoaded);
        assert!(is_settled, "{report:?}");
        assert!(report.files.iter().all(|file| file.rejected == 0), "{report:?}");
    }
    assert_eq!(shop.query("select * from daybook.parked_row where healed_at is null").await, "");
    assert_eq!(
        shop.query("select id, valid_from from daybook.product_version order by 1").await,
        shop.query("select id, created_at from ods.product order by 1").await,
        "a product that never changed has one version"
    );
    // a row is stored once: by its own load, or by the load that healed it
    for table in ["orders", "order_lines", "product"] {
        let stored = format!("select count(*) from ods.{table}");
        let loaded = format!(
            "select coalesce(sum(loaded), 0)::bigint + (\
                 select count(*) from daybook.parked_row where table_name = '{table}' and healed_by = 'load'\
             ) from daybook.load_file where table_name = '{table}'"
        );
        assert_eq!(shop.query(&stored).await, shop.query(&loaded).await, "{table}");
    }
}

#[test]
fn rows_in_any_order_and_any_batches_give_the_same_tables() {
    const RESET: &str = "delete from ods.product; delete from ods.orders; delete from ods.transaction; \
         delete from daybook.product_version; delete from daybook.variant_version; delete from daybook.load";
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let shop = runtime.block_on(Shop::open());
    let attempt = Cell::new(0);
    let arrivals = (any_rows(), [(); UNITS].map(|()| 0..4_u8)).prop_map(|(rows, prefixes)| {
        (rows.iter().map(|(row, _)| *row).collect(), Arrival::of(&rows, prefixes))
    });
    let config = Config { max_shrink_iters: 500, ..Config::with_cases(32) };
    let outcome = TestRunner::new(config).run(&arrivals, |(rows, arrival): (Vec<Row>, Arrival)| {
        attempt.set(attempt.get() + 1);
        runtime.block_on(async {
            shop.execute(RESET).await;
            let reports = load(&shop, &arrival, &format!("case{}", attempt.get())).await;
            prop_assert_eq!(tables(&shop).await, expected(&rows));
            assert_accounts(&shop, &reports).await;
            Ok(())
        })
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
