//! `daybook rejects`: from the row that was refused to the book that holds it.

use crate::support::Folder;

#[test]
fn a_rejected_row_is_found_exported_corrected_and_replayed() {
    let folder = Folder::new();
    folder.write(
        "batch/orders.csv",
        "id,processed_timestamp,customer_id\no1,2024-03-01 10:00:00,c1\no2,today,c1\n",
    );
    folder.write(
        "batch/order_lines.csv",
        "id,quantity,variant_id,revenue,order_id\nl1,1,v1,1000,o1\nl2,1,v1,2000,o2\n",
    );
    assert_eq!(folder.daybook(&["-q", "load", "batch"]).code, 0);

    let listed = folder.daybook(&["--format", "csv", "rejects", "list"]);
    let row = "1,1,orders,orders.csv,3,processed_timestamp,not_a_timestamp,";
    assert!(listed.out.lines().nth(1).is_some_and(|line| line.starts_with(row)), "{}", listed.out);
    let none = folder.daybook(&["--format", "csv", "rejects", "list", "--reason", "too_long"]);
    assert_eq!(none.out.lines().count(), 1, "{}", none.out);
    let shown = folder.daybook(&["rejects", "show", "1"]);
    assert!(shown.out.contains("o2,today,c1"), "{}", shown.out);
    folder.daybook(&["rejects", "show", "2"]).assert_error(&["number 2", "rejects list"]);
    folder.daybook(&["rejects", "replay", "nowhere"]).assert_error(&["nowhere", "no such file"]);

    let exported = folder.daybook(&["--format", "csv", "rejects", "export", "--to", "fix"]);
    assert_eq!(exported.out, "file,table,rows\nfix/orders.csv,orders,1\n");
    folder.daybook(&["rejects", "export", "--to", "fix"]).assert_error(&["fix/orders.csv", "another folder"]);
    let file = folder.path("fix/orders.csv");
    let corrected =
        std::fs::read_to_string(&file).unwrap().replacen("o2,today,", "o2,2024-03-01 11:00:00,", 1);
    std::fs::write(&file, corrected).unwrap();

    let replayed = folder.daybook(&["--format", "json", "rejects", "replay", "fix"]);
    assert_eq!(replayed.code, 0, "{}", replayed.err);
    let answer: serde_json::Value = serde_json::from_str(&replayed.out).unwrap();
    assert_eq!(
        (&answer["summary"]["loaded"], &answer["summary"]["healed"]),
        (&1.into(), &1.into()),
        "{answer}"
    );
    let open = folder.daybook(&["--format", "csv", "rejects", "list"]);
    assert_eq!(open.out.lines().count(), 1, "{}", open.out);
    let all = folder.daybook(&["--format", "csv", "rejects", "list", "--all"]);
    assert!(all.out.trim_end().ends_with(",2"), "the load that brought it again: {}", all.out);
    let status = folder.daybook(&["--format", "csv", "status"]);
    assert!(!status.out.contains("rejected rows"), "{}", status.out);
}
