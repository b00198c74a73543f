//! A holder that is stopped for longer than its lease, and a value in Redis that refuses its write.

mod paused;

use std::error::Error;
use std::time::Duration;

use lockset::remote::fenced::FencedHash;
use lockset::remote::redis::Redis;
use lockset::{Lease, Lock, Locks, Released, RemoteLock};

const TTL: Duration = Duration::from_secs(1);

fn lock(url: &str) -> Result<RemoteLock, lockset::Error> {
    Locks::new(Redis::new(url)?).lock("report")?.with_ttl(TTL)
}

fn connect(url: &str) -> redis::RedisResult<redis::Connection> {
    redis::Client::open(url)?.get_connection()
}

fn read(connection: &mut redis::Connection) -> redis::RedisResult<Option<String>> {
    redis::cmd("HGET").arg("report:today").arg("value").query(connection)
}

/// Ada is stopped when nothing is left to do but to write.
fn ada(url: &str) -> Result<(), Box<dyn Error>> {
    let (lock, mut connection) = (lock(url)?, connect(url)?);
    let report = FencedHash::new("report:today");
    let lease = loop {
        let lease = lock.lock()?;
        // She looks whether the lock is still hers, and it is.
        if !lease.lost().is_lost() {
            break lease;
        }
    };
    paused::stop_here()?;
    let written = report.set(&mut connection, lease.fence(), "by Ada");
    paused::say(&written.expect_err("a stale write"));
    assert!(matches!(lease.release()?, Released::AlreadyLost(_)));
    Ok(())
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    if let Some(url) = paused::address() {
        return ada(&url);
    }
    let server = testbed::Redis::start()?;
    let (url, report) = (server.url(), FencedHash::new("report:today"));
    let mut connection = connect(&url)?;

    let mut ada = paused::Ada::start("fenced_hash", &url)?;
    ada.until_stopped()?;
    println!("Ada has the lock, and is stopped; the report is {:?}", read(&mut connection)?);

    // Ben waits until her lease has run out.
    let lease = lock(&url)?.lock()?;
    report.set(&mut connection, lease.fence(), "by Ben")?;
    let released = lease.release()?;
    println!("Ben has the lock ({released:?}); the report is {:?}", read(&mut connection)?);

    println!("Ada goes on, and writes: {}", ada.resume()?.join("; "));
    assert_eq!(read(&mut connection)?.as_deref(), Some("by Ben"), "it is still there");
    Ok(())
}
