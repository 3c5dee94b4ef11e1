//! A private PostgreSQL in a folder: started by its first user, stopped by its last.
//!
//! [`LocalPostgres::start`] makes the cluster if there is none, starts the server if it isn't running, and
//! returns a handle. While a handle lives the server stays up, whichever process started it; dropping the
//! last handle stops the server. A process that is killed drops nothing: it leaves the server running, the
//! next user finds it, uses it, and stops it.
//!
//! # Who may connect
//! The server listens on a Unix socket only, in a folder that only its own user (and root) can enter, and asks
//! for a random password that only the user who made the cluster can read.
//!
//! # As root
//! PostgreSQL refuses to run as root, so root starts it as the owner of the cluster, for a new cluster as
//! `postgres` or else `nobody`. When that user cannot enter the data folder (say it lies under `/root`), the
//! cluster is placed below `/var/lib/daybook` and the data folder keeps a file, `location`, that says where.
//!
//! # Locks
//! Two files in the data folder. `startup.lock` is held exclusively while a process decides whether to make,
//! start or stop the server; `users.lock` is held shared by each handle. Whoever can take `users.lock`
//! exclusively while holding `startup.lock` is the last user. The kernel frees both when a process dies. Each
//! handle opens the files anew, so that two handles of one process count as two users.

mod binaries;
mod cluster;
mod error;
mod home;
mod local_postgres;
mod locks;
mod output;
mod pid_file;
mod process;
mod server;
mod server_user;
mod settings;
mod socket;

pub use binaries::BinarySearch;
pub use error::LocalPostgresError;
pub use local_postgres::LocalPostgres;
pub use settings::Settings;
