//! Leases kept by sessions of PostgreSQL, 14 or later: its advisory locks, with fences.
//!
//! Each lease, and each waiter, has a session of its own, on a connection of its own. The server
//! frees what a session holds when the session ends, whatever ends it; so plan its
//! `max_connections` for as many leases and waiters as there can be at once.
//!
//! | what | where |
//! |---|---|
//! | the lock | the advisory lock with the name's [`key`], exclusive or shared |
//! | the fence | a row of `lockset.granted`, by that key; beside it who was granted it last, when |
//! | where fences go on after a crash | a row of `lockset.reserved` |
//! | who holds, who waits | `pg_locks`, and the sessions' `application_name` |
//! | the TTL | the session's `idle_session_timeout` |
//!
//! The schema and the tables are made where they are missing and the user may; an error says what
//! the owner has to run where not.
//!
//! # What bounds its safety
//!
//! The session. It ends, and the lock with it,
//! - when the server has not heard from the holder for the TTL: a renewal is an exchange on that
//!   very connection, after which the server counts the idle time anew. A holder that is paused,
//!   or cut off in silence, loses the lock by that, and knows by its own clock before;
//! - **at once when the connection breaks**, or the server restarts, or an administrator ends the
//!   session. The holder learns of it when its own end of the connection closes, and is
//!   [told](crate::LossNotice) then: one way of the news later than the server, during which the
//!   next one may already have the lock. So a network whose connections break costs leases here
//!   that it would not cost a lock in a table; and as with any lock that can be lost, the fence
//!   is what protects the resource.
//!
//! A lease that is put into a ticket can only be resumed by the same [`Postgres`] value, as its
//! session is there.
//!
//! # Exchanges
//!
//! Taking the lock and counting its fence is one statement, one round trip; giving it back is
//! another. Where it is taken, a second statement stands behind the first on the wire: it waits in
//! the server's own queue, which is first come, first served, and is answered when the lock is
//! granted and counted. So a hand-over is one round trip, and a waiter asks nothing in between,
//! except every 10 s, on another connection, whether the server still has it in its queue. Where
//! the server has none to spare the waiter keeps its place, and after one failure of another kind.
//!
//! A grant that comes after more than a quarter of the TTL is renewed before it is reported, since
//! how long ago the server made it is not known; that is a second round trip.
//!
//! A session in which anything is in doubt - an error, a lost answer, a wait that was cancelled -
//! is closed and never used again. One in which nothing is held, as the server has answered, is
//! kept for half a minute, 16 of them at most.
//!
//! # Waiters that are gone
//!
//! Whoever stops waiting has its statement cancelled, and everything given back, before its release
//! is answered. A client that has died is noticed by its backend within 0.5 s
//! (`client_connection_check_interval`), also while that waits; one whose machine has vanished
//! within 11 s, by TCP. What such a backend is granted before that, it gives back when it tries to
//! say so, or after the TTL at the latest: **nothing stays locked for longer than the TTL plus 12
//! s** after its holder or waiter was last heard of.
//!
//! A wait is a statement that runs: while it lasts, `VACUUM` cannot remove what became dead after
//! it began, in the whole database. And `CREATE INDEX CONCURRENTLY` and `REINDEX CONCURRENTLY` wait
//! until it ends: **who builds an index while others wait for its lease waits for them, and they
//! for it**, which the server does not see. Take the lock of a migration by `try_lock`, again and
//! again.
//!
//! # Locks in a transaction
//!
//! [`tokio_postgres::Transaction`] has the [`TransactionLocks`](crate::transaction) of a name, of
//! rows and of a table. The name is the lease's: who locks it in a transaction excludes its leases.
//!
//! # Poolers
//!
//! A pooler that gives each transaction to whichever session is free would have a lock taken in one
//! session and given back in another. It is found out when the first connection is made, by a
//! second one, and refused. Each later statement looks as well whether it is in the session that it
//! should be in. A pool in session mode will do.
//!
//! # TLS
//!
//! With the feature `postgres-tls`, the URL's `sslmode` says whether TLS is spoken, and whom to
//! believe, as PostgreSQL's own clients have it:
//!
//! | `sslmode` | | the server is |
//! |---|---|---|
//! | `disable`, or none | no TLS | whoever answers |
//! | `prefer` | TLS if the server speaks it | whoever answers |
//! | `require` | TLS or nothing | whoever answers |
//! | `verify-ca` | TLS or nothing | one whose certificate an authority of ours has signed |
//! | `verify-full` | TLS or nothing | the same, and of the host's name: **what to use** |
//!
//! `sslrootcert` is the file with the authority's certificate (PEM), and for `prefer` and `require`
//! makes them look at the signature as `verify-ca` does. For `verify-full` it may be missing, or be
//! `system`, and then whom the system trusts is trusted. Where the client of PostgreSQL's would try
//! TLS unasked (`prefer`), nothing is tried here: whether the feature is on somewhere in a program
//! changes nothing for a URL that does not ask.
//!
//! With `channel_binding=require` a password is of use on this connection alone, and to nobody in
//! between. Without it, whoever is believed may ask for the password itself.
//!
//! # Fences
//!
//! A fence is the greater of the last one plus one and the server's clock in microseconds. The last
//! one is in a table that has no log, so that to count waits for no disk, and that a crash empties.
//! The first fence of each second has the server write the end of that second to its disk before it
//! is answered, and there they go on after a crash; until the next grant the status knows of none.
//! So a fence rises with every grant; and where the latest rows are lost, by a restore or a
//! failover, as long as the clock is ahead of the last fence: it was not set back, and the server
//! had not just crashed, after which fences may be ahead of it for up to a second. The two tables
//! belong together; whoever changes or restores one by itself can take fences back.

mod address;
mod ask;
mod fault;
mod holds;
mod key;
mod session;
mod setup;
mod ssl;
mod statements;
mod status;
#[cfg(feature = "postgres-tls")]
mod tls;
mod transaction;
mod transport;
mod waiting;

use core::fmt;
use std::sync::Arc;
use std::time::Duration;

use lockset_api::{Error, ErrorKind, Name};
use tokio::sync::{OnceCell, oneshot};
use tokio::time::timeout;
use tokio_postgres::{CancelToken, Config};

use crate::pauses::Pauses;
use crate::store::{
    Attempt, LeaseStore, LossNotice, Op, Renewed, Status, StoreError, Wake, Withdrawn,
};
use crate::{Mode, Request};
use ask::{Parameter, sharing};
use fault::failed;
use holds::{Hold, Holds, ended};
pub use key::key;
use session::Session;
pub use transaction::limit_waits;
use transport::Transport;

/// The leases of a PostgreSQL database.
pub struct Postgres {
    label: String,
    #[cfg(feature = "postgres-tls")]
    ssl: ssl::Ssl,
    server: Arc<Server>,
    holds: Arc<Holds>,
}

/// How a session is come by.
struct Server {
    config: Config,
    transport: Transport,
    /// That what is in front of it, if anything is, leaves sessions alone.
    is_probed: OnceCell<()>,
}

/// How long the server keeps a session in which nothing is held: a minute, in milliseconds.
const KEEP: &str = "60000";

/// How long ago such a session may have been used last to be used again. Well before the server
/// ends it, which could come between.
const USABLE: Duration = Duration::from_secs(30);

/// How long the making of a connection, with all that is asked in it, may take.
const CONNECT: Duration = Duration::from_secs(20);

/// How long a side connection may take: to cancel a wait, or to ask about one.
const ASIDE: Duration = Duration::from_secs(2);

impl Postgres {
    /// The database at `url`, `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, of which all but the
    /// host may be missing, and to which parameters may be added as for any client of PostgreSQL's
    /// own. Of several hosts, it is the one that can be written to. Nothing is sent yet.
    ///
    /// [TLS](self#tls) is spoken where the URL asks for it (feature `postgres-tls`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if that is not such a URL, or if it names certificates that are none;
    /// [`ErrorKind::Unsupported`] for TLS where it is not built in.
    pub fn new(url: &str) -> Result<Self, Error> {
        let (config, ssl, label) = address::parse(url)?;
        let server = Server::new(config, &ssl)?;
        Ok(Self {
            label,
            #[cfg(feature = "postgres-tls")]
            ssl,
            server: Arc::new(server),
            holds: Arc::default(),
        })
    }

    /// Trusts a server whose certificate one of these has signed (PEM, one or more), and no other.
    ///
    /// It is what `sslrootcert` in the URL does with a file. The name in the certificate is looked
    /// at for `sslmode=verify-full` alone. A URL with `verify-ca` has to name such a file itself.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if there is no TLS in the URL, or if these are no certificates.
    #[cfg(feature = "postgres-tls")]
    pub fn with_root_certificates(self, roots: &[u8]) -> Result<Self, Error> {
        let ssl = ssl::Ssl { roots: ssl::Roots::Given(roots.to_owned()), ..self.ssl }.checked()?;
        let server = Server::new(self.server.config.clone(), &ssl)?;
        Ok(Self { ssl, server: Arc::new(server), ..self })
    }

    /// A session in which nothing is held, and whether it has just been made.
    async fn session(&self) -> Result<(Arc<Session>, bool), StoreError> {
        if let Some(session) = self.holds.take_idle(USABLE) {
            return Ok((session, false));
        }
        let (reply, answer) = oneshot::channel();
        let (server, holds) = (Arc::clone(&self.server), Arc::clone(&self.holds));
        // It is seen through where nobody waits for it any more: a lease may be too short for the
        // first connection, and the next attempt finds it made.
        tokio::spawn(async move {
            holds.forget_ended();
            let opened = timeout(CONNECT, Session::open(&server)).await;
            let opened = opened.unwrap_or_else(|late| Err(StoreError::unreachable(late)));
            if let Err(Ok(session)) = reply.send(opened.map(Arc::new)) {
                holds.keep(session);
            }
        });
        answer.await.map_err(StoreError::unreachable)?.map(|session| (session, true))
    }

    /// One attempt in a database session, which is closed if anything is left in doubt.
    async fn attempt_in(
        &self,
        session: Arc<Session>,
        request: &Request,
        patience: Duration,
    ) -> Result<Attempt, StoreError> {
        let (fence, waiting) = ask::attempt(&session, request, patience).await?;
        let held = request.ttl;
        Ok(match (fence, waiting) {
            (Some(fence), _) => {
                self.holds.insert(request.id, Hold::Held(session));
                Attempt::Granted(fence)
            }
            (None, None) => {
                self.holds.keep(session);
                Attempt::Busy { held }
            }
            (None, waiting) => {
                self.holds.insert(request.id, Hold::Waiting(session, waiting));
                Attempt::Queued { held }
            }
        })
    }
}

impl Server {
    fn new(config: Config, ssl: &ssl::Ssl) -> Result<Self, Error> {
        Ok(Self { config, transport: Transport::new(ssl)?, is_probed: OnceCell::new() })
    }

    /// Has the server end what is under way in a session. It may come to that somewhat later.
    async fn cancel(&self, token: CancelToken) -> Result<(), StoreError> {
        let cancelled = timeout(ASIDE, self.transport.cancel(token)).await;
        cancelled.map_err(StoreError::interrupted)?
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("label", &self.label).finish_non_exhaustive()
    }
}

impl LeaseStore for Postgres {
    fn label(&self) -> &str {
        &self.label
    }

    fn check(&self, names: &[Name], mode: Mode) -> Result<(), Error> {
        let refuse = |why| Err(Error::new(ErrorKind::Unsupported, why));
        match (names, mode) {
            ([_], Mode::Exclusive | Mode::Shared) => Ok(()),
            (_, Mode::Permits { .. }) => refuse(
                "PostgreSQL has no semaphore: so many advisory locks, of which one is to be had, \
                 can be tried but not waited for together, and not in a line",
            ),
            _ => refuse("advisory locks of PostgreSQL are taken one after another, not together"),
        }
    }

    fn attempt<'a>(&'a self, request: &'a Request, patience: Duration) -> Op<'a, Attempt> {
        Box::pin(async move {
            // What an earlier attempt came to is in doubt.
            drop(self.holds.remove(request.id));
            loop {
                let (session, is_new) = self.session().await?;
                match self.attempt_in(Arc::clone(&session), request, patience).await {
                    // The server had ended it before, and with it whatever was taken in it.
                    Err(_) if !is_new && session.has_ended() => {}
                    attempt => return attempt,
                }
            }
        })
    }

    fn wait<'a>(&'a self, request: &'a Request, round: u32, held: Duration) -> Op<'a, Wake> {
        Box::pin(async move {
            match self.holds.waiting(request.id) {
                Some((session, waiting)) => self.await_answer(request, session, waiting).await,
                None => Pauses::COMMON.wait(round, held).await,
            }
        })
    }

    fn renew<'a>(&'a self, request: &'a Request) -> Op<'a, Renewed> {
        Box::pin(async move {
            let Some(session) = self.holds.held(request.id) else { return Ok(Renewed::Gone) };
            match session.holds().await {
                Ok(holder) if holder == request.id.to_string() => Ok(Renewed::Yes),
                Ok(_) => Ok(Renewed::Gone),
                // The lock ends with the session.
                Err(_) if session.has_ended() => Ok(Renewed::Gone),
                Err(error) => Err(error),
            }
        })
    }

    fn release<'a>(&'a self, request: &'a Request) -> Op<'a, Withdrawn> {
        Box::pin(async move {
            match self.holds.remove(request.id) {
                // If it had one, that was closed when it came into doubt.
                None => Ok(Withdrawn::NotHeld),
                Some(Hold::Waiting(session, waiting)) => {
                    drop(waiting);
                    // The order to end its statement may come late, and end the next one: so
                    // this connection has no next one.
                    session.clean(&self.server).await?;
                    Ok(Withdrawn::NotHeld)
                }
                Some(Hold::Held(session)) => {
                    session.unwatch();
                    let statement = session.statements(sharing(request)).await?.unlock.clone();
                    let key = key(&request.names[0]);
                    let parameters: [Parameter<'_>; 3] = [&key, &request.id.to_string(), &KEEP];
                    let rows = session.client().query(&statement, &parameters).await;
                    let rows = rows.map_err(|error| match failed(error) {
                        _ if session.has_ended() => ended(),
                        error => error,
                    })?;
                    let held =
                        rows.first().is_some_and(|row| row.get::<_, Option<bool>>(0) == Some(true));
                    if !held {
                        return Ok(Withdrawn::NotHeld);
                    }
                    self.holds.keep(session);
                    Ok(Withdrawn::Freed)
                }
            }
        })
    }

    fn watch(&self, request: &Request, notice: LossNotice) {
        match self.holds.held(request.id) {
            Some(session) => session.watch(notice),
            None => notice.tell(),
        }
    }

    fn inspect<'a>(&'a self, name: &'a Name) -> Op<'a, Status> {
        Box::pin(async move {
            let (session, _) = self.session().await?;
            let status = status::of(session.client(), key(name)).await?;
            self.holds.keep(session);
            Ok(status)
        })
    }
}
