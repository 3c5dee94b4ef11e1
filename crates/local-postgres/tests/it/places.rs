//! Clusters in awkward places.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::{folder, server_pid, socket_folder, start};

#[test]
fn everything_is_private() {
    let folder = folder();
    let server = start(folder.path());
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(&folder.path().join("cluster")), 0o700);
    assert_eq!(mode(&folder.path().join("pgpass")), 0o600);
    assert_eq!(mode(&folder.path().join("server.log")), 0o600);
    assert_eq!(mode(&socket_folder(&server)), 0o700);
    assert!(server.connect_command().ends_with(" -U daybook daybook"), "{}", server.connect_command());
}

#[test]
fn a_long_or_odd_path_has_its_socket_in_a_private_folder_of_tmp() {
    let folder = folder();
    for name in ["long".repeat(25), "it's a \"$(shop)\" & more, déjà".to_owned()] {
        let data_dir = folder.path().join(name);
        let server = start(&data_dir);
        let socket = socket_folder(&server);
        assert!(socket.starts_with("/tmp"), "{socket:?}");
        assert!(server_pid(&data_dir).is_some());
        drop(server);
        assert!(!socket.exists(), "it is removed with the server");
    }
}

#[test]
fn somebody_elses_socket_folder_is_refused() {
    let folder = folder();
    let data_dir = folder.path().join("long".repeat(25));
    let server = start(&data_dir);
    let socket = socket_folder(&server);
    drop(server);
    std::os::unix::fs::symlink(folder.path(), &socket).unwrap();
    let error = daybook_local_postgres::LocalPostgres::start(&data_dir, &Default::default()).unwrap_err();
    fs::remove_file(&socket).unwrap();
    assert!(error.to_string().contains("is not a private folder"), "{error}");
}

/// Only root runs the server as another user, so only root can have a folder which that user cannot enter.
#[test]
fn a_cluster_that_the_server_user_could_not_reach_lies_elsewhere() {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return;
    }
    let folder = folder();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let data_dir = folder.path().join("postgres");
    let url = start(&data_dir).url();
    let elsewhere = PathBuf::from(fs::read_to_string(data_dir.join("location")).unwrap());
    let again = start(&data_dir);
    assert_eq!(again.url(), url, "it is found again");
    assert!(server_pid(&elsewhere).is_some());
    drop(again);
    fs::remove_dir_all(elsewhere).unwrap();
}
