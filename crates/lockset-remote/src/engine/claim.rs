//! What all locks of a server are made of: the store, the names, the mode, the terms.

use core::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lockset_api::{Deadline, Error, ErrorKind, Name};
use tokio::sync::oneshot::error::RecvError;

use super::acquire::{Acquire, Patience};
use super::driver::{Driver, now};
use super::lease::RemoteLease;
use super::renewer::Renewer;
use super::terms::{Renewal, Terms};
use super::withdraw::limited;
use super::work::{Answer, answer};
use crate::request::DisplayNames;
use crate::store::{LeaseStore, Status};
use crate::{Mode, Request};

/// A store, and what does the work for it.
#[derive(Clone)]
pub(crate) struct Port {
    pub(crate) store: Arc<dyn LeaseStore>,
    pub(crate) driver: Driver,
    /// Sees to the leases of this store.
    pub(crate) renewer: Arc<Renewer>,
}

impl Port {
    /// Runs an exchange where exchanges are run.
    pub(crate) fn on_driver<T: Send + 'static>(
        &self,
        exchange: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> impl Future<Output = Result<T, Error>> + Send + 'static {
        let started = self.start_on_driver(exchange);
        async move { answered(started?.await) }
    }

    /// The same, for whoever keeps the answer that is to come. The exchange is seen through whether
    /// somebody still wants it or not.
    pub(crate) fn start_on_driver<T: Send + 'static>(
        &self,
        exchange: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<Answer<Result<T, Error>>, Error> {
        let (reply, answer) = answer();
        self.driver.handle()?.spawn(async move { drop(reply.send(exchange.await)) });
        Ok(answer)
    }

    /// Waits until `at`, by the driver's clock. Nothing goes on there for a future that is dropped.
    pub(crate) async fn sleep_until(&self, at: Instant) -> Result<(), Error> {
        let (mut reply, answer) = answer();
        self.driver.handle()?.spawn(async move {
            tokio::select! {
                () = reply.closed() => {}
                () = tokio::time::sleep_until(at.into()) => drop(reply.send(Ok(()))),
            }
        });
        answered(answer.await)
    }

    /// Who holds the lock of this name, and who waits for it. Runs on the driver.
    pub(crate) async fn inspect(&self, name: &Name) -> Result<Status, Error> {
        self.store.check(std::slice::from_ref(name), Mode::Exclusive)?;
        let until = now() + Terms::default().patience();
        let status = limited(until, self.store.inspect(name)).await;
        status.map_err(|error| error.explain(&*self.store, "inspect the lock").with_lock(name))
    }
}

/// What came from the driver, which answers before it goes unless it has ended.
pub(crate) fn answered<T>(answer: Result<Result<T, Error>, RecvError>) -> Result<T, Error> {
    answer.unwrap_or_else(|_| Err(Error::new(ErrorKind::Other, "the driver is gone")))
}

/// A lock that can be asked for.
#[derive(Clone)]
pub(crate) struct Claim {
    port: Port,
    names: Arc<[Name]>,
    terms: Terms,
    note: Option<Arc<str>>,
}

impl Claim {
    /// A claim to all of `names`, in any of `modes`.
    pub(crate) fn new(port: &Port, names: Arc<[Name]>, modes: &[Mode]) -> Result<Self, Error> {
        if names.is_empty() {
            return Err(Error::new(ErrorKind::Config, "a lock on no names at all locks nothing"));
        }
        if let Some(twice) = names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
            let why = "a name that is wanted twice would wait for itself";
            return Err(Error::new(ErrorKind::Config, why).with_lock(twice.1));
        }
        for &mode in modes {
            let refused = port.store.check(&names, mode);
            refused.map_err(|error| error.with_lock(DisplayNames(&names)))?;
        }
        Ok(Self { port: port.clone(), names, terms: Terms::default(), note: None })
    }

    pub(crate) fn port(&self) -> &Port {
        &self.port
    }

    pub(crate) fn names(&self) -> &[Name] {
        &self.names
    }

    pub(crate) fn with_ttl(self, ttl: Duration) -> Result<Self, Error> {
        let terms = self.terms.with_ttl(ttl);
        let terms = terms.map_err(|error| error.with_lock(DisplayNames(&self.names)))?;
        Ok(Self { terms, ..self })
    }

    pub(crate) fn with_margin(self, margin: Duration) -> Result<Self, Error> {
        let terms = self.terms.with_margin(margin);
        let terms = terms.map_err(|error| error.with_lock(DisplayNames(&self.names)))?;
        Ok(Self { terms, ..self })
    }

    pub(crate) fn with_renewal(mut self, renewal: Renewal) -> Self {
        self.terms.renewal = Some(renewal);
        self
    }

    pub(crate) fn with_note(self, note: &str) -> Self {
        let note = Some(note.replace(char::is_control, " ").into());
        Self { note, ..self }
    }

    /// Starts to wait until `deadline`; with one in the past, makes one attempt.
    pub(crate) fn acquire(&self, mode: Mode, deadline: Deadline) -> Acquire {
        Acquire::start(&self.port, self.request(mode), self.terms, Patience::from(deadline))
    }

    /// The same, but it need not start before it is polled.
    pub(crate) fn acquire_lazily(&self, mode: Mode, deadline: Deadline) -> Acquire {
        Acquire::lazily(&self.port, self.request(mode), self.terms, Patience::from(deadline))
    }

    /// Makes one attempt.
    pub(crate) fn try_acquire(&self, mode: Mode) -> Acquire {
        Acquire::lazily(&self.port, self.request(mode), self.terms, Patience::Try)
    }

    fn request(&self, mode: Mode) -> Result<Request, Error> {
        let request = Request::of(Arc::clone(&self.names), mode, self.terms.ttl)?;
        Ok(Request { note: self.note.clone(), ..request })
    }

    pub(crate) async fn wait(&self, mode: Mode) -> Result<RemoteLease, Error> {
        let granted = self.acquire_lazily(mode, Deadline::NEVER).await?;
        granted.ok_or_else(|| Error::new(ErrorKind::Other, "a wait without end has ended"))
    }

    /// The same for a thread.
    pub(crate) fn wait_blocking(&self, mode: Mode) -> Result<RemoteLease, Error> {
        self.port.driver.block_on(self.wait(mode))
    }

    /// [`try_acquire`](Self::try_acquire) for a thread.
    pub(crate) fn try_blocking(&self, mode: Mode) -> Result<Option<RemoteLease>, Error> {
        self.port.driver.block_on(self.try_acquire(mode))
    }

    /// [`acquire`](Self::acquire) for a thread.
    pub(crate) fn acquire_blocking(
        &self,
        mode: Mode,
        deadline: Deadline,
    ) -> Result<Option<RemoteLease>, Error> {
        self.port.driver.block_on(self.acquire_lazily(mode, deadline))
    }

    /// For the `Debug` of what is made of it.
    pub(crate) fn debug(&self, f: &mut fmt::Formatter<'_>, what: &str) -> fmt::Result {
        let mut lock = f.debug_struct(what);
        lock.field("store", &self.port.store.label());
        lock.field("name", &DisplayNames(&self.names).to_string());
        lock.field("ttl", &self.terms.ttl).field("renewal", &self.terms.renewal).finish()
    }
}

/// The settings that every kind of lock has, each a wrapper of a [`Claim`].
macro_rules! settings {
    ($lock:ident) => {
        impl $lock {
            /// How long a grant lasts if it is not renewed: 10 s unless set. It is how long a lock
            /// stays taken after its holder has died.
            ///
            /// # Errors
            ///
            /// [`Config`](lockset_api::ErrorKind::Config) below 20 ms and above a day.
            pub fn with_ttl(
                mut self,
                ttl: std::time::Duration,
            ) -> Result<Self, lockset_api::Error> {
                self.claim = self.claim.with_ttl(ttl)?;
                Ok(self)
            }

            /// How long before a lease can end it counts as lost, whatever the holder has to do for
            /// it to stop in time: nothing unless set. It is taken from the TTL.
            ///
            /// # Errors
            ///
            /// [`Config`](lockset_api::ErrorKind::Config) for more than a third of the TTL.
            pub fn with_margin(
                mut self,
                margin: std::time::Duration,
            ) -> Result<Self, lockset_api::Error> {
                self.claim = self.claim.with_margin(margin)?;
                Ok(self)
            }

            /// Whether, and for how long, a lease is renewed: for a hundred times its TTL unless
            /// set.
            #[must_use]
            pub fn with_renewal(mut self, renewal: crate::Renewal) -> Self {
                self.claim = self.claim.with_renewal(renewal);
                self
            }

            /// A note for whoever [inspects](crate::Locks::inspect) the lock: what it is held for.
            #[must_use]
            pub fn with_note(mut self, note: &str) -> Self {
                self.claim = self.claim.with_note(note);
                self
            }
        }

        impl core::fmt::Debug for $lock {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.claim.debug(f, stringify!($lock))
            }
        }
    };
}

/// The verbs of a lock that is taken exclusively, for a wrapper of a [`Claim`].
macro_rules! exclusive {
    ($lock:ident) => {
        impl lockset_api::Lock for $lock {
            type Guard<'a> = crate::RemoteLease;
            type Error = lockset_api::Error;

            fn lock(&self) -> Result<crate::RemoteLease, lockset_api::Error> {
                self.claim.wait_blocking(crate::Mode::Exclusive)
            }

            fn try_lock(&self) -> Result<Option<crate::RemoteLease>, lockset_api::Error> {
                self.claim.try_blocking(crate::Mode::Exclusive)
            }

            fn lock_until(
                &self,
                deadline: lockset_api::Deadline,
            ) -> Result<Option<crate::RemoteLease>, lockset_api::Error> {
                self.claim.acquire_blocking(crate::Mode::Exclusive, deadline)
            }
        }

        impl lockset_api::AsyncLock for $lock {
            type Guard<'a> = crate::RemoteLease;
            type Error = lockset_api::Error;

            async fn lock_async(&self) -> Result<crate::RemoteLease, lockset_api::Error> {
                self.claim.wait(crate::Mode::Exclusive).await
            }

            async fn try_lock_async(
                &self,
            ) -> Result<Option<crate::RemoteLease>, lockset_api::Error> {
                self.claim.try_acquire(crate::Mode::Exclusive).await
            }

            async fn lock_until_async(
                &self,
                deadline: lockset_api::Deadline,
            ) -> Result<Option<crate::RemoteLease>, lockset_api::Error> {
                self.claim.acquire_lazily(crate::Mode::Exclusive, deadline).await
            }
        }
    };
}

pub(crate) use {exclusive, settings};
