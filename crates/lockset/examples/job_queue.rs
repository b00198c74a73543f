//! A queue of jobs in a table, several processes that work on it, and one of them that dies.
//!
//! Each claims a job by `SKIP LOCKED`, in the transaction in which it also does the job: so a job
//! is done once, whoever dies when, and nobody waits for anybody.

mod workers;

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use lockset::remote::transaction::{Rows, Table, TransactionLocks};
use tokio::runtime::Builder;
use tokio_postgres::{Client, NoTls};
use workers::Worker;

const JOBS: i64 = 60;
const WORKERS: u32 = 4;
/// Before somebody looks again.
const PAUSE: Duration = Duration::from_millis(10);

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    if let Some((url, number)) = workers::this() {
        return runtime.block_on(work(&url.to_string_lossy(), number));
    }
    let server = testbed::Postgres::start()?;
    runtime.block_on(async {
        let client = connect(&server.url()).await?;
        client
            .batch_execute(&format!(
                "CREATE TABLE jobs AS SELECT id FROM generate_series(1::bigint, {JOBS}) AS id;
                 CREATE TABLE done (job bigint, worker text)"
            ))
            .await?;
        let url = server.url();
        let start = |number| Worker::start("job_queue", Path::new(&url), number);
        let mut workers = (0..WORKERS).map(start).collect::<Result<Vec<_>, _>>()?;
        // One is killed in the middle of whatever it does; its job is there for the others.
        while count(&client, "done").await? == 0 {
            workers.iter_mut().try_for_each(Worker::is_well)?;
            tokio::time::sleep(PAUSE).await;
        }
        workers.remove(0).kill()?;
        workers.into_iter().try_for_each(Worker::join)?;
        assert_eq!(count(&client, "jobs").await?, 0, "a job was left");
        assert_eq!(count(&client, "done").await?, JOBS, "a job was done twice, or never");
        println!(
            "{JOBS} jobs were done once each, by {WORKERS} processes, of which one was killed"
        );
        Ok(())
    })
}

/// What a worker does until there is nothing to do.
async fn work(url: &str, number: u32) -> Result<(), Box<dyn Error>> {
    let worker = number.to_string();
    let mut client = connect(url).await?;
    let jobs = Rows::of(Table::new("jobs")).columns(["id"]).ordered_by(["id"]);
    while count(&client, "jobs").await? > 0 {
        let mut transaction = client.transaction().await?;
        let Some(job) = transaction.claim(&jobs, &[]).await? else {
            // Others have all that is left. Should one of them die, its job is there again.
            drop(transaction);
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let id: i64 = job.try_get("id")?;
        // Here the work would be. What it changes in the database belongs to the transaction.
        transaction.execute("INSERT INTO done VALUES ($1, $2)", &[&id, &worker]).await?;
        transaction.execute("DELETE FROM jobs WHERE id = $1", &[&id]).await?;
        transaction.commit().await?;
    }
    Ok(())
}

async fn connect(url: &str) -> Result<Client, Box<dyn Error>> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn count(client: &Client, table: &str) -> Result<i64, Box<dyn Error>> {
    let row = client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await?;
    Ok(row.try_get(0)?)
}
