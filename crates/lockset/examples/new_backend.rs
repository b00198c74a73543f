//! The fifth user: a third party's backend, written against the public seam alone, and what it
//! gets for that: blocking and async fronts, deadlines, renewals, losses told in time.
//!
//! The server is a map in memory, so it excludes nobody but this process: it is here to be read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lockset::remote::{Attempt, LeaseStore, Op, Renewed, Request, RequestId, Withdrawn};
use lockset::{Fence, Locks, Name, RemoteLock, Renewal};
use lockset_conformance::{LeaseSubject, PATIENCE, Subject, failures, lease, lock};

/// What a server would keep, shared by all who are connected to it.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<HashMap<Name, Row>>>);

/// One lock; the row stays when the lease ends, because its fence has to go on rising.
struct Row {
    fence: u64,
    owner: Option<RequestId>,
    until: Instant,
}

impl Row {
    fn is_held_by(&self, id: RequestId) -> bool {
        self.owner == Some(id) && self.until > Instant::now()
    }
}

impl Memory {
    /// One exchange: here a look at the map, elsewhere a round trip.
    fn with_row<'a, T: Send + 'a>(
        &'a self,
        request: &'a Request,
        exchange: impl FnOnce(&mut Row) -> T + Send + 'a,
    ) -> Op<'a, T> {
        Box::pin(async move {
            let mut rows = self.0.lock().expect("no exchange panics");
            let new = || Row { fence: 0, owner: None, until: Instant::now() };
            Ok(exchange(rows.entry(request.name.clone()).or_insert_with(new)))
        })
    }
}

impl LeaseStore for Memory {
    fn label(&self) -> &str {
        "memory"
    }

    fn attempt<'a>(&'a self, request: &'a Request) -> Op<'a, Attempt> {
        self.with_row(request, |row| {
            let now = Instant::now();
            if row.owner.is_some() && row.until > now {
                return Attempt::Busy { held: row.until - now };
            }
            *row = Row { fence: row.fence + 1, owner: Some(request.id), until: now + request.ttl };
            Attempt::Granted(Fence::new(row.fence))
        })
    }

    fn wait<'a>(&'a self, _: &'a Request, _: u32, held: Duration) -> Op<'a, ()> {
        Box::pin(async move {
            tokio::time::sleep(held.min(Duration::from_millis(1))).await;
            Ok(())
        })
    }

    fn renew<'a>(&'a self, request: &'a Request) -> Op<'a, Renewed> {
        self.with_row(request, |row| {
            if !row.is_held_by(request.id) {
                return Renewed::Gone;
            }
            row.until = Instant::now() + request.ttl;
            Renewed::Yes
        })
    }

    fn release<'a>(&'a self, request: &'a Request) -> Op<'a, Withdrawn> {
        self.with_row(request, |row| {
            let held = row.is_held_by(request.id);
            if row.owner == Some(request.id) {
                row.owner = None;
            }
            if held { Withdrawn::Freed } else { Withdrawn::NotHeld }
        })
    }
}

impl Subject for Memory {
    type Lock = RemoteLock;
    const ROUNDS: usize = 30;

    fn open(&self) -> RemoteLock {
        Locks::new(self.clone()).lock("job").expect("a name")
    }
}

impl LeaseSubject for Memory {
    fn open_brief(&self, ttl: Duration) -> RemoteLock {
        self.open().with_renewal(Renewal::Never).with_ttl(ttl).expect("a TTL")
    }
}

// As tests, one for each check: `suite!(memory: Memory::default() => lock, lease);`
pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut broken = failures(lock::checks::<Memory>(), Memory::default, PATIENCE);
    broken.extend(failures(lease::checks::<Memory>(), Memory::default, PATIENCE));
    let lines = include_str!("new_backend.rs").lines().count();
    println!("a backend of {lines} lines passes the suite");
    assert!(broken.is_empty(), "{broken:?}");
    Ok(())
}
