//! A queue of jobs in a table, several processes that work on it, and one of them that dies.
//!
//! Each claims a job by `SKIP LOCKED`, in the transaction in which it also does the job: so a job is
//! done once, whoever dies when, and nobody waits for anybody.

use std::env;
use std::error::Error;
use std::process::{Child, Command, Stdio};

use lockset::remote::transaction::{Rows, Table, TransactionLocks};
use tokio::runtime::Builder;
use tokio_postgres::{Client, NoTls};

/// Where a worker finds the database; its presence makes a process a worker's.
const DATABASE: &str = "LOCKSET_EXAMPLE_DATABASE";
/// Which worker it is.
const WORKER: &str = "LOCKSET_EXAMPLE_WORKER";

const JOBS: i64 = 60;
const WORKERS: usize = 4;

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    if let Ok(url) = env::var(DATABASE) {
        return runtime.block_on(work(&url));
    }
    let server = testbed::Postgres::start()?;
    runtime.block_on(async {
        let client = connect(&server.url()).await?;
        client
            .batch_execute(&format!(
                "CREATE TABLE jobs AS SELECT id::bigint FROM generate_series(1, {JOBS}) AS id;
                 CREATE TABLE done (job bigint, worker text)"
            ))
            .await?;
        let workers = (0..WORKERS).map(|number| start(&server.url(), number));
        let mut workers = workers.collect::<Result<Vec<_>, _>>()?;
        // One is killed in the middle of whatever it does; its job is there for the others.
        while count(&client, "done").await? == 0 && workers[0].try_wait()?.is_none() {}
        workers[0].kill()?;
        workers[0].wait()?;
        for worker in &mut workers[1..] {
            assert!(worker.wait()?.success(), "a worker failed");
        }
        assert_eq!(count(&client, "jobs").await?, 0, "a job was left");
        assert_eq!(count(&client, "done").await?, JOBS, "a job was done twice, or never");
        println!(
            "{JOBS} jobs were done once each, by {WORKERS} processes, of which one was killed"
        );
        Ok(())
    })
}

/// What a worker does until there is nothing to do.
async fn work(url: &str) -> Result<(), Box<dyn Error>> {
    let worker = env::var(WORKER)?;
    let mut client = connect(url).await?;
    let jobs = Rows::of(Table::new("jobs")).columns(["id"]).ordered_by(["id"]);
    loop {
        let mut transaction = client.transaction().await?;
        let Some(job) = transaction.claim(&jobs, &[]).await? else { break };
        let id: i64 = job.try_get("id")?;
        // Here the work would be. What it changes in the database belongs to the transaction.
        transaction.execute("INSERT INTO done VALUES ($1, $2)", &[&id, &worker]).await?;
        transaction.execute("DELETE FROM jobs WHERE id = $1", &[&id]).await?;
        transaction.commit().await?;
    }
    Ok(())
}

/// Starts the running program, which may be the test of all examples, once more as a worker.
fn start(url: &str, number: usize) -> Result<Child, Box<dyn Error>> {
    let mut command = Command::new(env::current_exe()?);
    command.args(["--exact", "job_queue", "--test-threads=1"]);
    command.env(DATABASE, url).env(WORKER, number.to_string());
    Ok(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?)
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
