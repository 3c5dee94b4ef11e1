//! The client.

use std::sync::Arc;

use url::Url;
use uuid::Uuid;

use crate::auth::Authorization;
use crate::request::Submission;
use crate::transport::Transport;
use crate::{Account, Credentials, Patience, ResultSet, Running, Script, Session, SnowflakeError, Statement};

/// What a client is made of.
#[derive(Debug)]
pub struct ClientOptions {
    /// The account that is asked.
    pub account: Account,
    /// Who asks.
    pub credentials: Credentials,
    /// Where statements are executed.
    pub session: Session,
    /// Another address than the account's host: a proxy's, or a test server's.
    pub endpoint: Option<Url>,
    /// How long to wait.
    pub patience: Patience,
}

impl ClientOptions {
    /// A client of the account with everything else as usual.
    pub fn new(account: Account, credentials: Credentials) -> Self {
        Self {
            account,
            credentials,
            session: Session::default(),
            endpoint: None,
            patience: Patience::default(),
        }
    }
}

/// Executes statements in one account. Cloning is cheap; clones share connections and tokens.
#[derive(Clone, Debug)]
pub struct Client {
    transport: Arc<Transport>,
    session: Arc<Session>,
}

impl Client {
    /// Makes a client. Nothing is sent before the first statement.
    ///
    /// # Errors
    /// When the address is none, or no HTTP client can be made.
    pub fn new(options: ClientOptions) -> Result<Self, SnowflakeError> {
        let authorization = Authorization::new(options.credentials, &options.account);
        let base = match options.endpoint {
            Some(endpoint) => endpoint,
            None => Url::parse(&format!("https://{}", options.account.host()))
                .map_err(|_| SnowflakeError::Account(options.account.host().to_owned()))?,
        };
        let transport = Transport::new(base, authorization, options.patience)?;
        Ok(Self { transport: Arc::new(transport), session: Arc::new(options.session) })
    }

    /// Executes a statement and waits for its result. Dropping the future cancels the statement.
    ///
    /// # Errors
    /// When Snowflake refuses it, it fails or takes too long, or the network does.
    pub async fn execute(&self, statement: &Statement) -> Result<ResultSet, SnowflakeError> {
        self.submit(statement).await?.result().await
    }

    /// Executes the statements of a script and waits for the result of each, in their order. Dropping the future
    /// cancels those that are not done.
    ///
    /// # Errors
    /// When Snowflake refuses one, one fails or they take too long, or the network does. What the statements before it
    /// did stays, unless a transaction was open.
    pub async fn execute_script(&self, script: &Script) -> Result<Vec<ResultSet>, SnowflakeError> {
        self.submit_script(script).await?.results().await
    }

    /// Executes the statements of a script, and asks for no result: one request less for each of them.
    ///
    /// # Errors
    /// As [`Client::execute_script`].
    pub async fn run_script(&self, script: &Script) -> Result<(), SnowflakeError> {
        self.submit_script(script).await?.end().await
    }

    /// How long a statement may take that does not say.
    pub fn longest(&self) -> std::time::Duration {
        self.transport.patience().statement
    }

    /// Where it executes statements, and as whom.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The same client, with its connections and tokens, in another session.
    #[must_use]
    pub fn in_session(&self, session: Session) -> Self {
        Self { transport: Arc::clone(&self.transport), session: Arc::new(session) }
    }

    /// Has a statement executed, without waiting for its end.
    ///
    /// # Errors
    /// When Snowflake refuses it, or cannot be reached.
    pub async fn submit(&self, statement: &Statement) -> Result<Running, SnowflakeError> {
        let timeout = self.transport.patience().statement;
        self.start(Submission::of_statement(statement, &self.session, timeout)?).await
    }

    /// Has the statements of a script executed, without waiting for their end.
    ///
    /// # Errors
    /// When Snowflake refuses the script, or cannot be reached.
    pub async fn submit_script(&self, script: &Script) -> Result<Running, SnowflakeError> {
        let timeout = self.transport.patience().statement;
        self.start(Submission::of_script(script, &self.session, timeout)?).await
    }

    /// Sends the request in a task of its own: whoever drops this future in the middle of it would else leave a
    /// statement behind that nobody knows. The task lets go of what nobody takes, which cancels it.
    async fn start(&self, submission: Submission) -> Result<Running, SnowflakeError> {
        let transport = Arc::clone(&self.transport);
        let (sender, receiver) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            let request_id = Uuid::new_v4().to_string();
            drop(sender.send(Running::start(transport, &request_id, submission).await));
        });
        receiver.await.map_err(|_| SnowflakeError::Unexpected("the process is ending".to_owned()))?
    }
}
