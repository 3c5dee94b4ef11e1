//! What is missing in an account, and the SQL and the policies by which an administrator adds it.

use daybook_snowflake_api::Session as Surroundings;
use daybook_snowflake_api::statements::{Name, list, literal};
use object_store::ObjectStoreExt;
use serde_json::json;

use super::answer::texts;
use super::names::Names;
use super::session::Session;
use super::{STAGE, SnowflakeWarehouse};
use crate::{Check, DUMPS, WarehouseError};

/// An object that Snowflake has to see through the stage.
const PROBE: &str = "daybook-doctor";

/// Stands for the role until it is known who logs in.
const PLACEHOLDER: &str = "ROLE_OF_DAYBOOK";

/// Rights on the dumps, as Snowflake's documentation lists them for reading.
const RIGHTS: [&str; 2] = ["s3:GetObject", "s3:GetObjectVersion"];
const RIGHTS_ON_BUCKET: [&str; 2] = ["s3:ListBucket", "s3:GetBucketLocation"];

/// What an integration says of itself, or what an administrator has to put in.
struct Integration {
    allowed: String,
    user: String,
    external_id: String,
}

impl SnowflakeWarehouse {
    /// Each thing in the order in which it is needed; what needs a missing one is not looked at.
    pub(super) async fn diagnose_all(&self) -> Vec<Check> {
        let mut diagnosis = Diagnosis { of: self, role: PLACEHOLDER.to_owned() };
        let mut checks = vec![self.storage.diagnose().await];
        checks.extend(diagnosis.account().await);
        checks
    }
}

/// What is found out on the way.
struct Diagnosis<'a> {
    of: &'a SnowflakeWarehouse,
    /// Who works: the configured role, or the user's own.
    role: String,
}

impl Diagnosis<'_> {
    /// From the outermost to the innermost.
    async fn account(&mut self) -> Vec<Check> {
        let configured = self.of.client.session();
        let nothing = Surroundings::default();
        let role = Surroundings { role: configured.role.clone(), ..Surroundings::default() };
        let surroundings = Surroundings { database: None, ..configured.clone() };
        if let Some(name) = &configured.role {
            self.role.clone_from(name);
        }

        let mut checks = Vec::new();
        let what = format!("log in as {}", self.of.user);
        match self.look(&nothing, "select current_role()").await {
            Ok(rows) => {
                let own = rows.into_iter().flatten().next().unwrap_or_default();
                // rights of PUBLIC would be everybody's
                if configured.role.is_none() && !["", "PUBLIC"].contains(&own.as_str()) {
                    self.role = own;
                }
                checks.push(Check::passed(what));
            }
            Err(error) => return vec![Check::failed(what, error, self.user_sql())],
        }
        if let Some(name) = &configured.role {
            let user = &self.of.user;
            let sql = format!("create role if not exists {name};\ngrant role {name} to user {user};");
            if !self.note(&mut checks, format!("role {name}"), &role, "select 1", sql).await {
                return checks;
            }
        }
        if let Some(name) = &configured.warehouse {
            let check = self.warehouse(name, &role).await;
            let is_there = check.problem.is_none();
            checks.push(check);
            if !is_there {
                return checks;
            }
        }
        checks.extend(self.database(&surroundings).await);
        checks
    }

    /// Database, a question to it, integration, schema and stage.
    async fn database(&self, surroundings: &Surroundings) -> Vec<Check> {
        let Names { database, published, .. } = &self.of.names;
        let mut checks = Vec::new();
        let what = format!("database {}", database.as_str());
        let schemas = match self.look(surroundings, &format!("show schemas in database {database}")).await {
            Ok(schemas) => schemas,
            Err(error) => {
                let sql = format!(
                    "create database if not exists {database};\ngrant usage, create schema on database {database} to role {};",
                    self.role
                );
                return vec![Check::failed(what, error, sql)];
            }
        };
        checks.push(Check::passed(what));
        let question = format!("select count(*) from {database}.information_schema.schemata");
        let (what, sql) = self.running(surroundings);
        if !self.note(&mut checks, what, self.of.client.session(), &question, sql).await {
            return checks;
        }
        let (check, integration) = self.integration(surroundings).await;
        let is_there = check.problem.is_none();
        checks.push(check);
        let what = format!("schema {}.{}", database.as_str(), published.as_str());
        if !schemas.iter().any(|row| row.get(1).is_some_and(|name| name == published.as_str())) {
            let remedy = "Run `daybook init`, which makes it.";
            checks.push(Check::failed(what, "it is not there", remedy));
            return checks;
        }
        checks.push(Check::passed(what));
        if is_there {
            checks.push(self.stage(surroundings, &integration).await);
        }
        checks
    }

    async fn warehouse(&self, name: &str, role: &Surroundings) -> Check {
        let what = format!("warehouse {name}");
        let sql = format!(
            "create warehouse if not exists {name} warehouse_size = xsmall auto_suspend = 60 auto_resume = true;\n\
             grant usage, monitor on warehouse {name} to role {};",
            self.role
        );
        match self.look(role, &format!("show warehouses like {}", literal(name))).await {
            Err(error) => Check::failed(what, error, sql),
            Ok(rows) if rows.iter().any(|row| row.first().is_some_and(|shown| shown == name)) => {
                Check::passed(what)
            }
            Ok(_) => Check::failed(what, "there is none that the role may see", sql),
        }
    }

    /// What makes a warehouse run, which nothing else here does.
    fn running(&self, surroundings: &Surroundings) -> (String, String) {
        let role = &self.role;
        match &surroundings.warehouse {
            Some(name) => (
                format!("a question to warehouse {name}"),
                format!(
                    "grant usage, operate on warehouse {name} to role {role};\n\
                     alter warehouse {name} set auto_resume = true;\n\
                     -- a resource monitor may have suspended it: show resource monitors"
                ),
            ),
            None => (
                "a question to the user's own warehouse".to_owned(),
                "Set [snowflake] warehouse; the user may have none.".to_owned(),
            ),
        }
    }

    async fn integration(&self, surroundings: &Surroundings) -> (Check, Integration) {
        let name = &self.of.settings.storage_integration;
        let what = format!("storage integration {name}");
        let described = match name.parse::<Name>() {
            Ok(quoted) => self.look(surroundings, &format!("desc integration {quoted}")).await,
            Err(error) => Err(error.into()),
        };
        let mut integration = Integration {
            allowed: String::new(),
            user: "STORAGE_AWS_IAM_USER_ARN of desc integration".to_owned(),
            external_id: "STORAGE_AWS_EXTERNAL_ID of desc integration".to_owned(),
        };
        let rows = match described {
            Ok(rows) => rows,
            Err(error) => {
                let remedy = format!("{}\n\n{}", self.integration_sql(), self.policies(&integration));
                return (Check::failed(what, error, remedy), integration);
            }
        };
        for row in &rows {
            let [property, _, value, ..] = row.as_slice() else { continue };
            match property.as_str() {
                "STORAGE_ALLOWED_LOCATIONS" => integration.allowed.clone_from(value),
                "STORAGE_AWS_IAM_USER_ARN" => integration.user.clone_from(value),
                "STORAGE_AWS_EXTERNAL_ID" => integration.external_id.clone_from(value),
                _ => {}
            }
        }
        let dumps = self.of.storage.folder_url(DUMPS).to_string();
        let allows = |location: &str| location == "*" || dumps.starts_with(location);
        let check = if integration.allowed.split(',').any(|location| allows(location.trim())) {
            Check::passed(what)
        } else {
            let problem = format!("it allows {}, and not {dumps}", integration.allowed);
            // it takes the place of the whole list
            let held = integration.allowed.split(',').map(str::trim).filter(|location| !location.is_empty());
            let locations = list(held.chain([dumps.as_str()]).map(literal));
            let sql =
                format!("alter storage integration {name} set storage_allowed_locations = ({locations});");
            Check::failed(what, problem, sql)
        };
        (check, integration)
    }

    /// Whether Snowflake sees through the stage what is written for it.
    async fn stage(&self, surroundings: &Surroundings, integration: &Integration) -> Check {
        let dumps = self.of.storage.folder_url(DUMPS);
        let what = format!("what Snowflake sees below {dumps}");
        let path = self.of.storage.path(DUMPS).join(PROBE);
        let store = self.of.storage.store();
        if let Err(error) = store.put(&path, PROBE.into()).await {
            return Check::failed(what, self.of.storage.write_error(error), "Mend the first finding.");
        }
        let seen = match self.of.names.published(STAGE) {
            Ok(stage) => self.look(surroundings, &format!("list @{stage}/{PROBE}")).await,
            Err(error) => Err(error.into()),
        };
        let removed = store.delete(&path).await;
        match (seen, removed) {
            (Err(error), _) => Check::failed(what, error, self.policies(integration)),
            (Ok(rows), _) if rows.is_empty() => {
                let problem = "an object that is there is not seen: the stage shows another place";
                Check::failed(what, problem, "Run `daybook init`, which makes the stage anew.")
            }
            (Ok(_), Err(error)) => Check::failed(what, error, "Allow s3:DeleteObject there."),
            (Ok(_), Ok(())) => Check::passed(what),
        }
    }

    /// Notes whether a statement can be executed.
    async fn note(
        &self,
        checks: &mut Vec<Check>,
        what: String,
        surroundings: &Surroundings,
        sql: &str,
        remedy: String,
    ) -> bool {
        let check = match self.look(surroundings, sql).await {
            Ok(_) => Check::passed(what),
            Err(error) => Check::failed(what, error, remedy),
        };
        let passed = check.problem.is_none();
        checks.push(check);
        passed
    }

    async fn look(&self, surroundings: &Surroundings, sql: &str) -> Result<Vec<Vec<String>>, WarehouseError> {
        let session =
            Session::new(self.of.client.in_session(surroundings.clone()), self.of.mark("doctor"), None);
        texts(session.ask("doctor", sql, &[]).await?).await
    }

    fn user_sql(&self) -> String {
        let role = &self.role;
        format!(
            "create role if not exists {role};\n\
             create user if not exists {user} type = service default_role = {role};\n\
             grant role {role} to user {user};\n\
             -- the key's public half: openssl rsa -in KEY.p8 -pubout\n\
             alter user {user} set rsa_public_key = 'MII…';",
            user = self.of.user
        )
    }

    fn integration_sql(&self) -> String {
        let name = &self.of.settings.storage_integration;
        format!(
            "create storage integration {name} type = external_stage storage_provider = 's3' enabled = true\n    \
             storage_aws_role_arn = 'arn:aws:iam::ACCOUNT:role/daybook-snowflake'\n    \
             storage_allowed_locations = ({});\n\
             grant usage on integration {name} to role {};",
            literal(self.of.storage.folder_url(DUMPS).as_str()),
            self.role
        )
    }

    /// What the integration's role in AWS has to be allowed, and whom it has to trust.
    fn policies(&self, integration: &Integration) -> String {
        let bucket = self.of.storage.url.host_str().unwrap_or_default();
        let folder = self.of.storage.path(DUMPS);
        let allow = json!({
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": RIGHTS,
                    "Resource": format!("arn:aws:s3:::{bucket}/{folder}/*"),
                },
                {
                    "Effect": "Allow",
                    "Action": RIGHTS_ON_BUCKET,
                    "Resource": format!("arn:aws:s3:::{bucket}"),
                    "Condition": { "StringLike": { "s3:prefix": [format!("{folder}/*")] } },
                },
            ],
        });
        let trust = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": { "AWS": integration.user },
                "Action": "sts:AssumeRole",
                "Condition": { "StringEquals": { "sts:ExternalId": integration.external_id } },
            }],
        });
        format!(
            "The role of the integration in AWS needs this policy:\n{allow:#}\n\nIt has to trust Snowflake by this one:\n{trust:#}"
        )
    }
}
