//! The demo, small.

use crate::support::Folder;

#[test]
fn the_demo_reports_a_shop_and_may_be_repeated() {
    let folder = Folder::new();
    let first = folder.daybook(&["demo", "--days", "2", "--seed", "7"]);
    assert_eq!(first.code, 0, "{}", first.err);
    for title in ["Revenue by day", "Item sales", "Price changes", "Payments by day"] {
        assert!(first.out.contains(title), "{title} is missing:\n{}", first.out);
    }
    assert!(first.err.contains("Go on:"), "{}", first.err);
    let second = folder.daybook(&["demo", "--days", "2", "--seed", "7"]);
    assert_eq!(second.out, first.out, "the same seed makes the same shop");
}
