//! Which user the server runs as.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::unistd::{Uid, User};

use crate::LocalPostgresError;
use crate::error::refused;

/// Whom root runs the server as, by preference.
const SERVER_USERS: [&str; 2] = ["postgres", "nobody"];

/// The user that the server runs as: the caller, or another one when the caller is root.
#[derive(Clone, Debug)]
pub(crate) struct ServerUser {
    uid: u32,
    gid: u32,
    /// Whether it isn't the caller.
    other: bool,
}

impl ServerUser {
    /// The user for the cluster in `home`: its owner if it exists, whom a caller other than root must be.
    pub(crate) fn choose(home: &Path, cluster: &Path) -> Result<Self, LocalPostgresError> {
        let caller = Uid::effective();
        let owner = match fs::metadata(cluster) {
            Ok(data) => Some(Uid::from_raw(data.uid())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(refused("look at", cluster)(error)),
        };
        match owner {
            Some(owner) if !caller.is_root() && owner != caller => {
                Err(LocalPostgresError::NotOurs { home: home.to_owned(), owner: name_of(owner) })
            }
            _ if !caller.is_root() => Ok(Self::caller()),
            Some(owner) if !owner.is_root() => user_of(owner).map(Self::other),
            _ => Self::for_root(),
        }
    }

    fn caller() -> Self {
        Self { uid: Uid::effective().as_raw(), gid: nix::unistd::Gid::effective().as_raw(), other: false }
    }

    fn other(user: User) -> Self {
        Self { uid: user.uid.as_raw(), gid: user.gid.as_raw(), other: true }
    }

    fn for_root() -> Result<Self, LocalPostgresError> {
        let known = SERVER_USERS.iter().find_map(|name| User::from_name(name).ok().flatten());
        known.map(Self::other).ok_or(LocalPostgresError::NoServerUser)
    }

    pub(crate) fn uid(&self) -> u32 {
        self.uid
    }

    /// A command that this user runs in `folder`.
    ///
    /// It has its own process group, so that Ctrl-C at the terminal doesn't interrupt it half-way, and none of
    /// the variables by which the caller's environment would redirect PostgreSQL's programs.
    pub(crate) fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder).stdin(Stdio::null()).process_group(0).env("LC_ALL", "C");
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"PG") {
                command.env_remove(name);
            }
        }
        if self.other {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Whether this user can work in `folder`. Trying it is surer than to compute it from the modes of all
    /// folders above and their access lists.
    pub(crate) fn can_enter(&self, folder: &Path) -> bool {
        let mut command = self.command(Path::new("/bin/sh"), folder);
        command.args(["-c", ":"]).status().is_ok_and(|status| status.success())
    }

    /// Gives a file or folder of the caller's to this user.
    pub(crate) fn give(&self, path: &Path) -> Result<(), LocalPostgresError> {
        if !self.other {
            return Ok(());
        }
        chown(path, Some(self.uid), Some(self.gid)).map_err(refused("change the owner of", path))
    }
}

fn user_of(uid: Uid) -> Result<User, LocalPostgresError> {
    User::from_uid(uid).ok().flatten().ok_or(LocalPostgresError::NoServerUser)
}

fn name_of(uid: Uid) -> String {
    User::from_uid(uid).ok().flatten().map_or_else(|| uid.to_string(), |user| user.name)
}
