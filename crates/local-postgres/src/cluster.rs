//! Makes a new cluster.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rand::Rng;
use rand::distr::Alphanumeric;

use crate::binaries::Binaries;
use crate::error::refused;
use crate::home::{Home, write_private};
use crate::server_user::ServerUser;
use crate::{LocalPostgresError, Settings};

/// The superuser, and the database that is made for it.
pub(crate) const NAME: &str = "daybook";

/// Unfinished clusters begin with this.
const UNFINISHED: &str = "unfinished-";

const PASSWORD_LENGTH: usize = 32;

/// Makes the cluster in `home`, with its password and its database.
///
/// The work is done in a folder of its own that becomes the cluster when it is complete, so that being killed
/// leaves nothing that could be taken for one. Each attempt has its own folder: the `initdb` of a killed
/// process may still be at work in the last one.
pub(crate) fn create(
    home: &Home,
    binaries: &Binaries,
    user: &ServerUser,
    settings: &Settings,
) -> Result<(), LocalPostgresError> {
    remove_unfinished(home)?;
    let work =
        Work { home, binaries, user, settings, name: format!("{UNFINISHED}{:08x}", rand::random::<u32>()) };
    let password: String =
        rand::rng().sample_iter(Alphanumeric).take(PASSWORD_LENGTH).map(char::from).collect();
    work.initialize(&password)?;
    work.create_database()?;
    write_private(&home.password_file(), format!("*:*:*:{NAME}:{password}\n").as_bytes())?;
    let cluster = home.cluster();
    fs::rename(work.folder(), &cluster).map_err(refused("make", &cluster))
}

/// The password in the file that [`create`] wrote.
pub(crate) fn read_password(home: &Home) -> Result<String, LocalPostgresError> {
    let path = home.password_file();
    let text = fs::read_to_string(&path)
        .map_err(|source| LocalPostgresError::NoPassword { path: path.clone(), source })?;
    Ok(text.trim_end().rsplit(':').next().unwrap_or_default().to_owned())
}

/// Removes what attempts that were killed have left.
fn remove_unfinished(home: &Home) -> Result<(), LocalPostgresError> {
    let entries = fs::read_dir(home.path()).map_err(refused("list", home.path()))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        if !name.starts_with(UNFINISHED) {
            continue;
        }
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.map_err(refused("remove", &path))?;
    }
    Ok(())
}

struct Work<'a> {
    home: &'a Home,
    binaries: &'a Binaries,
    user: &'a ServerUser,
    settings: &'a Settings,
    name: String,
}

impl Work<'_> {
    fn folder(&self) -> PathBuf {
        self.home.path().join(&self.name)
    }

    /// Paths are given relative to the home, in which the programs run: whatever characters the home's path
    /// has need no quoting.
    fn command(&self, program: &Path) -> Command {
        self.user.command(program, self.home.path())
    }

    fn initialize(&self, password: &str) -> Result<(), LocalPostgresError> {
        let folder = self.folder();
        fs::DirBuilder::new().mode(0o700).create(&folder).map_err(refused("make", &folder))?;
        self.user.give(&folder)?;
        let password_name = format!("{}.password", self.name);
        let password_path = self.home.path().join(&password_name);
        let mut options = fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&password_path)
            .map_err(refused("write", &password_path))?;
        file.write_all(password.as_bytes()).map_err(refused("write", &password_path))?;
        self.user.give(&password_path)?;

        let mut initdb = self.command(&self.binaries.initdb());
        initdb.args(["--encoding=UTF8", "--locale=C", "--auth=scram-sha-256"]);
        initdb.arg(format!("--username={NAME}")).arg(format!("--pwfile={password_name}"));
        if self.settings.is_throwaway() {
            initdb.arg("--no-sync");
        }
        let result = self.finish(initdb.args(["-D", &self.name]).output(), &self.binaries.initdb());
        fs::remove_file(&password_path).map_err(refused("remove", &password_path))?;
        result
    }

    /// A server that serves one session over a pipe needs no client program and no password.
    fn create_database(&self) -> Result<(), LocalPostgresError> {
        let program = self.binaries.postgres();
        let mut postgres = self.command(&program);
        postgres.args(["--single", "-c", "exit_on_error=true", "-c", "log_checkpoints=off"]);
        if self.settings.is_throwaway() {
            postgres.args(["-c", "fsync=off"]);
        }
        postgres.args(["-D", &self.name, "postgres"]);
        postgres.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut run = || {
            let mut session = postgres.spawn()?;
            if let Some(mut input) = session.stdin.take() {
                // When it has ended already, its own words say more than the broken pipe.
                let _ = writeln!(input, "create database {NAME};");
            }
            session.wait_with_output()
        };
        let output = run();
        self.finish(output, &program)
    }

    fn finish(&self, output: std::io::Result<Output>, program: &Path) -> Result<(), LocalPostgresError> {
        let output = output.map_err(refused("run", program))?;
        if output.status.success() {
            return Ok(());
        }
        let reason = crate::output::reason_of(&output);
        Err(LocalPostgresError::Initialize { home: self.home.path().to_owned(), reason })
    }
}
