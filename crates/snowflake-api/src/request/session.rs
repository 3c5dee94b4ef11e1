//! Where statements are executed, and as whom.

use serde::Serialize;

/// Where statements are executed, and as whom. What is not given is the user's default.
///
/// Names are as `SHOW` shows them: Snowflake takes them case-sensitively here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Session {
    /// The role whose rights count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The warehouse that computes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warehouse: Option<String>,
    /// The database of names that don't say theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// The schema of names that don't say theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
}
