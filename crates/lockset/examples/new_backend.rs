//! The fifth user: a third party's backend, written against the public seam alone, and what it
//! gets for that: blocking and async fronts, deadlines, renewals, losses told in time, readers,
//! permits, several names at once.
//!
//! The server is a map in memory, so it excludes nobody but this process: it is here to be read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lockset::remote::{
    Attempt, LeaseStore, Mode, Op, Raised, Renewed, Request, RequestId, Withdrawn,
};
use lockset::{Error, Fence, Locks, Name, RemoteRwLock, RemoteSemaphore, Renewal};
use lockset_conformance::{
    LeaseSubject, PATIENCE, PermitsSubject, Subject, failures, lease, lock, permits, shared,
};

/// What a server would keep, shared by all who are connected to it.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<HashMap<Name, Row>>>);

/// One lock; it stays when the last lease ends, because its fence has to go on rising.
#[derive(Default)]
struct Row {
    fence: u64,
    /// How much each holder has, and until when.
    holders: HashMap<RequestId, (u32, Instant)>,
}

impl Memory {
    /// One exchange: here a look at the rows of all names, elsewhere a round trip.
    fn with_rows<'a, T: Send + 'a>(
        &'a self,
        request: &'a Request,
        exchange: impl FnOnce(&mut [&mut Row], Instant) -> T + Send + 'a,
    ) -> Op<'a, T> {
        Box::pin(async move {
            let now = Instant::now();
            let mut map = self.0.lock().expect("no exchange panics");
            for name in &*request.names {
                let row = map.entry(name.clone()).or_default();
                row.holders.retain(|_, (_, until)| *until > now);
            }
            let wanted = map.iter_mut().filter(|(name, _)| request.names.contains(name));
            let mut rows: Vec<&mut Row> = wanted.map(|(_, row)| row).collect();
            Ok(exchange(&mut rows, now))
        })
    }
}

impl LeaseStore for Memory {
    fn label(&self) -> &str {
        "memory"
    }

    fn check(&self, _: &[Name], _: Mode) -> Result<(), Error> {
        Ok(())
    }

    fn attempt<'a>(&'a self, request: &'a Request, _: Duration) -> Op<'a, Attempt> {
        self.with_rows(request, |rows, now| {
            let (weight, limit) = (request.mode.weight(), request.mode.limit());
            for row in &mut *rows {
                let out: u32 = row.holders.values().map(|(weight, _)| weight).sum();
                if out + weight > limit {
                    let next = row.holders.values().map(|(_, until)| *until).min();
                    return Attempt::Busy { held: next.unwrap_or(now) - now };
                }
            }
            let latest = rows.iter().map(|row| row.fence).max().unwrap_or(0);
            let floor = request.floor.map_or(0, Fence::value);
            let fence = floor.max(latest + 1);
            for row in rows {
                row.fence = fence;
                row.holders.insert(request.id, (weight, now + request.ttl));
            }
            Attempt::Granted(Fence::new(fence))
        })
    }

    fn renew<'a>(&'a self, request: &'a Request) -> Op<'a, Renewed> {
        self.with_rows(request, |rows, now| {
            if !rows.iter().all(|row| row.holders.contains_key(&request.id)) {
                return Renewed::Gone;
            }
            for row in rows {
                row.holders.insert(request.id, (request.mode.weight(), now + request.ttl));
            }
            Renewed::Yes
        })
    }

    fn release<'a>(&'a self, request: &'a Request) -> Op<'a, Withdrawn> {
        self.with_rows(request, |rows, _| {
            let mine = rows.iter_mut().filter_map(|row| row.holders.remove(&request.id));
            let held = mine.count() == request.names.len();
            if held { Withdrawn::Freed } else { Withdrawn::NotHeld }
        })
    }

    /// Only needed by a server that is to be one of a quorum.
    fn raise<'a>(&'a self, request: &'a Request, fence: Fence) -> Op<'a, Raised> {
        self.with_rows(request, move |rows, _| {
            let is_mine = |row: &Row| row.holders.contains_key(&request.id);
            if !rows.iter().all(|row| is_mine(row) && row.fence <= fence.value()) {
                return Raised::No;
            }
            rows.iter_mut().for_each(|row| row.fence = fence.value());
            Raised::Yes
        })
    }
}

impl Subject for Memory {
    type Lock = RemoteRwLock;
    const ROUNDS: usize = 30;

    fn open(&self) -> RemoteRwLock {
        Locks::new(self.clone()).rw_lock("job").expect("a name")
    }
}

impl LeaseSubject for Memory {
    fn open_brief(&self, ttl: Duration) -> RemoteRwLock {
        self.open().with_renewal(Renewal::Never).with_ttl(ttl).expect("a TTL")
    }
}

impl PermitsSubject for Memory {
    type Permits = RemoteSemaphore;

    fn with_permits(&self, permits: usize) -> RemoteSemaphore {
        let permits = permits.try_into().expect("a few");
        Locks::new(self.clone()).semaphore("pool", permits).expect("a name")
    }
}

// As tests, one for each check: `suite!(memory: Memory::default() => lock, shared, lease);`
pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut broken = failures(lock::checks::<Memory>(), Memory::default, PATIENCE);
    broken.extend(failures(shared::checks::<Memory>(), Memory::default, PATIENCE));
    broken.extend(failures(lease::checks::<Memory>(), Memory::default, PATIENCE));
    broken.extend(failures(permits::checks::<Memory>(), Memory::default, PATIENCE));
    drop(lockset::Lock::lock(&Locks::new(Memory::default()).lock_all(&["one", "other"])?)?);
    assert!(broken.is_empty(), "{broken:?}");
    let lines = include_str!("new_backend.rs").lines().count();
    println!("a backend of {lines} lines passes the suite");
    Ok(())
}
