//! A holder that is stopped for longer than its lease, and an etcd that refuses its write: the
//! condition stands in the very transaction that writes.

mod paused;

use std::error::Error;
use std::time::Duration;

use lockset::remote::etcd::etcd_client::{Client, Txn, TxnOp};
use lockset::remote::etcd::{Etcd, while_held};
use lockset::{Lease, Lock, Locks, Released, RemoteLease};
use tokio::runtime::{Builder, Runtime};

const TTL: Duration = Duration::from_secs(1);

/// The data, which lie in the same etcd as the lock, and its client.
struct Report(Runtime, Client);

impl Report {
    fn open(url: &str) -> Result<Self, Box<dyn Error>> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let address = url.trim_start_matches("etcd://");
        let client = runtime.block_on(Client::connect([address], None))?;
        Ok(Self(runtime, client))
    }

    /// Says whether etcd has written: it does as long as the lock is held, and not a moment longer.
    fn write(&mut self, lease: &RemoteLease, text: &str) -> Result<Written, Box<dyn Error>> {
        let put = TxnOp::put("report", text, None);
        let txn = Txn::new().when([while_held(lease)]).and_then([put]);
        let answer = self.0.block_on(self.1.txn(txn))?;
        Ok(if answer.succeeded() { Written::Yes } else { Written::No })
    }

    fn read(&mut self) -> Result<String, Box<dyn Error>> {
        let answer = self.0.block_on(self.1.get("report", None))?;
        Ok(answer.kvs().first().ok_or("nothing was written")?.value_str()?.to_owned())
    }
}

#[derive(Debug, PartialEq)]
enum Written {
    Yes,
    No,
}

fn lock(url: &str) -> Result<RemoteLease, lockset::Error> {
    Locks::new(Etcd::new(url)?).lock("report")?.with_ttl(TTL)?.lock()
}

/// Ada is stopped when nothing is left to do but to write.
fn ada(url: &str) -> Result<(), Box<dyn Error>> {
    let mut report = Report::open(url)?;
    let lease = lock(url)?;
    assert_eq!(report.write(&lease, "begun by Ada")?, Written::Yes);
    paused::stop_here()?;
    assert_eq!(report.write(&lease, "by Ada")?, Written::No);
    let refused: Box<dyn Error> = "etcd refused: the lock is not held any more".into();
    paused::say(&*refused);
    assert!(matches!(lease.release()?, Released::AlreadyLost(_)));
    Ok(())
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    if let Some(url) = paused::address() {
        return ada(&url);
    }
    let server = testbed::Etcd::start()?;
    let url = server.url();
    let mut report = Report::open(&url)?;

    let mut ada = paused::Ada::start("while_held", &url)?;
    ada.until_stopped()?;
    println!("Ada has the lock, and is stopped; the report is {:?}", report.read()?);

    // Ben waits until her session has ended.
    let lease = lock(&url)?;
    assert_eq!(report.write(&lease, "by Ben")?, Written::Yes);
    let released = lease.release()?;
    println!("Ben has the lock ({released:?}); the report is {:?}", report.read()?);

    println!("Ada goes on, and writes: {}", ada.resume()?.join("; "));
    assert_eq!(report.read()?, "by Ben", "it is still there");
    Ok(())
}
