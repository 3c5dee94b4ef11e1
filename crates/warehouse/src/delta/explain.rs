//! What a query reads of the tables that it asks.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::physical_plan::ParquetSource;
use datafusion::datasource::source::DataSourceExec;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::metrics::{Metric, MetricValue};
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::TryStreamExt;

use super::files::TableFiles;
use super::session::Session;
use crate::{Explanation, TableScan, WarehouseError};

impl Session {
    /// Runs read-only SQL to its end, and tells what it read.
    pub(super) async fn explain(&self, sql: &str) -> Result<Explanation, WarehouseError> {
        let (state, plan) = self.read_only(sql).await?.into_parts();
        let plan = state.optimize(&plan)?;
        let mut scans = self.scanned_tables(&plan).await?;
        let executed = state.create_physical_plan(&plan).await?;
        let mut rows = 0;
        let mut batches = execute_stream(Arc::clone(&executed), state.task_ctx())?;
        while let Some(batch) = batches.try_next().await? {
            rows += batch.num_rows() as u64;
        }
        add_reads(&executed, &mut scans);
        Ok(Explanation { rows, tables: scans.into_values().collect() })
    }

    /// Each stored table that the plan scans, with how much there is of it.
    async fn scanned_tables(
        &self,
        plan: &LogicalPlan,
    ) -> Result<BTreeMap<String, TableScan>, WarehouseError> {
        let mut names = BTreeSet::new();
        plan.apply_with_subqueries(|node| {
            if let LogicalPlan::TableScan(scan) = node {
                names.insert(scan.table_name.table().to_owned());
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        let mut scans = BTreeMap::new();
        for name in names {
            let provider = self.context().table_provider(name.as_str()).await?;
            if let Some(files) = (provider.as_ref() as &dyn Any).downcast_ref::<TableFiles>() {
                let (file_count, row_groups) = files.size();
                scans.insert(name.clone(), TableScan::of(name, file_count, row_groups));
            }
        }
        Ok(scans)
    }
}

/// Adds what the executed plan read, table by table.
fn add_reads(plan: &Arc<dyn ExecutionPlan>, scans: &mut BTreeMap<String, TableScan>) {
    for child in plan.children() {
        add_reads(child, scans);
    }
    let Some(source) = (plan.as_ref() as &dyn Any).downcast_ref::<DataSourceExec>() else { return };
    let Some((config, _)) = source.downcast_to_file_source::<ParquetSource>() else { return };
    let first = config.file_groups.iter().flat_map(|group| group.iter()).next();
    // tables/<name>/partition_date=…/part-….parquet
    let parts: Vec<_> = first.into_iter().flat_map(|file| file.object_meta.location.parts()).collect();
    let name = parts.iter().rposition(|part| part.as_ref() == "tables").and_then(|at| parts.get(at + 1));
    let Some(scan) = name.and_then(|name| scans.get_mut(name.as_ref())) else { return };
    let metrics = plan.metrics().unwrap_or_default();
    let mut files: BTreeMap<&str, FileRead> = BTreeMap::new();
    for metric in metrics.iter() {
        let read = files.entry(file_of(metric)).or_default();
        match metric.value() {
            MetricValue::Count { name, count } if name == "bytes_scanned" => {
                read.bytes += count.value() as u64
            }
            MetricValue::PruningMetrics { name, pruning_metrics } => match name.as_ref() {
                "row_groups_pruned_statistics" => read.matched += pruning_metrics.matched() as u64,
                "row_groups_pruned_bloom_filter" => read.left_out += pruning_metrics.pruned() as u64,
                _ => {}
            },
            _ => {}
        }
    }
    for read in files.values() {
        let row_groups = read.matched.saturating_sub(read.left_out);
        scan.files_read += u64::from(row_groups > 0);
        scan.row_groups_read += row_groups;
        scan.bytes_read += read.bytes;
    }
}

/// What was read of a file.
#[derive(Default)]
struct FileRead {
    bytes: u64,
    /// Row groups that may hold rows of the answer, by their least and greatest values.
    matched: u64,
    /// Those of them that hold none, by their Bloom filters.
    left_out: u64,
}

fn file_of(metric: &Metric) -> &str {
    metric.labels().iter().find(|label| label.name() == "filename").map_or("", |label| label.value())
}
