//! Replaces partitions of a Delta table, or all of it, in one commit.

use std::collections::{BTreeMap, BTreeSet};

use daybook_model::PartitionDate;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, Add, DataType, MetadataExt, PrimitiveType, Remove, StructField, StructType};
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::{DeltaResult, DeltaTable, DeltaTableError};

use super::schema::PARTITION_COLUMN;

/// What is replaced.
pub(super) enum Extent {
    /// The partitions of these dates.
    Dates(BTreeSet<PartitionDate>),
    /// All of a table without partitions.
    Whole,
}

/// What replaces partitions of a table, or all of it.
pub(super) struct Replacement {
    /// The state that stays outside of what is replaced.
    pub(super) base: DeltaTable,
    /// The table as last committed, which differs from the base where an earlier run never published.
    pub(super) latest: DeltaTable,
    /// What to replace.
    pub(super) extent: Extent,
    /// What it shall hold.
    pub(super) files: Vec<Add>,
    /// The table's columns from now on.
    pub(super) columns: Vec<StructField>,
}

impl Replacement {
    /// Commits; gives the table in its new state.
    pub(super) async fn commit(self) -> DeltaResult<DeltaTable> {
        let Self { base, latest, extent, files: new, columns } = self;
        let mut target = files(&base)?;
        target.retain(|_, add| !extent.holds(add));
        target.extend(new.into_iter().map(|add| (add.path.clone(), add)));

        let present = files(&latest)?;
        let removed = removals(&latest, |path| !target.contains_key(path))?;
        let added = target.into_iter().filter(|(path, _)| !present.contains_key(path));
        let mut actions = new_schema(&latest, columns)?;
        actions.extend(removed.into_iter().map(Action::Remove));
        actions.extend(added.map(|(_, add)| Action::Add(add)));
        if actions.is_empty() && base.version() == latest.version() {
            return Ok(base);
        }
        commit(&latest, actions).await
    }
}

/// What gives the table `columns`, unless it has them.
fn new_schema(table: &DeltaTable, columns: Vec<StructField>) -> DeltaResult<Vec<Action>> {
    let snapshot = table.snapshot()?.snapshot();
    let schema = StructType::try_new(columns)?;
    if *snapshot.schema() == schema {
        return Ok(Vec::new());
    }
    // it would ask more of readers than the table has told them, which Delta's library lets nobody add
    if has_timestamp(&schema) && !has_timestamp(&snapshot.schema()) {
        let problem =
            "a first timestamp cannot be added to a table that has none: give the model another name";
        return Err(DeltaTableError::generic(problem));
    }
    Ok(vec![Action::Metadata(snapshot.metadata().clone().with_schema(&schema)?)])
}

fn has_timestamp(schema: &StructType) -> bool {
    let timestamp = DataType::Primitive(PrimitiveType::TimestampNtz);
    schema.fields().any(|field| *field.data_type() == timestamp)
}

async fn commit(latest: &DeltaTable, actions: Vec<Action>) -> DeltaResult<DeltaTable> {
    let operation = DeltaOperation::Write {
        mode: SaveMode::Overwrite,
        partition_by: Some(latest.snapshot()?.metadata().partition_columns().to_vec()),
        predicate: None,
    };
    let commit = CommitBuilder::from(CommitProperties::default())
        .with_actions(actions)
        .build(Some(latest.snapshot()?.snapshot()), latest.log_store(), operation)
        .await?;
    let mut table = latest.clone();
    table.load_version(commit.version()).await?;
    Ok(table)
}

fn files(table: &DeltaTable) -> DeltaResult<BTreeMap<String, Add>> {
    let views = table.snapshot()?.snapshot().log_data();
    // there is no other way to commit a file again that a later, unpublished version had removed
    #[expect(deprecated)]
    Ok(views.iter().map(|view| view.add_action()).map(|add| (add.path.clone(), add)).collect())
}

fn removals(table: &DeltaTable, is_obsolete: impl Fn(&str) -> bool) -> DeltaResult<Vec<Remove>> {
    let views = table.snapshot()?.snapshot().log_data();
    let obsolete = views.iter().filter(|view| is_obsolete(&view.path()));
    Ok(obsolete.map(|view| view.remove_action(true)).collect())
}

impl Extent {
    fn holds(&self, add: &Add) -> bool {
        match self {
            Self::Whole => true,
            Self::Dates(dates) => {
                let value = add.partition_values.get(PARTITION_COLUMN).and_then(Option::as_deref);
                value.and_then(|text| text.parse().ok()).is_some_and(|date| dates.contains(&date))
            }
        }
    }
}
