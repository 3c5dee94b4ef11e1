//! The handle that keeps a private server running.

use std::path::{Path, PathBuf};

use crate::cluster::{NAME, read_password};
use crate::home::open_data_dir;
use crate::locks::{StartupLock, UserLock};
use crate::server::Server;
use crate::{LocalPostgresError, Settings};

/// A user of a private PostgreSQL: the server runs at least until this is dropped.
#[derive(Debug)]
pub struct LocalPostgres {
    data_dir: PathBuf,
    server: Server,
    socket_folder: PathBuf,
    password: String,
    /// None once this handle has left.
    user: Option<UserLock>,
}

impl LocalPostgres {
    /// Makes the cluster in `data_dir` if there is none, starts its server if it isn't running, and counts the
    /// caller among its users.
    ///
    /// Blocks: for a second or two when the cluster has to be made, hardly at all when the server runs. From
    /// asynchronous code call it through `spawn_blocking`. `settings` take effect when the server starts.
    ///
    /// # Errors
    /// When no server programs are installed, the folder cannot be used, or the server does not start; the
    /// message says which and what to do.
    pub fn start(data_dir: &Path, settings: &Settings) -> Result<Self, LocalPostgresError> {
        let data_dir = open_data_dir(data_dir)?;
        let deciding = StartupLock::take(&data_dir)?;
        let server = Server::open(&data_dir, settings)?;
        let password = read_password(server.home())?;
        let socket_folder = server.ensure_started(settings)?;
        let user = UserLock::take(&data_dir, &deciding)?;
        Ok(Self { data_dir, server, socket_folder, password, user: Some(user) })
    }

    /// The URL of database `daybook`, for its superuser. It holds the password.
    pub fn url(&self) -> String {
        self.url_of(NAME)
    }

    /// The URL of another database of this server. `database` must be a plain name: letters, digits, `_`, `-`.
    pub fn url_of(&self, database: &str) -> String {
        // The password is letters and digits, and so is the socket folder's path but for `/._-`: none of them
        // needs an escape.
        format!(
            "postgres://{NAME}:{}@localhost:5432/{database}?host={}",
            self.password,
            self.socket_folder.display()
        )
    }

    /// A command line with which a person, as the user who runs this process, opens the database in psql.
    pub fn connect_command(&self) -> String {
        let password_file = self.server.home().password_file();
        let quoted = password_file.display().to_string().replace('\'', r"'\''");
        format!("PGPASSFILE='{quoted}' psql -h {} -U {NAME} {NAME}", self.socket_folder.display())
    }

    /// Counts the caller no longer among the users and stops the server if it was the last; says whether it was.
    ///
    /// Dropping does the same, but can only log an error.
    ///
    /// # Errors
    /// When the server does not stop.
    pub fn stop_if_last(mut self) -> Result<bool, LocalPostgresError> {
        self.leave()
    }

    fn leave(&mut self) -> Result<bool, LocalPostgresError> {
        let Some(user) = self.user.take() else {
            return Ok(false);
        };
        let deciding = StartupLock::take(&self.data_dir)?;
        let last = user.leave(&deciding)?;
        if last {
            self.server.stop()?;
        }
        Ok(last)
    }
}

impl Drop for LocalPostgres {
    fn drop(&mut self) {
        if let Err(error) = self.leave() {
            tracing::warn!(%error, "the private PostgreSQL was left running: {error}");
        }
    }
}
