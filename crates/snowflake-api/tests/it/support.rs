//! A server of a test's own, and clients of it.

use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Decimal128Type;
use daybook_snowflake_api::{
    Account, Client, ClientOptions, Credentials, Patience, PrivateKey, Session, SnowflakeError, Statement,
};
use daybook_testkit::{FaultProxy, Snowflake};

/// An empty database behind a network that breaks where a test wants it to.
pub(crate) struct World {
    pub(crate) server: Snowflake,
    pub(crate) proxy: FaultProxy,
    pub(crate) client: Client,
}

impl World {
    pub(crate) async fn create() -> Self {
        let server = Snowflake::start().await.unwrap();
        let proxy = FaultProxy::before_server(&server.endpoint()).await.unwrap();
        let client = Client::new(options(&server, &proxy, key_pair(&server))).unwrap();
        Self { server, proxy, client }
    }

    /// Another client of the same server.
    pub(crate) fn client_with(&self, credentials: Credentials) -> Client {
        Client::new(options(&self.server, &self.proxy, credentials)).unwrap()
    }

    pub(crate) fn client_with_patience(&self, patience: Patience) -> Client {
        let options = options(&self.server, &self.proxy, key_pair(&self.server));
        Client::new(ClientOptions { patience, ..options }).unwrap()
    }

    pub(crate) async fn run(&self, statement: &str) {
        self.client.execute(&Statement::new(statement)).await.unwrap();
    }

    /// The only cell of a statement that counts.
    pub(crate) async fn count(&self, statement: &str) -> i128 {
        let batch = self.batch(&Statement::new(statement)).await;
        batch.column(0).as_primitive::<Decimal128Type>().value(0)
    }

    /// A result of one partition.
    pub(crate) async fn batch(&self, statement: &Statement) -> RecordBatch {
        let batches = self.client.execute(statement).await.unwrap().into_all_batches().await.unwrap();
        <[RecordBatch; 1]>::try_from(batches).unwrap().into_iter().next().unwrap()
    }
}

fn key_pair(server: &Snowflake) -> Credentials {
    let key = PrivateKey::from_pem(server.private_key(), None).unwrap();
    Credentials::KeyPair { user: "loader".to_owned(), key }
}

fn options(server: &Snowflake, proxy: &FaultProxy, credentials: Credentials) -> ClientOptions {
    let session = Session {
        database: Some(server.database().to_owned()),
        schema: Some("PUBLIC".to_owned()),
        ..Session::default()
    };
    let account: Account = "myorg-shop".parse().unwrap();
    ClientOptions {
        session,
        endpoint: Some(proxy.endpoint().parse().unwrap()),
        patience: impatient(),
        ..ClientOptions::new(account, credentials)
    }
}

/// Waits so little between two tries that a test need not.
pub(crate) fn impatient() -> Patience {
    Patience {
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(10),
        retries: 3,
        first_poll: Duration::from_millis(5),
        longest_poll: Duration::from_millis(50),
        ..Patience::default()
    }
}

/// The code of what Snowflake refused.
pub(crate) fn code(error: &SnowflakeError) -> Option<u32> {
    error.failure()?.number()
}
