//! `daybook models check`

use daybook_warehouse::delta;

use super::{Outcome, Reporting};
use crate::daybook::Daybook;
use crate::output;

pub(super) async fn execute(daybook: &Daybook, reporting: Reporting) -> anyhow::Result<Outcome> {
    let registry = daybook.registry()?;
    delta::check_queries(&registry).await?;
    if !reporting.quiet {
        let models = registry.models();
        let data_tests: usize = models.iter().map(|model| model.data_tests.len()).sum();
        let unit_tests: usize = models.iter().map(|model| model.unit_tests.len()).sum();
        output::remark(&format!(
            "{} models are sound; they declare {} data tests and {unit_tests} unit tests",
            models.len(),
            data_tests + registry.custom_tests().len(),
        ));
    }
    Ok(Outcome::Done)
}
