//! The result of one statement.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};
use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use reqwest::StatusCode;

use super::cells::{self, Place};
use super::column::Column;
use super::executed::{Executed, Partition, Row};
use crate::SnowflakeError;
use crate::transport::Transport;

/// So many partitions are in memory at a time: one that is read, and one that comes.
const PARTITIONS: usize = 2;
/// Snowflake's code for a result that it doesn't hand out because of its size.
const TOO_LARGE: &str = "391908";

/// The result of one statement: its columns, and its rows as far as they are asked for.
///
/// | Snowflake | Arrow |
/// |---|---|
/// | `NUMBER(p, 0)` with p ≤ 18 | `Int64` |
/// | `NUMBER(p, s)` | `Decimal128(p, s)` |
/// | `FLOAT` | `Float64` |
/// | `BOOLEAN` | `Boolean` |
/// | `DATE` | `Date32` |
/// | `TIME` | `Time64` in nanoseconds |
/// | `TIMESTAMP_NTZ` | `Timestamp` in microseconds |
/// | `TIMESTAMP_LTZ`, `TIMESTAMP_TZ` | `Timestamp` in microseconds, UTC |
/// | `BINARY` | `Binary` |
/// | `VARCHAR`, `VARIANT` and every other | `Utf8` |
#[derive(Debug)]
pub struct ResultSet {
    query_id: String,
    num_rows: u64,
    schema: SchemaRef,
    first: Vec<Row>,
    source: Arc<Source>,
}

/// What it takes to read any partition.
#[derive(Debug)]
struct Source {
    transport: Arc<Transport>,
    query_id: String,
    schema: SchemaRef,
    columns: Vec<Column>,
    /// The number of rows of each partition.
    partitions: Vec<u64>,
}

impl ResultSet {
    pub(crate) fn new(transport: Arc<Transport>, executed: Executed) -> Result<Self, SnowflakeError> {
        if executed.code.as_deref() == Some(TOO_LARGE) {
            return Err(SnowflakeError::Unexpected("the result is too large: select less of it".to_owned()));
        }
        let meta_data = executed
            .meta_data
            .ok_or_else(|| SnowflakeError::Unexpected("a result without a description".to_owned()))?;
        let partitions = match meta_data.partition_info.unwrap_or_default().as_slice() {
            [] => vec![meta_data.num_rows],
            described => described.iter().map(|partition| partition.row_count).collect(),
        };
        let described: u64 = partitions.iter().sum();
        if described != meta_data.num_rows {
            let rows = meta_data.num_rows;
            return Err(SnowflakeError::Unexpected(format!("{described} rows in partitions, of {rows}")));
        }
        let columns: Vec<Column> = meta_data.row_type.into_iter().map(Column::from).collect();
        let schema = Arc::new(Schema::new(columns.iter().map(Column::field).collect::<Vec<_>>()));
        let query_id = executed.statement_handle;
        let source = Source {
            transport,
            query_id: query_id.clone(),
            schema: Arc::clone(&schema),
            columns,
            partitions,
        };
        Ok(Self {
            query_id,
            num_rows: meta_data.num_rows,
            schema,
            first: executed.data.unwrap_or_default(),
            source: Arc::new(source),
        })
    }

    /// Snowflake's id of the statement, under which its query history shows it.
    pub fn query_id(&self) -> &str {
        &self.query_id
    }

    /// The columns. Any may hold nulls.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The number of rows.
    pub fn num_rows(&self) -> u64 {
        self.num_rows
    }

    /// The rows in their order, one batch a partition. Partitions are fetched as they are read.
    ///
    /// Each item is an error when its partition cannot be fetched, has more or fewer rows than announced, or holds a
    /// cell that doesn't parse. Snowflake keeps a result for a day.
    pub fn into_batches(self) -> impl Stream<Item = Result<RecordBatch, SnowflakeError>> + Send {
        let Self { first, source, .. } = self;
        let first = stream::once(source.clone().decoded(0, first));
        let others = stream::iter(1..source.partitions.len())
            .map(move |number| Arc::clone(&source).fetched(number))
            .buffered(PARTITIONS - 1);
        first.chain(others)
    }

    /// All rows at once.
    ///
    /// # Errors
    /// As [`ResultSet::into_batches`].
    pub async fn into_all_batches(self) -> Result<Vec<RecordBatch>, SnowflakeError> {
        self.into_batches().try_collect().await
    }
}

impl Source {
    async fn fetched(self: Arc<Self>, number: usize) -> Result<RecordBatch, SnowflakeError> {
        let answer = self.transport.partition(&self.query_id, number).await?;
        if answer.status() != StatusCode::OK {
            return Err(self.transport.failure(&answer));
        }
        let partition: Partition = answer.json().await?;
        self.decoded(number, partition.data).await
    }

    /// A thread of its own decodes, as it does what takes long.
    async fn decoded(self: Arc<Self>, number: usize, rows: Vec<Row>) -> Result<RecordBatch, SnowflakeError> {
        let decoded = tokio::task::spawn_blocking(move || self.batch(number, &rows));
        decoded.await.map_err(|error| SnowflakeError::Unexpected(error.to_string()))?
    }

    fn batch(&self, number: usize, rows: &[Row]) -> Result<RecordBatch, SnowflakeError> {
        let announced = self.partitions.get(number).copied().unwrap_or_default();
        let came = rows.len() as u64;
        if came != announced {
            let what = format!("{came} rows in partition {number}, of {announced} (query {})", self.query_id);
            return Err(SnowflakeError::Unexpected(what));
        }
        let rows_before = self.partitions[..number].iter().sum();
        let place = Place { query_id: &self.query_id, rows_before };
        cells::batch(&self.schema, &self.columns, rows, place)
    }
}
