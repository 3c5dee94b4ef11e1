//! What old publications held is removed; what recent ones show stays.

use crate::closing::{event, first_day};
use crate::support::{Books, day, time};

#[tokio::test]
async fn files_go_with_the_last_publication_that_shows_them() {
    let mut books = first_day().await;
    books.settings.keep_publications = 2;
    books.close_day(day("2024-03-01")).await;
    // each close rewrites the first day, for another payment came
    for (number, date) in ["2024-03-02", "2024-03-03"].into_iter().enumerate() {
        let paid = event(&format!("t{number}"), "o1", "failure", "2024-03-01T12:30:00");
        books.load_payments(time(&format!("{date} 13:00")), date, &paid).await;
        books.close_day(day(date)).await;
    }
    let third = books.warehouse.published().await.unwrap().unwrap();
    assert_eq!((third.number, files(&books, "publications"), files(&books, FACTS)), (3, 3, 3));

    let report = books.close_day(day("2024-03-04")).await;
    let vacuum = report.steps.iter().find(|step| step.name == "vacuum").unwrap();
    assert_eq!(vacuum.metrics["publications"], 2);
    // the third and the fourth show the same facts of the first day
    assert_eq!((files(&books, "publications"), files(&books, FACTS)), (2, 1));
    let status = "select attempts from app_order_payments where order_id = 'o1'";
    assert_eq!(books.query(status).await, ["2"]);

    // and closing goes on
    let late = event("t9", "o1", "success", "2024-03-05T12:30:00");
    books.load_payments(time("2024-03-05 13:00"), "late", &late).await;
    books.close_day(day("2024-03-05")).await;
    assert_eq!(books.query(status).await, ["3"]);
}

pub(crate) const FACTS: &str = "tables/dwd_orders_variant_status/partition_date=2024-03-01";

/// How many files, or folders, lie in a folder of the warehouse.
pub(crate) fn files(books: &Books, folder: &str) -> usize {
    std::fs::read_dir(books.folder.path().join("warehouse").join(folder)).unwrap().count()
}
