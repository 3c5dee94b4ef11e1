//! A migrated database for each test, and a landing directory to load from.

use std::path::Path;

use chrono::NaiveDateTime;
use daybook_model::Clock;
use daybook_ods::{LoadOptions, LoadOutcome, LoadReport, Ods};
use daybook_testkit::TestDatabase;
use tempfile::TempDir;
use url::Url;

/// When all tests happen.
pub(crate) fn now() -> NaiveDateTime {
    time("2024-05-10 12:00:00")
}

pub(crate) fn time(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap()
}

/// A shop's database and landing directory.
pub(crate) struct Shop {
    pub(crate) ods: Ods,
    pub(crate) url: String,
    landing: TempDir,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        let url = TestDatabase::create().await.unwrap().url();
        let ods = Ods::connect(&url, Clock::fixed(now())).await.unwrap();
        ods.migrate().await.unwrap();
        Self { ods, url, landing: TempDir::new().unwrap() }
    }

    /// The same database, seen at another time.
    pub(crate) async fn at(&self, text: &str) -> Ods {
        Ods::connect(&self.url, Clock::fixed(time(text))).await.unwrap()
    }

    pub(crate) fn landing(&self) -> &Path {
        self.landing.path()
    }

    /// Writes a file of the landing directory.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.landing.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub(crate) async fn load_with(&self, path: &str, options: &LoadOptions) -> Vec<LoadReport> {
        let uri = file_url(&self.landing.path().join(path));
        self.ods.load(&uri, options, &|_| ()).await.unwrap()
    }

    /// Loads one batch or event file of the landing directory.
    pub(crate) async fn load(&self, path: &str) -> LoadReport {
        let mut reports = self.load_with(path, &LoadOptions::default()).await;
        assert_eq!(reports.len(), 1, "{reports:?}");
        reports.remove(0)
    }

    /// What a query returns: columns separated by blanks, rows by line ends.
    pub(crate) async fn query(&self, sql: &str) -> String {
        let wrapped = format!(
            "select coalesce(string_agg(array_to_string(array(\
                 select coalesce(value, '-') from json_each_text(to_json(answer)) \
             ), ' '), E'\\n'), '') from ({sql}) answer"
        );
        sqlx::query_scalar(sqlx::AssertSqlSafe(wrapped)).fetch_one(self.ods.pool()).await.unwrap()
    }

    /// Runs an engineer's own SQL.
    pub(crate) async fn execute(&self, sql: &str) {
        self.try_execute(sql).await.unwrap();
    }

    pub(crate) async fn try_execute(&self, sql: &str) -> Result<(), sqlx::Error> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        sqlx::raw_sql(sql).execute(self.ods.pool()).await.map(|_| ())
    }
}

pub(crate) fn file_url(path: &Path) -> Url {
    Url::from_file_path(path).unwrap()
}

/// A report in one line a file.
pub(crate) fn summary(report: &LoadReport) -> String {
    let outcome = match &report.outcome {
        LoadOutcome::Loaded { .. } => format!("loaded, healed {}", report.healed),
        LoadOutcome::AlreadyLoaded => "already loaded".to_owned(),
        LoadOutcome::Waiting { missing, is_overdue, .. } => {
            format!("waiting for {missing}{}", if *is_overdue { ", overdue" } else { "" })
        }
        LoadOutcome::Refused { message } => format!("refused: {message}"),
    };
    let files = report.files.iter().map(|file| {
        assert_eq!(
            file.rows_read,
            file.loaded + file.unchanged + file.rejected + file.parked,
            "every row is accounted for: {file:?}"
        );
        format!(
            "\n{}: read {}, loaded {}, unchanged {}, rejected {}, parked {}",
            file.name, file.rows_read, file.loaded, file.unchanged, file.rejected, file.parked
        )
    });
    outcome + &files.collect::<String>()
}
