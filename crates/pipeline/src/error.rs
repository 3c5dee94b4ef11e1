//! What can stop a close.

use arrow::error::ArrowError;
use daybook_model::PartitionDate;
use daybook_ods::OdsError;
use daybook_warehouse::WarehouseError;

/// An error of a close. Unless it had published already, the published state is untouched.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The operational data store failed.
    #[error(transparent)]
    Ods(#[from] OdsError),
    /// The warehouse failed.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
    /// A test of data could not be run.
    #[error("{test}: {source}")]
    Test {
        /// The model, and the tests that were asked together.
        test: String,
        /// What the warehouse said.
        source: WarehouseError,
    },
    /// The run's own records could not be read or written.
    #[error("the run tables in PostgreSQL: {0}")]
    Records(#[from] sqlx::Error),
    /// The run tables could not be migrated.
    #[error("the run tables in PostgreSQL cannot be migrated: {0}; a newer Daybook may have changed them")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// Another close holds the run lock.
    #[error("another close is running; wait for it to end (`daybook runs list` shows it)")]
    Busy,
    /// A day was asked for that has not ended.
    #[error("{date} is not over yet in {timezone}: the last day that can be closed is {last}")]
    NotOver {
        /// The day asked for.
        date: PartitionDate,
        /// The last day that has ended.
        last: PartitionDate,
        /// The business time zone.
        timezone: &'static str,
    },
    /// The period ends before it begins.
    #[error("the period ends on {to}, before it begins on {from}: swap --from and --to")]
    Backwards {
        /// The first day asked for.
        from: PartitionDate,
        /// The last day asked for.
        to: PartitionDate,
    },
    /// So long a period is most likely a mistake in some row's date.
    #[error(
        "closing from {from} to {to} means {days} days, because the oldest order is dated {from}: \
             correct that order, or say with --from A --to B what to close; older dates are then closed only where they hold rows"
    )]
    TooLong {
        /// The first day.
        from: PartitionDate,
        /// The last day.
        to: PartitionDate,
        /// How many days that is.
        days: u64,
    },
    /// So long a time after the last closed day, one of the two is most likely a mistake.
    #[error(
        "closing from {from} to {to} means {days} days, because the last closed day is {last_closed}: close them with \
             --from {from} --to DAY, {most} days at most at a time; or if {last_closed} was closed by mistake, start a \
             new warehouse (another [warehouse] url) and load its history again"
    )]
    LongGap {
        /// The last closed day.
        last_closed: PartitionDate,
        /// The day after it.
        from: PartitionDate,
        /// The last day.
        to: PartitionDate,
        /// How many days that is.
        days: u64,
        /// How many can be asked for.
        most: u64,
    },
    /// So many days are most likely a mistake in the one that was asked for.
    #[error("closing from {from} to {to} means {days} days: ask for {most} at most at a time")]
    TooManyDays {
        /// The first day asked for.
        from: PartitionDate,
        /// The last day asked for.
        to: PartitionDate,
        /// How many days that is.
        days: u64,
        /// How many can be asked for.
        most: u64,
    },
    /// The warehouse's dates follow another time zone.
    #[error(
        "the warehouse was built with business_timezone = \"{built}\", not \"{configured}\": set it back, or start a new warehouse (another [warehouse] url) and load its history again"
    )]
    Timezone {
        /// The zone of the published state.
        built: String,
        /// The zone that is configured.
        configured: &'static str,
    },
    /// What was built contradicts itself or the model declarations.
    #[error("the close found {count} contradiction(s) and published nothing; the first: {first}")]
    Unsound {
        /// How many.
        count: usize,
        /// The first of them, with its date or table.
        first: String,
    },
    /// One of Daybook's own queries is broken.
    #[error("a query of the close cannot be compiled: {0}")]
    Compile(String),
    /// A dump brings a table that no model takes in.
    #[error("the dump brings the table {0}, and there is no model of that name that takes it in")]
    NoModel(String),
    /// Models cannot be built in any order.
    #[error("model {0} cannot be built: what it reads waits for it, directly or through other models")]
    Circle(String),
    /// The warehouse's answer is not of the types that were asked for.
    #[error("the warehouse answers a query of the close in a way that cannot be read: {0}")]
    Answer(#[from] ArrowError),
    /// Old dumps could not be listed or removed.
    #[error("cleaning up old dumps: {0}")]
    Dumps(#[from] object_store::Error),
}
