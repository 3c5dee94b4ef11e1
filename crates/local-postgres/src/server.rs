//! Starts and stops the server of a cluster.

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::binaries::Binaries;
use crate::error::refused;
use crate::home::Home;
use crate::output::{reason_in_log, reason_of};
use crate::pid_file::PidFile;
use crate::process::{self, Part};
use crate::server_user::ServerUser;
use crate::settings::LOG_COMPRESSION;
use crate::{LocalPostgresError, Settings, cluster, socket};

/// How long a start may take: after a crash the server first replays its log.
const START_SECONDS: u64 = 300;

/// How long a stop may take.
const STOP_SECONDS: u64 = 60;

/// How long to wait for a process of which the operating system doesn't tell what it is.
const UNKNOWN_PATIENCE: Duration = Duration::from_secs(10);

const POLL: Duration = Duration::from_millis(20);

/// The server of one cluster. Whoever calls a method holds the startup lock.
#[derive(Debug)]
pub(crate) struct Server {
    home: Home,
    user: ServerUser,
    binaries: Binaries,
}

impl Server {
    /// The server of `data_dir`'s cluster, which is made if there is none.
    pub(crate) fn open(data_dir: &Path, settings: &Settings) -> Result<Self, LocalPostgresError> {
        let (home, user) = Home::find(data_dir)?;
        let version = home.cluster_version()?;
        let binaries = settings.search().find(home.path(), version)?;
        if version.is_none() {
            cluster::create(&home, &binaries, &user, settings)?;
        }
        Ok(Self { home, user, binaries })
    }

    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    /// Makes sure that the server runs; returns the folder of its socket.
    pub(crate) fn ensure_started(&self, settings: &Settings) -> Result<PathBuf, LocalPostgresError> {
        if let Some(folder) = self.find_running()? {
            return Ok(folder);
        }
        let folder = socket::folder_for(&self.home);
        socket::prepare(&folder, &self.user)?;
        if PidFile::read(&self.home.cluster())?.is_none() {
            socket::clear(&folder)?;
        }
        self.start(settings, &folder)?;
        let (version, home) = (self.binaries.version(), self.home.path().display());
        tracing::debug!(version, %home, "started PostgreSQL {version} in {home}");
        Ok(folder)
    }

    /// The socket folder of the server, if it runs. One that is starting or stopping is waited for, and one
    /// that runs but cannot be reached, because its socket was removed, is stopped.
    fn find_running(&self) -> Result<Option<PathBuf>, LocalPostgresError> {
        let cluster = self.home.cluster();
        let begun = Instant::now();
        while let Some(pid_file) = PidFile::read(&cluster)? {
            let reached = pid_file.socket_folder.as_deref().filter(|folder| socket::answers(folder));
            if let Some(folder) = reached.filter(|_| pid_file.ready) {
                return Ok(Some(folder.to_owned()));
            }
            let (serves, patience) = match process::part_of(pid_file.pid, &cluster, self.user.uid()) {
                Part::Serves if pid_file.ready => (true, Duration::ZERO),
                Part::Serves => (true, Duration::from_secs(START_SECONDS)),
                Part::None if reached.is_some() => (false, Duration::from_secs(START_SECONDS)),
                Part::None if process::any_serves(&cluster, self.user.uid()) => (false, UNKNOWN_PATIENCE),
                // PostgreSQL itself would refuse to start while any process has that number.
                Part::None => {
                    self.remove_pid_file()?;
                    continue;
                }
                Part::Unknown => (false, UNKNOWN_PATIENCE),
            };
            if begun.elapsed() < patience {
                std::thread::sleep(POLL);
            } else if serves {
                self.stop()?;
            } else {
                return Ok(None);
            }
        }
        Ok(None)
    }

    fn start(&self, settings: &Settings, socket_folder: &Path) -> Result<(), LocalPostgresError> {
        self.begin_log()?;
        let mut options = format!("-c unix_socket_directories={}", socket_folder.display());
        let compression = if settings.is_throwaway() { None } else { self.log_compression() };
        for parameter in settings.parameters().chain(compression) {
            options.push_str(" -c ");
            options.push_str(parameter);
        }
        let mut command = self.pg_ctl("start", START_SECONDS);
        command.args(["-l", "server.log", "-o", &options]);
        let output = command.output().map_err(refused("run", &self.binaries.pg_ctl()))?;
        if output.status.success() {
            return Ok(());
        }
        let log = self.home.log();
        let reason = reason_in_log(&log).unwrap_or_else(|| reason_of(&output));
        Err(LocalPostgresError::Start { home: self.home.path().to_owned(), reason, log })
    }

    /// The first of the ways to compress that the server's program knows.
    fn log_compression(&self) -> Option<&'static str> {
        LOG_COMPRESSION.into_iter().find(|parameter| {
            let mut postgres = self.user.command(&self.binaries.postgres(), self.home.path());
            // reads the parameter, and starts nothing
            postgres.args(["-D", "cluster", "-C", "wal_compression", "-c", parameter]);
            postgres.output().is_ok_and(|output| output.status.success())
        })
    }

    /// Stops the server; one that doesn't run is fine. Sessions are cut off, nothing committed is lost.
    pub(crate) fn stop(&self) -> Result<(), LocalPostgresError> {
        let cluster = self.home.cluster();
        let Some(pid_file) = PidFile::read(&cluster)? else { return Ok(()) };
        if process::part_of(pid_file.pid, &cluster, self.user.uid()) == Part::None {
            // The server was killed, and another process may have its number now.
            return Ok(());
        }
        let mut command = self.pg_ctl("stop", STOP_SECONDS);
        let output =
            command.args(["-m", "fast"]).output().map_err(refused("run", &self.binaries.pg_ctl()))?;
        if !output.status.success() && PidFile::read(&cluster)?.is_some() {
            let home = self.home.path().to_owned();
            return Err(LocalPostgresError::Stop { home, reason: reason_of(&output) });
        }
        self.remove_socket_folder();
        Ok(())
    }

    fn remove_pid_file(&self) -> Result<(), LocalPostgresError> {
        let path = PidFile::path(&self.home.cluster());
        fs::remove_file(&path).map_err(refused("remove", &path))
    }

    /// `/tmp` is not littered; a folder in the home may stay.
    fn remove_socket_folder(&self) {
        let folder = socket::folder_for(&self.home);
        if !folder.starts_with(self.home.path()) {
            // Best effort: the next start takes an empty one as it is.
            let _ = fs::remove_dir(folder);
        }
    }

    /// A log for this start only; the one before is kept.
    fn begin_log(&self) -> Result<(), LocalPostgresError> {
        let log = self.home.log();
        if log.exists() {
            let previous = log.with_extension("log.previous");
            fs::rename(&log, &previous).map_err(refused("rename", &log))?;
        }
        let mut options = fs::OpenOptions::new();
        options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&log)
            .map_err(refused("write", &log))?;
        self.user.give(&log)
    }

    /// `pg_ctl` detaches the server into a session of its own, so that it outlives the caller and a Ctrl-C.
    fn pg_ctl(&self, verb: &str, seconds: u64) -> Command {
        let mut command = self.user.command(&self.binaries.pg_ctl(), self.home.path());
        command.args([verb, "-s", "-w", "-D", "cluster", "-t"]).arg(seconds.to_string());
        command
    }
}
