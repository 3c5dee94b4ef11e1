//! What readers see, as rows: one that says which publication counts, and the documents of all that are kept.
//!
//! `daybook_pin` has one row, the number and the token of the current publication. To change it is the first thing that
//! a publishing transaction does, which holds up every other until it ends; then the others find another pin than the
//! one that they began with, and fail. When an answer is lost, changing the token in the same way tells what became of
//! the transaction: it has ended, or it never will be able to. `daybook_publication` has the documents, in parts, for
//! there is a limit to what a statement brings.

use daybook_snowflake_api::SnowflakeError;
use daybook_snowflake_api::statements::{Column, ColumnType, Place, create_staging, literal};
use uuid::Uuid;

use super::answer::{number, texts};
use super::names::Names;
use super::session::Session;
use crate::{Publication, WarehouseError};

const PIN: &str = "daybook_pin";
const DOCUMENTS: &str = "daybook_publication";
const NEXT_DOCUMENT: &str = "publication_next";

/// So many characters of a document are sent at a time. Snowflake takes a megabyte in a statement.
const PART: usize = 200_000;

/// What Snowflake says of a table or a schema that is not there.
const MISSING: [u32; 2] = [2003, 2043];

/// Which publication counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pin {
    pub(super) number: u64,
    pub(super) token: String,
}

/// What became of a pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fence {
    /// Nobody publishes upon it any more but who has this one, which took its place.
    Held(Pin),
    /// There was another one already.
    Passed(Option<Pin>),
}

pub(super) struct Publications {
    pin: Place,
    documents: Place,
    next: Place,
}

impl Publications {
    pub(super) fn new(names: &Names) -> Result<Self, SnowflakeError> {
        Ok(Self {
            pin: names.published(PIN)?,
            documents: names.published(DOCUMENTS)?,
            next: names.next(NEXT_DOCUMENT)?,
        })
    }

    /// What makes the tables, unless they are there. The pin begins before the first publication.
    pub(super) fn create(&self) -> [String; 2] {
        let Self { pin, documents, .. } = self;
        [
            format!(
                "create table if not exists {pin} (\"NUMBER\" number(19, 0) not null, \"TOKEN\" varchar not null) \
                 as select 0, ''"
            ),
            format!(
                "create table if not exists {documents} (\"NUMBER\" number(19, 0) not null, \
                 \"PART\" number(10, 0) not null, \"DOCUMENT\" varchar not null)"
            ),
        ]
    }

    /// Whether a table of this name is one of these.
    pub(super) fn is_one(name: &str) -> bool {
        [PIN, DOCUMENTS].iter().any(|own| name.eq_ignore_ascii_case(own))
    }

    /// Which publication counts, and its document; nothing if there are no tables yet.
    pub(super) async fn current(
        &self,
        session: &Session,
    ) -> Result<Option<(Pin, Publication)>, WarehouseError> {
        let Self { pin, documents, .. } = self;
        let sql = format!(
            "select p.\"NUMBER\", p.\"TOKEN\", d.\"DOCUMENT\" from {pin} as p \
             left join {documents} as d on d.\"NUMBER\" = p.\"NUMBER\" order by d.\"PART\""
        );
        let Some(rows) = unless_missing(session.ask("publication", &sql, &[]).await)? else {
            return Ok(None);
        };
        let (mut current, mut document) = (None, String::new());
        for row in texts(rows).await? {
            let [number, token, part] = row.as_slice() else { continue };
            let number = number.parse().map_err(|_| self.not_a_pin())?;
            current = Some(Pin { number, token: token.clone() });
            document.push_str(part);
        }
        let pin = current.ok_or_else(|| self.not_a_pin())?;
        if pin.number == 0 {
            return Ok(Some((pin, Publication::default())));
        }
        let path = documents.to_string();
        let understood = serde_json::from_str(&document);
        let publication = understood.map_err(|source| WarehouseError::Publication { path, source })?;
        Ok(Some((pin, publication)))
    }

    fn not_a_pin(&self) -> SnowflakeError {
        SnowflakeError::Unexpected(format!("{} says nothing: restore it by time travel", self.pin))
    }

    /// Brings a document to where [`Publications::publish`] finds it.
    pub(super) async fn bring(
        &self,
        session: &Session,
        publication: &Publication,
    ) -> Result<(), WarehouseError> {
        let path = self.documents.to_string();
        let document = serde_json::to_string(publication)
            .map_err(|source| WarehouseError::Publication { path, source })?;
        let column = |name: &str, column_type| {
            Ok::<_, SnowflakeError>(Column { name: name.parse()?, column_type, is_nullable: false })
        };
        let columns = [column("part", ColumnType::Integer)?, column("document", ColumnType::Text)?];
        session.run("publish", vec![create_staging(&self.next, &columns)]).await?;
        let insert = format!("insert into {} (\"PART\", \"DOCUMENT\") values (?, ?)", self.next);
        for (number, part) in parts(&document).iter().enumerate() {
            session.ask("publish", &insert, &[&number.to_string(), part]).await?;
        }
        Ok(())
    }

    /// The first statements of the transaction that publishes: they fail, and with them all, when `before` is not the
    /// pin any more.
    pub(super) fn publish(&self, before: &Pin, after: &Pin) -> [String; 2] {
        let Self { pin, documents, next } = self;
        let (number, token) = (after.number, literal(&after.token));
        [
            self.change(before, after),
            // what has no number cannot be inserted
            format!(
                "insert into {documents} (\"NUMBER\", \"PART\", \"DOCUMENT\") \
                 select case when (select count(*) from {pin} where \"TOKEN\" = {token}) = 1 then {number} end, \
                 \"PART\", \"DOCUMENT\" from {next}"
            ),
        ]
    }

    /// Makes sure that a transaction that was to publish upon `before` never does, unless it has.
    pub(super) async fn fence(&self, session: &Session, before: &Pin) -> Result<Fence, WarehouseError> {
        let fenced = Pin { number: before.number, token: Uuid::new_v4().to_string() };
        let changed = session.ask("publish", &self.change(before, &fenced), &[]).await?;
        if number(changed).await? > 0 {
            return Ok(Fence::Held(fenced));
        }
        Ok(Fence::Passed(self.current(session).await?.map(|(pin, _)| pin)))
    }

    fn change(&self, before: &Pin, after: &Pin) -> String {
        format!(
            "update {} set \"NUMBER\" = {}, \"TOKEN\" = {} where \"NUMBER\" = {} and \"TOKEN\" = {}",
            self.pin,
            after.number,
            literal(&after.token),
            before.number,
            literal(&before.token)
        )
    }

    /// What removes all documents but the last `keep`.
    pub(super) fn forget(&self, last: u64, keep: u64) -> String {
        format!("delete from {} where \"NUMBER\" <= {}", self.documents, last.saturating_sub(keep))
    }

    /// How many documents there are.
    pub(super) fn count(&self) -> String {
        format!("select count(distinct \"NUMBER\") from {}", self.documents)
    }
}

fn unless_missing<T>(answered: Result<T, WarehouseError>) -> Result<Option<T>, WarehouseError> {
    match answered {
        Ok(answer) => Ok(Some(answer)),
        Err(WarehouseError::Snowflake(error)) => {
            let code = error.failure().and_then(|failure| failure.number());
            if code.is_some_and(|code| MISSING.contains(&code)) { Ok(None) } else { Err(error.into()) }
        }
        Err(error) => Err(error),
    }
}

/// A text in parts of bounded length.
fn parts(document: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = document;
    while !rest.is_empty() {
        let (part, others) = rest.split_at(rest.floor_char_boundary(PART));
        parts.push(part);
        rest = others;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_the_whole_and_break_no_character() {
        let document = "ä".repeat(PART);
        let parts = parts(&document);
        assert_eq!(parts.len(), 2);
        assert_eq!(parts.concat(), document);
        assert!(super::parts("").is_empty());
    }
}
