//! The folder of the server's socket.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use crate::LocalPostgresError;
use crate::error::refused;
use crate::home::{Home, hash_of};
use crate::server_user::ServerUser;

/// The socket's name; PostgreSQL makes it from the port.
const SOCKET: &str = ".s.PGSQL.5432";

/// The longest path that the kernel takes for a socket.
const LONGEST: usize = 107;

/// The folder for the socket: in the home, or in `/tmp` when the home's path is too long for a socket or holds
/// characters that would need quoting on the server's command line.
///
/// The folder's path holds only letters, digits and `/._-`, which is safe in a command line and in a URL.
pub(crate) fn folder_for(home: &Home) -> PathBuf {
    let folder = home.path().join("socket");
    let length = folder.as_os_str().len() + 1 + SOCKET.len();
    let is_plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-".contains(&b));
    match folder.to_str() {
        Some(text) if length <= LONGEST && is_plain(text) => folder,
        _ => Path::new("/tmp").join(format!("daybook-{:016x}", hash_of(home.path()))),
    }
}

/// Makes the folder, or makes sure that it is what it should be. `/tmp` is everybody's: somebody else's folder,
/// or a symbolic link, is refused.
pub(crate) fn prepare(folder: &Path, user: &ServerUser) -> Result<(), LocalPostgresError> {
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => return user.give(folder),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(refused("make", folder)(error)),
    }
    let data = fs::symlink_metadata(folder).map_err(refused("look at", folder))?;
    let is_private = data.is_dir() && data.mode() & 0o077 == 0;
    let caller = nix::unistd::Uid::effective().as_raw();
    if is_private && data.uid() == user.uid() {
        Ok(())
    } else if is_private && data.uid() == caller {
        // Made by a process that was killed before it could give it away.
        user.give(folder)
    } else {
        Err(LocalPostgresError::SocketFolder { path: folder.to_owned() })
    }
}

/// Removes what a server that was killed has left in the folder. Its lock file holds a process number that
/// another process may have by now, and then PostgreSQL would not start.
pub(crate) fn clear(folder: &Path) -> Result<(), LocalPostgresError> {
    for path in [folder.join(SOCKET), folder.join(format!("{SOCKET}.lock"))] {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(refused("remove", &path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether a server listens there.
pub(crate) fn answers(folder: &Path) -> bool {
    UnixStream::connect(folder.join(SOCKET)).is_ok()
}
