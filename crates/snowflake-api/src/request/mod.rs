//! What is asked of Snowflake.

mod binding;
mod body;
mod script;
mod session;
mod statement;

pub use self::binding::Binding;
pub(crate) use self::body::Submission;
pub use self::script::Script;
pub use self::session::Session;
pub use self::statement::Statement;
