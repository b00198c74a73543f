//! What every session begins with: is it one, on a server that will do, with our tables?

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use super::Server;
use super::address::{KEEPALIVE, USER_TIMEOUT};
use super::fault::{POOLED, described, failed};
use super::session::{connect, one};
use crate::RequestId;
use crate::store::StoreError;

/// The oldest version that ends an idle session, and notices while it waits that a client has gone.
const OLDEST: i32 = 140_000;

const FACTS: &str = "SELECT version() AS version,
        current_setting('server_version_num')::int AS number,
        pg_is_in_recovery() AS is_standby,
        to_regnamespace('lockset') IS NOT NULL AS has_schema,
        to_regclass('lockset.granted') IS NOT NULL
            AND to_regclass('lockset.reserved') IS NOT NULL AS has_tables,
        pg_backend_pid() AS process";

/// Tells the database session from every other: `$1`. The rest makes sure of what a lock relies on,
/// whatever the database's own defaults are; `$2` is how long it may be idle.
///
/// What is reserved must be on disk before fences of it are answered, or a crash of the server
/// would take them back. And to plan a statement takes longer than to execute it, so that is done
/// once a session, and not for each of the first five times.
const SETTINGS: &str = "SELECT set_config('lockset.session', $1, false),
        set_config('lockset.request', '', false),
        set_config('application_name', 'lockset', false),
        set_config('idle_session_timeout', $2, false),
        set_config('statement_timeout', '0', false),
        set_config('lock_timeout', '0', false),
        set_config('default_transaction_isolation', 'read committed', false),
        set_config('default_transaction_read_only', 'off', false),
        set_config('plan_cache_mode', 'force_generic_plan', false),
        set_config('synchronous_commit', CASE current_setting('synchronous_commit')
            WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)";

/// What helps the server to notice that a client has gone, where its system can.
const NOTICING: &str = "SELECT set_config('client_connection_check_interval', $1, false),
        set_config('tcp_keepalives_idle', $2, false),
        set_config('tcp_keepalives_interval', $3, false),
        set_config('tcp_keepalives_count', $4, false),
        set_config('tcp_user_timeout', $5, false)";

const SESSION: &str = "SELECT coalesce(current_setting('lockset.session', true), '') AS session";

/// How often a backend looks, while it waits for a lock, whether its client is still there.
const CHECK_INTERVAL: &str = "500";

/// The last grants, a row a name, which a crash empties. What is in a row beside the fence and the
/// one before it tells people who was granted it.
const GRANTED: &str = "CREATE UNLOGGED TABLE IF NOT EXISTS lockset.granted (
        key bigint PRIMARY KEY,
        fence bigint NOT NULL,
        before bigint,
        name text NOT NULL,
        request text NOT NULL,
        who text NOT NULL,
        granted timestamptz NOT NULL
    ) WITH (fillfactor = 50)";

/// All fences that may ever have been granted for a name are below this.
const RESERVED: &str = "CREATE TABLE IF NOT EXISTS lockset.reserved (
        key bigint PRIMARY KEY,
        below bigint NOT NULL
    ) WITH (fillfactor = 50)";

/// What a user needs who is not the tables' owner.
pub(super) const GRANTS: &str = "GRANT USAGE ON SCHEMA lockset TO the user; GRANT SELECT, INSERT, \
                                 UPDATE ON lockset.granted, lockset.reserved TO the user";

/// Prepares a session; the server's process for it.
pub(super) async fn prepare(client: &Client, server: &Server) -> Result<i32, StoreError> {
    let facts = one(client.query_typed(FACTS, &[]).await.map_err(failed)?)?;
    let fact = |name| facts.try_get::<_, bool>(name).map_err(StoreError::refused);
    refuse_others(&facts)?;
    if fact("is_standby")? {
        let why = "it is a standby, whose locks have nothing to do with the primary's; connect to \
                   the primary";
        return Err(StoreError::refused(why));
    }
    let name = RequestId::random().map_err(StoreError::refused)?.to_string();
    let texts = [&*name, super::KEEP];
    client.query_typed(SETTINGS, &typed(&texts)).await.map_err(failed)?;
    notice_clients(client).await?;
    if !fact("has_tables")? {
        create_tables(client, fact("has_schema")?).await?;
    }
    server.is_probed.get_or_try_init(|| probe(client, &name, server)).await?;
    if session(client).await? != name {
        return Err(StoreError::refused(POOLED));
    }
    facts.try_get("process").map_err(StoreError::refused)
}

/// Only PostgreSQL's own locks are known to be locks: others that speak its protocol answer that
/// all is well, and lock nothing.
fn refuse_others(facts: &Row) -> Result<(), StoreError> {
    let version: &str = facts.try_get("version").map_err(StoreError::refused)?;
    let number: i32 = facts.try_get("number").map_err(StoreError::refused)?;
    if !version.starts_with("PostgreSQL ") {
        let why = format!("{version:?} is not PostgreSQL, whose advisory locks are needed");
        return Err(StoreError::refused(why));
    }
    if number < OLDEST {
        let why = format!(
            "{version:?} is too old: from version 14 on the server ends the session of a holder \
             that is silent (idle_session_timeout)"
        );
        return Err(StoreError::refused(why));
    }
    Ok(())
}

async fn notice_clients(client: &Client) -> Result<(), StoreError> {
    let (idle, interval, count) = KEEPALIVE;
    let (idle, interval) = (idle.as_secs().to_string(), interval.as_secs().to_string());
    let (count, user) = (count.to_string(), USER_TIMEOUT.as_millis().to_string());
    let texts = [CHECK_INTERVAL, &idle, &interval, &count, &user];
    match client.query_typed(NOTICING, &typed(&texts)).await {
        // The server's system cannot do that.
        Err(error) if error.code().is_some_and(|state| state.code() == "22023") => Ok(()),
        noticed => noticed.map(drop).map_err(failed),
    }
}

async fn create_tables(client: &Client, has_schema: bool) -> Result<(), StoreError> {
    // Two that do this at once would meet in the catalog, and one would get an error.
    const ONE_AT_A_TIME: &str = "SELECT pg_advisory_xact_lock(hashtext('lockset'))";
    let schema = if has_schema { "" } else { "CREATE SCHEMA IF NOT EXISTS lockset;" };
    let create = format!("BEGIN; {ONE_AT_A_TIME}; {schema} {GRANTED}; {RESERVED}; COMMIT");
    client.batch_execute(&create).await.map_err(|error| {
        let on_one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let why = format!(
            "the tables of fences are missing and cannot be made: {}; have the database's owner \
             run: CREATE SCHEMA IF NOT EXISTS lockset; {}; {}; {GRANTS}",
            described(&error),
            on_one_line(GRANTED),
            on_one_line(RESERVED),
        );
        match failed(error) {
            refusal if refusal.is_refusal() => StoreError::refused(why),
            other => other,
        }
    })
}

/// Finds out a pooler that gives each transaction to whichever session is free: a second
/// connection has a transaction open, and it is either in the first one's session, or takes from
/// the pool what the first would have been given again.
///
/// Where others use that pool too, it may be mistaken once. So each statement that takes, keeps or
/// gives back a lock looks by itself whether it is in the session that it should be in.
async fn probe(client: &Client, name: &str, server: &Server) -> Result<(), StoreError> {
    let (other, wire) = connect(server).await?;
    let wire = tokio::spawn(wire);
    let probed = async {
        other.batch_execute("BEGIN").await.map_err(no_transaction)?;
        // The first one's is only asked for where the second has not got it.
        let is_one = session(&other).await? != name && session(client).await? == name;
        is_one.then_some(()).ok_or_else(|| StoreError::refused(POOLED))
    };
    let probed = probed.await;
    wire.abort();
    probed
}

/// Some poolers allow no transactions at all, of more than one statement.
fn no_transaction(error: tokio_postgres::Error) -> StoreError {
    let is_forbidden =
        error.as_db_error().is_some_and(|said| said.message().contains("not allowed"));
    if is_forbidden { StoreError::refused(POOLED) } else { failed(error) }
}

/// The name that the session has which answers.
async fn session(client: &Client) -> Result<String, StoreError> {
    let rows = client.query_typed(SESSION, &[]).await.map_err(failed)?;
    one(rows)?.try_get(0).map_err(StoreError::refused)
}

/// Texts as parameters.
fn typed<'a>(texts: &'a [&str]) -> Vec<(&'a (dyn tokio_postgres::types::ToSql + Sync), Type)> {
    texts.iter().map(|text| (text as _, Type::TEXT)).collect()
}
