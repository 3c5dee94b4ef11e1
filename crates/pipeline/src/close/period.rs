//! Which days a close is asked for.

use std::collections::BTreeSet;

use chrono::NaiveDateTime;
use daybook_model::{BusinessTimezone, PartitionDate};
use daybook_warehouse::Publication;

use super::Close;
use crate::PipelineError;

/// Longer periods are most likely a mistake in some date.
const LONGEST: u64 = 3_660;

/// The days that somebody wants closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosePeriod {
    /// Every day that is due and not closed.
    Due,
    /// These days, both included, also when they are closed already; and the days between the last closed one and
    /// these.
    Days {
        /// The first day.
        from: PartitionDate,
        /// The last day.
        to: PartitionDate,
    },
}

/// The days between `days` that are not among them: books have no gaps. A gap that is too long is most likely a mistake
/// in some row's date, and stays.
pub(super) fn gaps(days: &BTreeSet<PartitionDate>) -> BTreeSet<PartitionDate> {
    let pairs = days.iter().zip(days.iter().skip(1));
    let gaps = pairs.filter(|(from, to)| from.next() < **to && days_of(**from, **to) <= LONGEST);
    gaps.flat_map(|(from, to)| PartitionDate::range(from.next(), to.minus_days(1))).collect()
}

/// The days that a close is to build whatever changed, and the last day whose rows it reads.
pub(super) struct Period {
    pub(super) days: BTreeSet<PartitionDate>,
    pub(super) cutoff: PartitionDate,
}

impl Period {
    /// The first and last day, if there is any.
    pub(super) fn bounds(&self) -> Option<(PartitionDate, PartitionDate)> {
        Some((*self.days.first()?, *self.days.last()?))
    }
}

impl ClosePeriod {
    /// Whether it can be closed at all, whatever is there: days that are over, and not too many.
    ///
    /// # Errors
    /// [`PipelineError::Backwards`], [`PipelineError::NotOver`] or [`PipelineError::TooManyDays`].
    pub fn check(self, now: NaiveDateTime, timezone: BusinessTimezone) -> Result<(), PipelineError> {
        let Self::Days { from, to } = self else { return Ok(()) };
        if to < from {
            return Err(PipelineError::Backwards { from, to });
        }
        let last = timezone.date_of(now).minus_days(1);
        if to > last {
            return Err(PipelineError::NotOver { date: to, last, timezone: timezone.name() });
        }
        let days = days_of(from, to);
        if days > LONGEST {
            return Err(PipelineError::TooManyDays { from, to, days, most: LONGEST });
        }
        Ok(())
    }
}

/// How many days there are from the first to the last.
fn days_of(from: PartitionDate, to: PartitionDate) -> u64 {
    to.date().signed_duration_since(from.date()).num_days().unsigned_abs() + 1
}

impl Close<'_> {
    /// The days of `period`; nothing when no day was ever closed and none can be.
    pub(super) async fn resolve(
        &self,
        period: ClosePeriod,
        published: &Publication,
    ) -> Result<Option<Period>, PipelineError> {
        let last_closed = published.draft.closed_dates.last().copied();
        let bounds = match period {
            ClosePeriod::Due => self.due(last_closed).await?,
            ClosePeriod::Days { from, to } => {
                period.check(self.ods.clock().now(), self.settings.timezone)?;
                // days are closed without gaps: one that was skipped would never become due
                Some((last_closed.map_or(from, |last| from.min(last.next())), to))
            }
        };
        let days: BTreeSet<_> =
            bounds.into_iter().flat_map(|(from, to)| PartitionDate::range(from, to)).collect();
        // rows up to the last closed day count always: closing an old day again must not forget later payments
        let cutoff = days.last().copied().max(last_closed);
        Ok(cutoff.map(|cutoff| Period { days, cutoff }))
    }

    async fn due(
        &self,
        last_closed: Option<PartitionDate>,
    ) -> Result<Option<(PartitionDate, PartitionDate)>, PipelineError> {
        let to = self.settings.timezone.last_due(self.ods.clock().now(), self.settings.buffer);
        let from = match last_closed {
            Some(last) => Some(last.next()),
            None => self.ods.earliest_date(self.settings.timezone).await?,
        };
        let Some(from) = from.filter(|from| *from <= to) else { return Ok(None) };
        let days = days_of(from, to);
        match last_closed {
            _ if days <= LONGEST => Ok(Some((from, to))),
            Some(last_closed) => Err(PipelineError::LongGap { last_closed, from, to, days, most: LONGEST }),
            None => Err(PipelineError::TooLong { from, to, days }),
        }
    }
}
