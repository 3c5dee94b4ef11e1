//! `daybook token`

use clap::{Args, Subcommand};
use daybook_ods::{Ods, Scope};
use serde_json::json;

use super::{Outcome, Reporting};
use crate::daybook::Daybook;
use crate::output::{self, Format};

#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make a token and print it, once: only a hash of it is kept
    Create {
        /// Who it is for, such as backend
        name: String,
        /// What it is good for: ingest (start loads), catalogue (change products and variants), read (orders, customers,
        /// status, metrics), operate (close days, replay rejected rows)
        #[arg(long, required = true, value_delimiter = ',', value_name = "SCOPE,…")]
        scopes: Vec<Scope>,
    },
    /// List tokens with their scopes
    List,
    /// Refuse a token from now on
    Revoke {
        /// The name that it was made with
        name: String,
    },
}

pub(super) async fn execute(
    daybook: &Daybook,
    args: &TokenArgs,
    reporting: Reporting,
) -> anyhow::Result<Outcome> {
    let opened = daybook.open_ods().await?;
    let done = perform(&opened.ods, &args.command, reporting).await;
    opened.close().await?;
    done.map(|()| Outcome::Done)
}

async fn perform(ods: &Ods, command: &TokenCommand, reporting: Reporting) -> anyhow::Result<()> {
    match command {
        TokenCommand::Create { name, scopes } => {
            let token = ods.create_token(name, scopes).await?;
            match reporting.format {
                Format::Json => output::json(&json!({ "name": name, "token": token }))?,
                _ => output::line(&token)?,
            }
        }
        TokenCommand::List => list(ods, reporting).await?,
        TokenCommand::Revoke { name } => {
            if !ods.revoke_token(name).await? {
                anyhow::bail!("no token named '{name}' is in force: `daybook token list` shows them");
            }
        }
    }
    Ok(())
}

async fn list(ods: &Ods, reporting: Reporting) -> anyhow::Result<()> {
    let rows: Vec<_> = ods
        .tokens()
        .await?
        .into_iter()
        .map(|token| {
            let revoked = token.revoked_at.map_or_else(String::new, output::utc);
            vec![token.name, token.scopes.join(","), output::utc(token.created_at), revoked]
        })
        .collect();
    output::print_rows(reporting.format, &["name", "scopes", "created", "revoked"], &rows)
}
