//! The models' documentation in a browser.

use std::process::Command;

use daybook_testkit::node_modules;

use crate::support::Folder;

#[test]
fn the_site_is_searched_and_read_in_a_browser() {
    let folder = Folder::new();
    assert_eq!(folder.daybook(&["models", "new", "app_paid_orders"]).code, 0);
    assert_eq!(folder.daybook(&["models", "docs"]).code, 0);
    let modules = node_modules("playwright-core@1.64.1").unwrap();
    let script = modules.join("site.mjs");
    // beside the packages, where it finds them
    std::fs::write(&script, include_str!("site.mjs")).unwrap();
    let page = url::Url::from_file_path(folder.path("models-docs/index.html")).unwrap();
    let looked = Command::new("node").arg(&script).arg(page.as_str()).output().unwrap();
    assert!(looked.status.success(), "{}", String::from_utf8_lossy(&looked.stderr));
}
