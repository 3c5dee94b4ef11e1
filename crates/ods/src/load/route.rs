//! Which way a batch's files take into their staging tables.

use sqlx::{Connection, PgConnection};

use super::Stop;
use super::aws_s3::{Hitch, Importer};
use super::batch::Loader;
use super::discover::Batch;
use super::keys::Keys;
use super::stage::{Staged, stage_file};

/// Who reads the files of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoadRoute {
    /// Daybook reads them and sends their rows to the server.
    #[default]
    Client,
    /// The server reads plain CSV files from S3 by its extension `aws_s3`; Daybook reads all others, and batches with
    /// rows that are not quite simple.
    AwsS3,
}

/// A batch in its staging tables.
pub(crate) struct Arrived {
    pub(crate) staged: Vec<Staged>,
    pub(crate) keys: Keys,
    /// Why Daybook read what was meant for the server, if it did.
    pub(crate) detour: Option<String>,
}

impl Loader<'_> {
    /// Brings a batch's files into their staging tables.
    pub(crate) async fn stage(&self, connection: &mut PgConnection, batch: &Batch) -> Result<Arrived, Stop> {
        let importer = self.importer.as_ref().filter(|_| Importer::takes(batch));
        let detour = match importer {
            None => None,
            Some(importer) => match self.stage_by_server(connection, importer, batch).await {
                Ok(staged) => return Ok(Arrived { staged, keys: Keys::unknown(&self.hasher), detour: None }),
                Err(Hitch::Unfit(why)) => Some(format!("not read by the server, but by Daybook: {why}")),
                Err(Hitch::Failed(error)) => return Err(error.into()),
            },
        };
        let mut keys = Keys::of(batch.files.iter().map(|file| file.table), &self.hasher);
        let mut staged = Vec::with_capacity(batch.files.len());
        for file in &batch.files {
            staged.push(stage_file(connection, self.store, file, &mut keys, self.progress).await?);
        }
        Ok(Arrived { staged, keys, detour })
    }

    /// All files or none.
    async fn stage_by_server(
        &self,
        connection: &mut PgConnection,
        importer: &Importer,
        batch: &Batch,
    ) -> Result<Vec<Staged>, Hitch> {
        let mut attempt = connection.begin().await?;
        let mut staged = Vec::with_capacity(batch.files.len());
        for file in &batch.files {
            match importer.stage_file(&mut attempt, self.store, file, self.progress).await {
                Ok(file) => staged.push(file),
                Err(Hitch::Unfit(why)) => {
                    attempt.rollback().await?;
                    return Err(Hitch::Unfit(format!("{} {why}", file.name)));
                }
                Err(failed) => return Err(failed),
            }
        }
        attempt.commit().await?;
        Ok(staged)
    }
}
