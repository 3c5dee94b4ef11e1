//! The server lives as long as it has a user.

use std::fs;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use daybook_local_postgres::{LocalPostgres, Settings};

use crate::{ends, folder, is_alive, server_pid, socket_folder, start};

#[test]
fn the_last_user_stops_the_server() {
    let folder = folder();
    let first = start(folder.path());
    let pid = server_pid(folder.path()).unwrap();
    let second = start(folder.path());
    assert_eq!(first.url(), second.url());
    assert!(!first.stop_if_last().unwrap());
    assert!(is_alive(pid), "the second user still needs it");
    assert_eq!(server_pid(folder.path()), Some(pid), "it is the same server");
    drop(second);
    assert!(ends(pid));
    assert_eq!(server_pid(folder.path()), None);
}

#[test]
fn a_cluster_is_made_once_and_keeps_its_password() {
    let folder = folder();
    let first_url = start(folder.path()).url();
    let version = fs::metadata(folder.path().join("cluster/PG_VERSION")).unwrap();
    assert_eq!(start(folder.path()).url(), first_url);
    let again = fs::metadata(folder.path().join("cluster/PG_VERSION")).unwrap();
    assert_eq!(version.modified().unwrap(), again.modified().unwrap());
}

#[test]
fn several_may_start_at_once_in_an_empty_folder() {
    let folder = folder();
    let data_dir = folder.path().join("postgres");
    let urls: Vec<String> = std::thread::scope(|scope| {
        let user = || {
            let server = start(&data_dir);
            UnixStream::connect(socket_folder(&server).join(".s.PGSQL.5432")).unwrap();
            server.url()
        };
        let users: Vec<_> = (0..6).map(|_| scope.spawn(user)).collect();
        users.into_iter().map(|user| user.join().unwrap()).collect()
    });
    assert!(urls.iter().all(|url| *url == urls[0]));
    assert_eq!(server_pid(&data_dir), None, "the last one stopped it");
}

const HELD_FOLDER: &str = "LOCAL_POSTGRES_HELD_FOLDER";

/// Run as a process of its own by the test below, not as a test.
#[test]
#[ignore = "runs until it is killed"]
fn hold_a_server_until_killed() {
    let Some(data_dir) = std::env::var_os(HELD_FOLDER) else { return };
    let _server = LocalPostgres::start(data_dir.as_ref(), &Settings::throwaway()).unwrap();
    std::thread::sleep(Duration::from_secs(60));
}

fn spawn_user(data_dir: &std::path::Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "lifetime::hold_a_server_until_killed", "--ignored"])
        .env(HELD_FOLDER, data_dir)
        .stdout(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap()
}

#[test]
fn a_killed_user_leaves_the_server_to_the_next() {
    let folder = folder();
    let mut user = spawn_user(folder.path());
    while server_pid(folder.path()).is_none() {
        assert!(user.try_wait().unwrap().is_none());
        std::thread::sleep(Duration::from_millis(20));
    }
    let pid = server_pid(folder.path()).unwrap();
    // As Ctrl-C does: the whole process group at once.
    let group = format!("-{}", user.id());
    assert!(Command::new("kill").args(["-KILL", "--", &group]).status().unwrap().success());
    user.wait().unwrap();
    assert!(is_alive(pid), "the server is in a session of its own");

    let next = start(folder.path());
    assert_eq!(server_pid(folder.path()), Some(pid));
    assert!(next.stop_if_last().unwrap());
    assert!(ends(pid));
}

#[test]
fn a_lasting_server_compresses_its_log_in_the_quickest_way_that_it_knows() {
    let folder = folder();
    let _server = LocalPostgres::start(folder.path(), &Settings::default()).unwrap();
    let read = |file: &str| fs::read_to_string(folder.path().join("cluster").join(file)).unwrap();
    let version: u32 = read("PG_VERSION").trim().parse().unwrap();
    let options = read("postmaster.opts");
    let uses = |way| options.contains(&format!("wal_compression={way}"));
    // as Debian builds it
    assert!(uses("lz4") || (version < 15 && uses("on")), "{options}");
}
