//! What `daybook.run` and `daybook.run_step` tell of a run.

use std::ops::Range;

use chrono::NaiveDateTime;
use daybook_model::{Clock, PartitionDate};
use serde::Serialize;
use sqlx::PgPool;

use crate::{PipelineError, TestFailure};

/// What became of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum RunState {
    /// It is under way, or was killed and no other run has begun since.
    Running,
    /// It has published.
    Published,
    /// There was nothing to publish.
    Unchanged,
    /// It ended with an error.
    Failed,
    /// It was killed, as the next run has found.
    Abandoned,
}

impl RunState {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Published => "published",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
            Self::Abandoned => "abandoned",
        }
    }
}

/// A run's row, being written.
pub(crate) struct RunRecord {
    pool: PgPool,
    clock: Clock,
    pub(crate) id: i64,
    steps: i32,
}

impl RunRecord {
    /// Begins a run; whatever run was begun before and never finished has died.
    pub(crate) async fn start(
        pool: &PgPool,
        clock: Clock,
        period: Option<(PartitionDate, PartitionDate)>,
    ) -> Result<Self, PipelineError> {
        let now = clock.now();
        sqlx::query(include_str!("../../queries/run/abandon.sql")).bind(now).execute(pool).await?;
        let id = sqlx::query_scalar(include_str!("../../queries/run/start.sql"))
            .bind(period.map(|(from, _)| from.date()))
            .bind(period.map(|(_, to)| to.date()))
            .bind(now)
            .fetch_one(pool)
            .await?;
        Ok(Self { pool: pool.clone(), clock, id, steps: 0 })
    }

    /// The time by the run's clock.
    pub(crate) fn now(&self) -> NaiveDateTime {
        self.clock.now()
    }

    /// Whether a run since the last one that published ended without publishing, so that what it built may lie about.
    pub(crate) async fn follows_a_failure(&self) -> Result<bool, PipelineError> {
        let follows = sqlx::query_scalar(include_str!("../../queries/run/follows_a_failure.sql"));
        Ok(follows.bind(self.id).fetch_one(&self.pool).await?)
    }

    /// Notes a step that has ended.
    pub(crate) async fn step(
        &mut self,
        name: &str,
        time: Range<NaiveDateTime>,
        metrics: &impl Serialize,
    ) -> Result<(), PipelineError> {
        self.steps += 1;
        sqlx::query(include_str!("../../queries/run_step/insert.sql"))
            .bind(self.id)
            .bind(self.steps)
            .bind(name)
            .bind(time.start)
            .bind(time.end)
            .bind(sqlx::types::Json(metrics))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Notes a test that does not hold.
    pub(crate) async fn test_failed(&self, failure: &TestFailure) -> Result<(), PipelineError> {
        sqlx::query(include_str!("../../queries/test_failure/insert.sql"))
            .bind(self.id)
            .bind(&failure.model)
            .bind(&failure.test)
            .bind(failure.severity.name())
            .bind(failure.failures.cast_signed())
            .bind(sqlx::types::Json(&failure.rows))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Notes that readers see what the run built.
    pub(crate) async fn published(&self, publication: i64) -> Result<(), PipelineError> {
        sqlx::query("update daybook.run set publication = $2, state = 'published' where id = $1")
            .bind(self.id)
            .bind(publication)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Notes how the run ended.
    pub(crate) async fn finish(&self, state: RunState, error: Option<&str>) -> Result<(), PipelineError> {
        sqlx::query(include_str!("../../queries/run/finish.sql"))
            .bind(self.id)
            .bind(state.name())
            .bind(error)
            .bind(self.clock.now())
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
