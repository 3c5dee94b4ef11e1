//! What a killed process, a killed server or a crashed machine leaves behind does not stand in the way.

use std::fs;
use std::process::Command;

use crate::{ends, folder, server_pid, socket_folder, start};

fn kill_server(pid: u32) {
    assert!(Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap().success());
    assert!(ends(pid));
}

#[test]
fn an_interrupted_first_start_begins_again() {
    let folder = folder();
    fs::create_dir_all(folder.path().join("unfinished-0000abcd/base")).unwrap();
    fs::write(folder.path().join("unfinished-0000abcd/PG_VERSION"), "15\n").unwrap();
    fs::write(folder.path().join("unfinished-0000abcd.password"), "secret").unwrap();
    let _server = start(folder.path());
    let names: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(!names.iter().any(|name| name.starts_with("unfinished")), "{names:?}");
}

#[test]
fn a_killed_server_is_started_again() {
    let folder = folder();
    let user = start(folder.path());
    let pid = server_pid(folder.path()).unwrap();
    kill_server(pid);
    assert_eq!(server_pid(folder.path()), Some(pid), "its pid file is still there");
    let next = start(folder.path());
    assert_ne!(server_pid(folder.path()), Some(pid));
    assert!(!user.stop_if_last().unwrap());
    assert!(next.stop_if_last().unwrap());
}

#[test]
fn a_pid_file_whose_number_another_process_has_now_is_stale() {
    let folder = folder();
    drop(start(folder.path()));
    let pid_file = folder.path().join("cluster/postmaster.pid");
    let stranger = std::process::id();
    fs::write(&pid_file, format!("{stranger}\n/elsewhere\n1700000000\n5432\n/elsewhere\n\n\nready\n"))
        .unwrap();
    let server = start(folder.path());
    assert_ne!(server_pid(folder.path()), Some(stranger));
    assert!(server.stop_if_last().unwrap());
}

#[test]
fn a_server_whose_socket_was_removed_is_restarted() {
    let folder = folder();
    let user = start(folder.path());
    let pid = server_pid(folder.path()).unwrap();
    fs::remove_file(socket_folder(&user).join(".s.PGSQL.5432")).unwrap();
    let next = start(folder.path());
    assert!(socket_folder(&next).join(".s.PGSQL.5432").exists());
    assert!(ends(pid));
}
