//! Replaces partitions of a Delta table, or all of it, in one commit.

use std::collections::{BTreeMap, BTreeSet};

use daybook_model::{PARTITION_COLUMN, PartitionDate};
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{
    Action, Add, DataType, LogicalFileView, MetadataExt, PrimitiveType, StructField, StructType,
};
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::{DeltaResult, DeltaTable, DeltaTableError};

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
        let Self { base, extent, files: new, columns } = self;
        // the table as last committed differs from the base where an earlier run never published
        let mut latest = base.clone();
        latest.update_state().await?;
        let mut actions = new_schema(&latest, columns)?;
        actions.extend(changes(&base, &latest, &extent)?);
        actions.extend(new.into_iter().map(Action::Add));
        if actions.is_empty() && base.version() == latest.version() {
            return Ok(base);
        }
        commit(latest, actions).await
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

async fn commit(mut latest: DeltaTable, actions: Vec<Action>) -> DeltaResult<DeltaTable> {
    let operation = DeltaOperation::Write {
        mode: SaveMode::Overwrite,
        partition_by: Some(latest.snapshot()?.metadata().partition_columns().to_vec()),
        predicate: None,
    };
    let commit = CommitBuilder::from(CommitProperties::default())
        .with_actions(actions)
        .build(Some(latest.snapshot()?.snapshot()), latest.log_store(), operation)
        .await?;
    latest.state = Some(commit.snapshot());
    Ok(latest)
}

/// What makes `latest` hold what `base` holds outside of `extent`, and nothing else.
fn changes(base: &DeltaTable, latest: &DeltaTable, extent: &Extent) -> DeltaResult<Vec<Action>> {
    let kept = base.snapshot()?.snapshot().log_data();
    let kept: BTreeMap<String, LogicalFileView> =
        kept.iter().filter(|view| !extent.holds(view)).map(|view| (view.path().into_owned(), view)).collect();
    let mut present = BTreeSet::new();
    let mut actions = Vec::new();
    for view in latest.snapshot()?.snapshot().log_data().iter() {
        let path = view.path().into_owned();
        if !kept.contains_key(&path) {
            actions.push(Action::Remove(view.remove_action(true)));
        }
        present.insert(path);
    }
    let gone = kept.iter().filter(|(path, _)| !present.contains(*path));
    // there is no other way to commit a file again that a later, unpublished version had removed
    #[expect(deprecated)]
    actions.extend(gone.map(|(_, view)| Action::Add(view.add_action())));
    Ok(actions)
}

impl Extent {
    fn holds(&self, view: &LogicalFileView) -> bool {
        match self {
            Self::Whole => true,
            Self::Dates(dates) => {
                let values = view.partition_values_map();
                let value = values.get(PARTITION_COLUMN).and_then(Option::as_deref);
                value.and_then(|text| text.parse().ok()).is_some_and(|date| dates.contains(&date))
            }
        }
    }
}
