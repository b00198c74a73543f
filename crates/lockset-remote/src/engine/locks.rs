//! The locks of one server, by their names.

use core::fmt;
use std::sync::Arc;

use lockset_api::{Error, ErrorKind, Name};
use tokio::runtime::Handle;

use super::claim::{Claim, Port};
use super::driver::{Driver, now};
use super::keeper::Held;
use super::lease::RemoteLease;
use super::lock::RemoteLock;
use super::rw_lock::RemoteRwLock;
use super::semaphore::RemoteSemaphore;
use super::terms::Terms;
use super::ticket::Ticket;
use super::withdraw::limited;
use crate::store::{LeaseStore, Renewed, Status};
use crate::{Mode, Request};

/// The locks of one server.
///
/// Cheap to clone; all clones share the store and its connection.
#[derive(Clone)]
pub struct Locks {
    port: Port,
}

impl Locks {
    /// The locks that `store` keeps, the work for them being done by a thread of the library's: so
    /// leases are renewed, and given back, whatever becomes of the caller's threads and runtimes.
    #[must_use]
    pub fn new(store: impl LeaseStore) -> Self {
        Self::from(Arc::new(store) as Arc<dyn LeaseStore>)
    }

    /// The same with the work done on a tokio runtime of the caller's, with time and I/O enabled:
    /// no thread has to be woken for an exchange. It has to go on running. While it is stuck
    /// nothing is renewed, and what is dropped after it was shut down stays locked for its TTL.
    ///
    /// The blocking verbs wait for that runtime, so on the only thread of one that has no more
    /// they are an error, of the kind [`Config`](ErrorKind::Config). Once it has been shut down,
    /// the verbs of its locks panic, as all that needs its timers does; a drop does not.
    ///
    /// The runtime's clock counts, so in one whose time is simulated, leases are, too.
    #[must_use]
    pub fn on(runtime: &Handle, store: impl LeaseStore) -> Self {
        Self::of(Driver::Given(runtime.clone()), Arc::new(store))
    }

    fn of(driver: Driver, store: Arc<dyn LeaseStore>) -> Self {
        Self { port: Port { store, driver, renewer: Arc::default() } }
    }

    /// The lock of this name. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`InvalidName`](ErrorKind::InvalidName) if the name breaks the rules of [`Name`], or the
    /// server's own.
    pub fn lock(&self, name: &str) -> Result<RemoteLock, Error> {
        self.lock_all(&[name])
    }

    /// A lock on several names, which are granted together or not at all: so nobody waits for one
    /// while holding another, and no order of them can deadlock.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported) if the server cannot do that,
    /// [`Config`](ErrorKind::Config) for no name, or one that is there twice, and otherwise as
    /// [`lock`](Self::lock).
    pub fn lock_all(&self, names: &[&str]) -> Result<RemoteLock, Error> {
        let names = names.iter().map(|&name| Name::new(name)).collect::<Result<_, _>>()?;
        Ok(RemoteLock { claim: Claim::new(&self.port, names, &[Mode::Exclusive])? })
    }

    /// The lock of this name as one that readers share. It is the same lock: who
    /// [`lock`](Self::lock)s the name is a writer.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported) if the server cannot do that, and otherwise as
    /// [`lock`](Self::lock).
    pub fn rw_lock(&self, name: &str) -> Result<RemoteRwLock, Error> {
        let names = Arc::new([Name::new(name)?]);
        Ok(RemoteRwLock { claim: Claim::new(&self.port, names, &[Mode::Exclusive, Mode::Shared])? })
    }

    /// A semaphore of this name: so many permits may be out at once.
    ///
    /// Its name is a lock's name as well; use one for one purpose. Everybody should give the same
    /// number: a request waits until the permits that are out, and its own, are no more than *its*
    /// number.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported) if the server cannot do that,
    /// [`Config`](ErrorKind::Config) for no permits and for more than [`Mode::MOST`], and otherwise
    /// as [`lock`](Self::lock).
    pub fn semaphore(&self, name: &str, permits: u32) -> Result<RemoteSemaphore, Error> {
        let names = Arc::new([Name::new(name)?]);
        if !(1..=Mode::MOST).contains(&permits) {
            let why = format!("a semaphore has from 1 to {} permits, not {permits}", Mode::MOST);
            return Err(Error::new(ErrorKind::Config, why).with_lock(&names[0]));
        }
        let mode = Mode::Permits { n: 1, of: permits };
        Ok(RemoteSemaphore { claim: Claim::new(&self.port, names, &[mode])?, permits })
    }

    /// Takes over a lease that another thread or process has [put into a
    /// ticket](RemoteLease::into_ticket), by renewing it. From here on it is renewed as any lease
    /// is by default, however it was before.
    ///
    /// Where a lease belongs to a session of the server's (PostgreSQL, ZooKeeper), that is possible
    /// with the store that has the session only, and so in the same process.
    ///
    /// # Errors
    ///
    /// [`Lost`](ErrorKind::Lost) if it has run out meanwhile, and what the server says.
    pub fn resume(&self, ticket: Ticket) -> Result<RemoteLease, Error> {
        self.port.driver.block_on(self.resume_async(ticket))
    }

    /// The same for a task. Cancel-safe: a lease that was taken over and not received is given
    /// back.
    ///
    /// # Errors
    ///
    /// As [`resume`](Self::resume).
    pub fn resume_async(
        &self,
        ticket: Ticket,
    ) -> impl Future<Output = Result<RemoteLease, Error>> + Send + 'static {
        let port = self.port.clone();
        self.port.on_driver(async move {
            let asked = now();
            let terms = Terms::default().with_ttl(ticket.ttl)?;
            let Ticket { id, names, mode, fence, .. } = ticket;
            let request = Request { id, ..Request::of(names, mode, terms.ttl)? };
            let until = asked + terms.patience();
            let lock = request.display_names().to_string();
            match limited(until, port.store.renew(&request)).await {
                Ok(Renewed::Yes) => {
                    Ok(RemoteLease::of(Held::start(port, request, terms, fence, asked)))
                }
                Ok(Renewed::Gone) => {
                    let why = "the lease in the ticket has run out or was given back";
                    Err(Error::new(ErrorKind::Lost, why).with_lock(lock))
                }
                Err(error) => Err(error.explain(&*port.store, "resume the lease").with_lock(lock)),
            }
        })
    }

    /// Who holds the lock of this name, and who waits for it.
    ///
    /// # Errors
    ///
    /// [`Denied`](ErrorKind::Denied) if the server keeps no record of that, and what it says.
    pub fn inspect(&self, name: &str) -> Result<Status, Error> {
        self.port.driver.block_on(self.inspect_async(name))
    }

    /// The same for a task. Cancel-safe.
    ///
    /// # Errors
    ///
    /// As [`inspect`](Self::inspect).
    pub fn inspect_async(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Status, Error>> + Send + 'static {
        let (port, name) = (self.port.clone(), Name::new(name));
        self.port.on_driver(async move { port.inspect(&name?).await })
    }
}

/// As [`Locks::new`], for a store that was chosen at run time.
impl From<Arc<dyn LeaseStore>> for Locks {
    fn from(store: Arc<dyn LeaseStore>) -> Self {
        Self::of(Driver::Process, store)
    }
}

impl fmt::Debug for Locks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Locks").field("store", &self.port.store.label()).finish()
    }
}
