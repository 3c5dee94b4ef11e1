//! Staging by the server: Amazon's extension `aws_s3` imports a file's lines, and SQL makes rows of them.
//!
//! A file of which anything is not plain, as a whole or in one row, is not for the server; its batch goes by the
//! client, so that one place decides what is rejected and why.

use object_store::ObjectStore;
use sqlx::{AssertSqlSafe, PgConnection};

use super::content::ROWS_PER_HASH;
use super::discover::{Batch, BatchFile, Compression, Format};
use super::grammar;
use super::head::Head;
use super::location::Location;
use super::route::LoadRoute;
use super::stage::{Staged, create_stage, stage_of};
use super::{LoadEvent, LoadOptions};
use crate::OdsError;

/// The longest row that the server takes. Rows that keep the contract are shorter, and [`ROWS_PER_HASH`] of them are
/// far from the gigabyte that a value may have.
const LONGEST_ROW: usize = 16 * 1024;

/// Lines come whole: neither the delimiter nor the quote is found in text. Where a file has them all the same, the
/// import fails or what is imported is shorter than the file.
const OPTIONS: &str = r"(format csv, delimiter E'\x01', quote E'\x02', encoding 'UTF8')";

/// Lets the server read files of one bucket.
pub(crate) struct Importer {
    bucket: String,
    region: String,
}

/// Why the server did not stage a file.
pub(crate) enum Hitch {
    /// The file is for the client to read, because it …
    Unfit(String),
    /// Nobody can go on.
    Failed(OdsError),
}

/// What the server has of a file.
#[derive(sqlx::FromRow)]
struct Imported {
    lines: i64,
    rows: i64,
    bytes: i64,
    header: Option<String>,
}

impl Importer {
    /// None when the server is not to read what lies there, or cannot.
    pub(crate) fn of(location: &Location, options: &LoadOptions) -> Result<Option<Self>, OdsError> {
        let Some(bucket) = location.bucket().filter(|_| options.route == LoadRoute::AwsS3) else {
            return Ok(None);
        };
        let region = options.storage.region().ok_or_else(|| OdsError::Location {
            uri: location.uri_of(location.path().as_ref()),
            reason: "the server that is to import it must know the bucket's region: set AWS_REGION"
                .to_owned(),
        })?;
        Ok(Some(Self { bucket: bucket.to_owned(), region }))
    }

    /// Whether all of a batch's files are of the kind that the server can read.
    pub(crate) fn takes(batch: &Batch) -> bool {
        batch.files.iter().all(|file| file.format == Format::Csv && file.compression == Compression::None)
    }

    /// Has the server import a file into its staging table. After a hitch the transaction, or savepoint, must be
    /// rolled back.
    pub(crate) async fn stage_file(
        &self,
        connection: &mut PgConnection,
        store: &dyn ObjectStore,
        file: &BatchFile,
        progress: &(dyn Fn(LoadEvent<'_>) + Sync),
    ) -> Result<Staged, Hitch> {
        let unfit = |why: &str| Hitch::Unfit(why.to_owned());
        let head = Head::read(store, file).await.map_err(Hitch::Failed)?;
        let head = head.ok_or_else(|| unfit("has no plain header"))?;
        create_import(connection, file).await?;
        self.import(connection, file).await?;
        let imported = measure(connection, file).await?;
        if !imported.is_all_of(file, &head) {
            return Err(unfit("is not made of plain lines"));
        }
        if insert_rows(connection, file, &head).await? != imported.rows.unsigned_abs() {
            return Err(unfit("has rows with quotes, or some that break the contract"));
        }
        let staged = Staged {
            file: file.clone(),
            content_hash: content_hash(connection, file, &head).await?,
            header: Some(head.record().to_owned()),
            bytes: file.object.size,
            rows_read: imported.rows.unsigned_abs(),
        };
        sqlx::query(AssertSqlSafe(format!("drop table {}", import_of(file)))).execute(connection).await?;
        progress(LoadEvent::Read { bytes: staged.bytes, rows: staged.rows_read, rejected: 0 });
        Ok(staged)
    }

    async fn import(&self, connection: &mut PgConnection, file: &BatchFile) -> Result<(), Hitch> {
        let import =
            "select aws_s3.table_import_from_s3($1, 'raw', $2, aws_commons.create_s3_uri($3, $4, $5))";
        sqlx::query(import)
            .bind(import_of(file))
            .bind(OPTIONS)
            .bind(&self.bucket)
            .bind(file.object.location.as_ref())
            .bind(&self.region)
            .execute(connection)
            .await
            .map_err(|error| import_failed(file, error))?;
        Ok(())
    }
}

impl Imported {
    /// What was lost or joined on the way shows in the number of bytes. The last line need not have an end.
    fn is_all_of(&self, file: &BatchFile, head: &Head) -> bool {
        let bytes = self.bytes.unsigned_abs() + self.lines.unsigned_abs() * head.line_end;
        let is_whole = bytes == file.object.size || bytes == file.object.size + head.line_end;
        is_whole && self.header.as_ref() == Some(&head.line)
    }
}

fn import_of(file: &BatchFile) -> String {
    format!("import_{}", file.table.name())
}

fn for_import(query: &str, file: &BatchFile) -> AssertSqlSafe<String> {
    AssertSqlSafe(query.replace("{import}", &import_of(file)))
}

async fn create_import(connection: &mut PgConnection, file: &BatchFile) -> Result<(), sqlx::Error> {
    let create = "create temp table {import} \
                  (line bigint generated always as identity, raw text collate \"C\") on commit drop";
    sqlx::query(for_import(create, file)).execute(connection).await?;
    Ok(())
}

async fn measure(connection: &mut PgConnection, file: &BatchFile) -> Result<Imported, sqlx::Error> {
    let query = for_import(include_str!("../../queries/import/measure.sql"), file);
    sqlx::query_as(query).fetch_one(connection).await
}

/// Gives how many rows were good.
async fn insert_rows(
    connection: &mut PgConnection,
    file: &BatchFile,
    head: &Head,
) -> Result<u64, sqlx::Error> {
    create_stage(connection, file.table).await?;
    let columns: Vec<&str> = file.table.columns().iter().map(|column| column.name).collect();
    let (checks, values) = grammar::of(file.table, head.header.fields());
    let query = include_str!("../../queries/import/stage.sql")
        .replace("{stage}", &stage_of(file.table))
        .replace("{columns}", &columns.join(", "))
        .replace("{longest}", &LONGEST_ROW.to_string())
        .replace("{values}", &values)
        .replace("{checks}", &checks);
    Ok(sqlx::query(for_import(&query, file)).execute(connection).await?.rows_affected())
}

async fn content_hash(
    connection: &mut PgConnection,
    file: &BatchFile,
    head: &Head,
) -> Result<String, sqlx::Error> {
    sqlx::query_scalar(for_import(include_str!("../../queries/import/hash.sql"), file))
        .bind(head.record())
        .bind(ROWS_PER_HASH as i64)
        .fetch_one(connection)
        .await
}

/// A value or line that PostgreSQL cannot take is the file's fault, everything else is not.
impl From<sqlx::Error> for Hitch {
    fn from(error: sqlx::Error) -> Self {
        let database = error.as_database_error();
        match database.and_then(|database| database.code()).as_deref() {
            // too large for a value
            Some("54000") => Self::Unfit("has a line that is too long for the server".to_owned()),
            Some(code) if code.starts_with("22") => Self::Unfit(
                "has a value that breaks the contract, or a line that is not plain text".to_owned(),
            ),
            _ => Self::Failed(error.into()),
        }
    }
}

fn import_failed(file: &BatchFile, error: sqlx::Error) -> Hitch {
    let Some(database) = error.as_database_error() else { return error.into() };
    let said = database.message().split_whitespace().collect::<Vec<_>>().join(" ");
    let code = database.code().unwrap_or_default();
    let reason = match (code.get(..2).unwrap_or_default(), &*code) {
        // what COPY says of data: encoding, format, length
        (_, "22021" | "22P04" | "22P05" | "54000") => return error.into(),
        // connection, transaction, resources, operator
        ("08" | "40" | "53" | "57", _) => return error.into(),
        // no such schema, function or type
        (_, "3F000" | "42883" | "42704") => {
            "its extension aws_s3 is not installed: run `create extension aws_s3 cascade` in the database, \
             or set [load] route to \"client\""
                .to_owned()
        }
        (_, "42501") => format!(
            "{said}; grant Daybook's user usage on the schemas aws_s3 and aws_commons and execute on their functions"
        ),
        _ => format!(
            "{said}; give the database instance a role for the feature s3Import that may read the object, \
             and check AWS_REGION"
        ),
    };
    Hitch::Failed(OdsError::Import { path: file.uri.clone(), reason })
}
