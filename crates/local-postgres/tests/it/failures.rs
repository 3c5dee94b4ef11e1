//! Failures say in one line what to do.

use std::fs;

use daybook_local_postgres::{BinarySearch, LocalPostgres, Settings};

use crate::{folder, start};

fn error_of(data_dir: &std::path::Path, settings: &Settings) -> String {
    let error = LocalPostgres::start(data_dir, settings).unwrap_err().to_string();
    assert_eq!(error.lines().count(), 1, "{error}");
    error
}

#[test]
fn without_server_programs_the_package_is_named() {
    let folder = folder();
    let nowhere = Settings::default().with_search(BinarySearch::in_folders(vec!["/nonexistent".into()]));
    let error = error_of(folder.path(), &nowhere);
    assert!(error.contains("apt-get install postgresql"), "{error}");
}

#[test]
fn a_server_that_does_not_start_says_why() {
    let folder = folder();
    drop(start(folder.path()));
    let configuration = folder.path().join("cluster/postgresql.conf");
    let text = fs::read_to_string(&configuration).unwrap();
    fs::write(&configuration, format!("{text}\nshared_preload_libraries = 'no_such_library'\n")).unwrap();
    let error = error_of(folder.path(), &Settings::throwaway());
    assert!(error.contains("no_such_library"), "{error}");
}

#[test]
fn a_lost_password_is_named() {
    let folder = folder();
    drop(start(folder.path()));
    fs::remove_file(folder.path().join("pgpass")).unwrap();
    let error = error_of(folder.path(), &Settings::throwaway());
    assert!(error.contains("pgpass"), "{error}");
}

#[test]
fn a_data_dir_that_is_a_file_is_refused() {
    let folder = folder();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = error_of(&file, &Settings::default());
    assert!(error.contains("file"), "{error}");
}
