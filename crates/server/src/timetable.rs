//! When days are closed by the schedule.

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use daybook_model::{BusinessTimezone, PartitionDate};

/// The schedule as a pure function of time. All instants are UTC.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timetable {
    pub(crate) timezone: BusinessTimezone,
    /// How long after its end a day is due.
    pub(crate) buffer: TimeDelta,
    /// The time of day for closes; none for as soon as a day is due.
    pub(crate) at: Option<NaiveTime>,
    /// How long after its time a day must be closed.
    pub(crate) deadline: Option<TimeDelta>,
}

impl Timetable {
    /// When `day` is to be closed: when it is due, or at the next time of day that is set.
    pub(crate) fn time_of(&self, day: PartitionDate) -> NaiveDateTime {
        let due = self.timezone.end_of(day) + self.buffer;
        let Some(at) = self.at else { return due };
        // days of 24 hours, so that no clock change puts a close off to the next morning
        let nights = (self.buffer - (at - NaiveTime::MIN)).num_minutes() + 24 * 60 - 1;
        let nights = Days::new(nights.max(0).unsigned_abs() / (24 * 60));
        let date = day.next().date().checked_add_days(nights).unwrap_or(NaiveDate::MAX);
        // in a night that lacks an hour the buffer may pass later than that
        self.timezone.first_at(PartitionDate::new(date), at).max(due)
    }

    /// The first time of any day that is after `now`.
    pub(crate) fn after(&self, now: NaiveDateTime) -> NaiveDateTime {
        // with a time of day, the last two days that are due may wait for it still
        let mut day = self.timezone.last_due(now, self.buffer).minus_days(1);
        loop {
            let time = self.time_of(day);
            if time > now {
                return time;
            }
            day = day.next();
        }
    }

    /// When a close is next to be begun, given the first day that is not closed: `now`, if that day's time has passed.
    pub(crate) fn next(&self, now: NaiveDateTime, first_open: Option<PartitionDate>) -> NaiveDateTime {
        match first_open {
            // a day that was closed early leaves nothing to do at its own time
            Some(first) if !self.is_far(now, first) => self.time_of(first).max(now),
            _ => self.after(now),
        }
    }

    /// Whether the time of `first_open`, the first day that is not closed, has passed.
    pub(crate) fn has_passed(&self, now: NaiveDateTime, first_open: PartitionDate) -> bool {
        !self.is_far(now, first_open) && self.time_of(first_open) <= now
    }

    /// Whether `first_open`, the first day that is not closed, should be closed by now.
    pub(crate) fn is_overdue(&self, now: NaiveDateTime, first_open: PartitionDate) -> bool {
        self.deadline.is_some_and(|deadline| self.has_passed(now - deadline, first_open))
    }

    /// The first deadline of any day that is after `now`, if there are deadlines.
    pub(crate) fn deadline_after(&self, now: NaiveDateTime) -> Option<NaiveDateTime> {
        self.deadline.map(|deadline| self.after(now - deadline) + deadline)
    }

    /// Whether `day` is so far ahead that only a mistake in some row's date can have named it.
    fn is_far(&self, now: NaiveDateTime, day: PartitionDate) -> bool {
        day > self.timezone.date_of(now).next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap()
    }

    fn day(text: &str) -> PartitionDate {
        text.parse().unwrap()
    }

    fn timetable(zone: &str, buffer_minutes: i64, at: Option<&str>) -> Timetable {
        Timetable {
            timezone: zone.parse().unwrap(),
            buffer: TimeDelta::minutes(buffer_minutes),
            at: at.map(|at| NaiveTime::parse_from_str(at, "%H:%M").unwrap()),
            deadline: None,
        }
    }

    #[test]
    fn each_day_has_its_time_through_clock_changes() {
        let cases = [
            // zone, buffer, at, day, when it is closed (UTC)
            ("UTC", 120, None, "2024-03-01", "2024-03-02 02:00"),
            ("UTC", 120, Some("02:30"), "2024-03-01", "2024-03-02 02:30"),
            ("UTC", 120, Some("02:00"), "2024-03-01", "2024-03-02 02:00"),
            // the time of day comes before the buffer has passed: it is the next morning's
            ("UTC", 120, Some("01:00"), "2024-03-01", "2024-03-03 01:00"),
            ("UTC", 3000, Some("02:30"), "2024-03-01", "2024-03-04 02:30"),
            // London, spring: 01:00 becomes 02:00, 01:30 is shown by no clock
            ("Europe/London", 60, Some("01:30"), "2024-03-29", "2024-03-30 01:30"),
            ("Europe/London", 60, Some("01:30"), "2024-03-30", "2024-03-31 01:00"),
            ("Europe/London", 60, Some("01:30"), "2024-03-31", "2024-04-01 00:30"),
            // in that night two hours have passed at 03:00 only
            ("Europe/London", 120, Some("02:30"), "2024-03-30", "2024-03-31 02:00"),
            ("Europe/London", 120, Some("02:30"), "2024-03-31", "2024-04-01 01:30"),
            ("Europe/London", 120, None, "2024-03-30", "2024-03-31 02:00"),
            // London, autumn: 02:00 becomes 01:00, 01:30 is shown twice
            ("Europe/London", 60, Some("01:30"), "2024-10-26", "2024-10-27 00:30"),
            ("Europe/London", 60, Some("01:30"), "2024-10-27", "2024-10-28 01:30"),
            // the buffer passes between the two: still the next morning's
            ("Europe/London", 120, Some("01:30"), "2024-10-26", "2024-10-28 01:30"),
            ("America/New_York", 120, Some("02:30"), "2024-03-09", "2024-03-10 07:00"),
            ("America/New_York", 60, Some("01:30"), "2024-11-02", "2024-11-03 05:30"),
            ("America/New_York", 60, Some("01:30"), "2024-11-03", "2024-11-04 06:30"),
            // Beirut skips midnight: 00:00 becomes 01:00
            ("Asia/Beirut", 0, None, "2022-03-26", "2022-03-26 22:00"),
            ("Asia/Beirut", 0, Some("00:00"), "2022-03-26", "2022-03-26 22:00"),
            ("Asia/Beirut", 0, Some("00:37"), "2022-03-26", "2022-03-26 22:00"),
            ("Asia/Beirut", 0, Some("00:37"), "2022-03-27", "2022-03-27 21:37"),
            // Lord Howe changes by half an hour: 02:00 becomes 02:30
            ("Australia/Lord_Howe", 60, Some("02:10"), "2024-10-05", "2024-10-05 15:30"),
            ("Australia/Lord_Howe", 60, Some("01:45"), "2024-04-06", "2024-04-06 14:45"),
            ("Australia/Lord_Howe", 60, Some("01:45"), "2024-04-07", "2024-04-07 15:15"),
            // Apia had no 30 December 2011: the buffer passes on the 31st
            ("Pacific/Apia", 60, Some("02:00"), "2011-12-29", "2011-12-30 11:00"),
            ("Pacific/Apia", 60, Some("02:00"), "2011-12-30", "2011-12-30 12:00"),
        ];
        for (zone, buffer, at, closed, expected) in cases {
            let time = timetable(zone, buffer, at).time_of(day(closed));
            assert_eq!(time, utc(expected), "{zone}, {buffer} minutes, at {at:?}, {closed}");
        }
    }

    #[test]
    fn every_day_of_a_year_is_closed_once_and_after_its_buffer() {
        let zones = [
            "UTC",
            "Europe/London",
            "America/New_York",
            "Asia/Beirut",
            "Australia/Lord_Howe",
            "Asia/Kolkata",
        ];
        for zone in zones {
            for at in [None, Some("00:00"), Some("00:30"), Some("01:30"), Some("02:15"), Some("23:59")] {
                let timetable = timetable(zone, 120, at);
                let mut now = timetable.time_of(day("2022-01-01"));
                for closed in PartitionDate::range(day("2022-01-02"), day("2022-12-31")) {
                    let next = timetable.after(now);
                    assert_eq!(next, timetable.time_of(closed), "{zone}, at {at:?}: one time for each day");
                    assert!(
                        timetable.timezone.last_due(next, timetable.buffer) >= closed,
                        "{zone}: it is due"
                    );
                    now = next;
                }
            }
        }
    }

    #[test]
    fn what_was_missed_is_made_up_for_at_once() {
        let cases = [
            // at, now, first day that is not closed, when to close
            (None, "2024-03-02 01:59", Some("2024-03-01"), "2024-03-02 02:00"),
            (None, "2024-03-02 02:00", Some("2024-03-01"), "2024-03-02 02:00"),
            (None, "2024-03-09 14:00", Some("2024-03-01"), "2024-03-09 14:00"),
            (None, "2024-03-02 14:00", Some("2024-03-02"), "2024-03-03 02:00"),
            (Some("04:00"), "2024-03-02 03:00", Some("2024-03-01"), "2024-03-02 04:00"),
            (Some("04:00"), "2024-03-02 03:00", Some("2024-02-29"), "2024-03-02 03:00"),
            // yesterday was closed by hand before its time
            (None, "2024-03-02 00:30", Some("2024-03-02"), "2024-03-03 02:00"),
            // nothing to close yet; a row from the far future
            (None, "2024-03-02 14:00", None, "2024-03-03 02:00"),
            (None, "2024-03-02 14:00", Some("2999-01-01"), "2024-03-03 02:00"),
        ];
        for (at, now, first_open, expected) in cases {
            let next = timetable("UTC", 120, at).next(utc(now), first_open.map(day));
            assert_eq!(next, utc(expected), "{now}, at {at:?}, {first_open:?} is open");
        }
    }

    #[test]
    fn a_day_is_overdue_once_its_deadline_has_passed() {
        let timetable =
            Timetable { deadline: Some(TimeDelta::hours(3)), ..timetable("UTC", 120, Some("02:30")) };
        let open = day("2024-03-01");
        assert!(!timetable.is_overdue(utc("2024-03-02 05:29"), open));
        assert!(timetable.is_overdue(utc("2024-03-02 05:30"), open));
        assert!(timetable.is_overdue(utc("2024-03-07 00:00"), open));
        assert_eq!(timetable.deadline_after(utc("2024-03-02 05:29")), Some(utc("2024-03-02 05:30")));
        assert_eq!(timetable.deadline_after(utc("2024-03-02 05:30")), Some(utc("2024-03-03 05:30")));
        assert!(!Timetable { deadline: None, ..timetable }.is_overdue(utc("2024-03-07 00:00"), open));
    }
}
