//! Names that models' SQL knows, and that every back end therefore has.

/// The column of business dates, by which a table's rows lie apart.
pub const PARTITION_COLUMN: &str = "partition_date";

/// The relation of the dates that are closed.
pub const CLOSED_DATES: &str = "closed_dates";

/// The relation of the statuses that mean paid.
pub const PAID_STATUSES: &str = "paid_statuses";
