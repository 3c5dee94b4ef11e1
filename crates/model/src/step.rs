//! The steps of a close that build no model, by the names under which they are recorded and reported.
//!
//! A step that builds a model bears the model's name, so no model may have one of these.

/// Reads the ODS into a dump.
pub const DUMP: &str = "dump";

/// Runs the tests of what was built.
pub const AUDIT: &str = "audit";

/// Holds the books against the dump and against each other.
pub const RECONCILE: &str = "reconcile";

/// Shows readers what was built.
pub const PUBLISH: &str = "publish";

/// Notes what the run has cost in the warehouse.
pub const COSTS: &str = "costs";

/// Deletes from the ODS what the warehouse holds.
pub const EXPIRE: &str = "expire";

/// Removes what only old publications show.
pub const VACUUM: &str = "vacuum";

/// Whether a step has that name, so that no model may.
pub fn has_name(name: &str) -> bool {
    [DUMP, AUDIT, RECONCILE, PUBLISH, COSTS, EXPIRE, VACUUM].contains(&name)
}
