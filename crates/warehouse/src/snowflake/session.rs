//! Executing statements: marked with what they are for, and bounded by what a run may spend.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use daybook_snowflake_api::statements::Name;
use daybook_snowflake_api::{Client, ResultSet, Script, Session as Surroundings, SnowflakeError, Statement};

use crate::WarehouseError;

/// Executes statements in one schema.
#[derive(Clone, Debug)]
pub(super) struct Session {
    client: Client,
    /// What the query history shows beside each statement, before what it is for.
    mark: String,
    allowance: Option<Arc<Allowance>>,
}

/// What a run may spend, and has spent.
#[derive(Debug)]
struct Allowance {
    budget: Duration,
    spent: Mutex<Duration>,
}

impl Session {
    /// Statements with names that say their schema.
    pub(super) fn new(client: Client, mark: String, budget: Option<Duration>) -> Self {
        let allowance = budget.map(|budget| Arc::new(Allowance { budget, spent: Mutex::default() }));
        Self { client, mark, allowance }
    }

    /// The same run's statements, whose names are in `schema` unless they say another.
    pub(super) fn in_schema(&self, schema: &Name) -> Self {
        let surroundings =
            Surroundings { schema: Some(schema.as_str().to_owned()), ..self.client.session().clone() };
        Self { client: self.client.in_session(surroundings), ..self.clone() }
    }

    /// The same, to settle what was begun, whatever was spent.
    pub(super) fn without_budget(&self) -> Self {
        Self { allowance: None, ..self.clone() }
    }

    /// Executes statements whose results don't matter.
    pub(super) async fn run(&self, step: &str, statements: Vec<String>) -> Result<(), WarehouseError> {
        let script = self.script(step, Script::new(statements))?;
        self.charged(self.client.run_script(&script)).await
    }

    /// Executes statements, and gives the result of each.
    pub(super) async fn execute(
        &self,
        step: &str,
        statements: Vec<String>,
    ) -> Result<Vec<ResultSet>, WarehouseError> {
        let script = self.script(step, Script::new(statements))?;
        self.charged(self.client.execute_script(&script)).await
    }

    /// Executes a script that is a transaction.
    pub(super) async fn transact(&self, step: &str, transaction: Script) -> Result<(), WarehouseError> {
        let script = self.script(step, transaction)?;
        self.charged(self.client.run_script(&script)).await
    }

    /// Executes one statement with the values of its `?`.
    pub(super) async fn ask(
        &self,
        step: &str,
        sql: &str,
        parameters: &[&str],
    ) -> Result<ResultSet, WarehouseError> {
        let mut statement = Statement::new(sql).query_tag(format!("{} {step}", self.mark));
        if let Some(left) = self.left()? {
            statement = statement.timeout(left);
        }
        let statement = parameters.iter().fold(statement, |statement, value| statement.bind(*value));
        self.charged(self.client.execute(&statement)).await
    }

    fn script(&self, step: &str, script: Script) -> Result<Script, WarehouseError> {
        let script = script.query_tag(format!("{} {step}", self.mark));
        Ok(match self.left()? {
            Some(left) => script.timeout(left),
            None => script,
        })
    }

    /// How long the next statement may take, if there is a budget.
    fn left(&self) -> Result<Option<Duration>, WarehouseError> {
        let Some(allowance) = &self.allowance else { return Ok(None) };
        let left = allowance.budget.saturating_sub(*allowance.spent());
        if left.is_zero() { Err(allowance.exhausted()) } else { Ok(Some(left.min(self.client.longest()))) }
    }

    /// Counts the time from sending to the end, which is never less than what Snowflake executes.
    async fn charged<T>(
        &self,
        work: impl Future<Output = Result<T, SnowflakeError>>,
    ) -> Result<T, WarehouseError> {
        let started = Instant::now();
        let done = work.await;
        let Some(allowance) = &self.allowance else { return Ok(done?) };
        *allowance.spent() += started.elapsed();
        match done {
            // it was cancelled at the end of its time
            Err(_) if *allowance.spent() >= allowance.budget => Err(allowance.exhausted()),
            done => Ok(done?),
        }
    }
}

impl Allowance {
    fn spent(&self) -> std::sync::MutexGuard<'_, Duration> {
        // a number is whole, whoever panicked meanwhile
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn exhausted(&self) -> WarehouseError {
        WarehouseError::OverBudget { spent: *self.spent(), budget: self.budget }
    }
}
