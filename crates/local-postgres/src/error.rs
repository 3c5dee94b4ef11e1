//! What can go wrong with a private server.

use std::io;
use std::path::{Path, PathBuf};

/// Why a private PostgreSQL could not be made, started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum LocalPostgresError {
    /// No folder holds all of `initdb`, `pg_ctl` and `postgres`.
    #[error(
        "no PostgreSQL server programs found: install them (apt-get install postgresql), \
         or set [ods] url to a server of your own"
    )]
    NoBinaries,
    /// Every server found is older than what Daybook works with.
    #[error(
        "PostgreSQL {found} is too old: install version {oldest} or later (apt-get install postgresql), \
         or set [ods] url to a server of your own"
    )]
    TooOld {
        /// The newest version found.
        found: u32,
        /// The oldest version that will do.
        oldest: u32,
    },
    /// The cluster was made by a version that isn't installed.
    #[error(
        "the database in {} was made by PostgreSQL {cluster}, but only version {installed} is installed: \
         install version {cluster} (apt-get install postgresql-{cluster})", home.display()
    )]
    OtherVersion {
        /// Where the cluster lies.
        home: PathBuf,
        /// The version that made it.
        cluster: u32,
        /// The newest version found.
        installed: u32,
    },
    /// Root found no user to run the server as.
    #[error(
        "PostgreSQL does not run as root, and there is no user 'postgres' or 'nobody' to run it as: add one"
    )]
    NoServerUser,
    /// The cluster belongs to somebody else.
    #[error(
        "the database in {} belongs to user {owner}: run as that user or as root, or choose another data_dir",
        home.display()
    )]
    NotOurs {
        /// Where the cluster lies.
        home: PathBuf,
        /// Its owner's name, or number.
        owner: String,
    },
    /// The cluster is there, but its password is not.
    #[error(
        "the password of the database in {} cannot be read from {}: restore that file", 
        path.parent().unwrap_or(path).display(), path.display()
    )]
    NoPassword {
        /// Where it should be.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The socket folder exists already, and isn't a private folder of the server's user.
    #[error("{} is not a private folder of the server's user: remove it", path.display())]
    SocketFolder {
        /// The folder.
        path: PathBuf,
    },
    /// A new cluster could not be made.
    #[error("no database could be made in {}: {reason}", home.display())]
    Initialize {
        /// Where it was to be.
        home: PathBuf,
        /// The last words of the program that failed.
        reason: String,
    },
    /// The server did not start.
    #[error("PostgreSQL did not start in {}: {reason} (see {})", home.display(), log.display())]
    Start {
        /// Where the cluster lies.
        home: PathBuf,
        /// The last words of the server's log.
        reason: String,
        /// The log.
        log: PathBuf,
    },
    /// The server did not stop.
    #[error("PostgreSQL in {} did not stop: {reason}", home.display())]
    Stop {
        /// Where the cluster lies.
        home: PathBuf,
        /// What `pg_ctl` says.
        reason: String,
    },
    /// The operating system refused something.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

/// Says what was tried, and on what, when the operating system refuses.
pub(crate) fn refused(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LocalPostgresError {
    move |source| LocalPostgresError::Io { action, path: path.to_owned(), source }
}
