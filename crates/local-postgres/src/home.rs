//! Where the cluster lies: in the data folder, or elsewhere when the server's user cannot enter that.

use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::LocalPostgresError;
use crate::error::refused;
use crate::server_user::ServerUser;

/// Where clusters lie that the server's user could not reach in the data folder.
const ELSEWHERE: &str = "/var/lib/daybook";

/// The folder that holds the cluster, its password and the server's log.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    path: PathBuf,
}

impl Home {
    /// The home of the cluster of `data_dir` and the user to run it as; the startup lock is held.
    pub(crate) fn find(data_dir: &Path) -> Result<(Self, ServerUser), LocalPostgresError> {
        let pointer = data_dir.join("location");
        let home = match fs::read(&pointer) {
            Ok(bytes) => Self { path: PathBuf::from(std::ffi::OsString::from_vec(bytes)) },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self { path: data_dir.to_owned() },
            Err(error) => return Err(refused("read", &pointer)(error)),
        };
        let user = ServerUser::choose(&home.path, &home.cluster())?;
        let home = if home.cluster().exists() || user.can_enter(&home.path) {
            home
        } else {
            Self::elsewhere(data_dir, &pointer)?
        };
        Ok((home, user))
    }

    /// A new home below `/var/lib/daybook`, and a pointer to it in the data folder. Its name is never used
    /// twice: whoever removes the data folder begins anew.
    fn elsewhere(data_dir: &Path, pointer: &Path) -> Result<Self, LocalPostgresError> {
        let name = format!("{:016x}-{:08x}", hash_of(data_dir), rand::random::<u32>());
        let path = Path::new(ELSEWHERE).join(name);
        let mut folders = fs::DirBuilder::new();
        folders
            .recursive(true)
            .mode(0o755)
            .create(ELSEWHERE)
            .map_err(refused("make", Path::new(ELSEWHERE)))?;
        create_folder(&path)?;
        write_private(pointer, path.as_os_str().as_bytes())?;
        Ok(Self { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// PostgreSQL's own folder.
    pub(crate) fn cluster(&self) -> PathBuf {
        self.path.join("cluster")
    }

    /// The password, in the format of libpq's password file.
    pub(crate) fn password_file(&self) -> PathBuf {
        self.path.join("pgpass")
    }

    /// The server's log since its last start.
    pub(crate) fn log(&self) -> PathBuf {
        self.path.join("server.log")
    }

    /// The major version that made the cluster; none when it has yet to be made.
    pub(crate) fn cluster_version(&self) -> Result<Option<u32>, LocalPostgresError> {
        let path = self.cluster().join("PG_VERSION");
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text.trim().parse().ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(refused("read", &path)(error)),
        }
    }
}

/// Makes the data folder if need be, and names it canonically.
pub(crate) fn open_data_dir(data_dir: &Path) -> Result<PathBuf, LocalPostgresError> {
    if !data_dir.exists() {
        if let Some(parent) = data_dir.parent() {
            fs::create_dir_all(parent).map_err(refused("make", parent))?;
        }
        create_folder(data_dir)?;
    }
    data_dir.canonicalize().map_err(refused("open", data_dir))
}

/// Makes a folder that anybody may pass through and only the owner may list: what is in it protects itself.
fn create_folder(path: &Path) -> Result<(), LocalPostgresError> {
    match fs::create_dir(path) {
        Ok(()) => {}
        // Another process has just made it.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => return Ok(()),
        Err(error) => return Err(refused("make", path)(error)),
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o711)).map_err(refused("change the mode of", path))
}

/// Writes a file that only the caller can read, whole or not at all.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<(), LocalPostgresError> {
    let partial = path.with_extension("partial");
    let write = || {
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&partial, path)
    };
    write().map_err(refused("write", path))
}

/// A hash of a path that never changes with the compiler's version: FNV-1a, 64 bits.
pub(crate) fn hash_of(path: &Path) -> u64 {
    path.as_os_str()
        .as_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
