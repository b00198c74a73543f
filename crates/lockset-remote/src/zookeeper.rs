//! Leases kept by ZooKeeper, 3.5 or later: one server, or an ensemble.
//!
//! The lock recipe of ZooKeeper's authors (P. Hunt et al., *ZooKeeper: Wait-free coordination for
//! Internet-scale systems*, USENIX ATC 2010, section 2.4), with what its users have found missing.
//!
//! | path | node |
//! |---|---|
//! | `CHROOT/lockset` | a container: the server removes it when it has been empty for a while |
//! | `CHROOT/lockset/NAME` | a container: the line before one lock |
//! | `CHROOT/lockset/NAME/ID.WEIGHT-LIMIT.SEQUENCE` | an ephemeral sequential node: one request |
//!
//! In NAME, `/`, `%`, a dot in front and what is not ASCII are written as `%` and two digits. ID is
//! the request's, WEIGHT what it takes of the lock and LIMIT what may be out for it to be granted
//! ([`Mode`]), SEQUENCE the server's number. The node has in it, for people: its session's timeout,
//! who asks, and what for.
//!
//! # The line
//!
//! A request makes its node, and holds the lock when all nodes before its own leave room for it:
//! for an exclusive lock when there are none, for a reader when there is no writer, for permits
//! when there are few enough. Those before it count by their own limits as well: as long as there
//! is no room for one of them, it is nobody's turn who stands behind that. So nobody is overtaken,
//! also where those who use one lock do not say the same of it.
//!
//! Nodes before one's own can only vanish, so the list is asked for once, if at all: the node is
//! made in one transaction with an empty write to the line, whose answer says how many stand there,
//! and one who is alone knows it after one round trip.
//!
//! A waiter watches the fewest nodes that alone are in its way: the one before its own, or the next
//! writer, or as many as there are permits. If there is room for it, but none for one before it,
//! these are that one and those in its way.
//!
//! The watch is one for children, which an ephemeral node has none of, so that it fires when the
//! node is gone and never else. If that leaves room, as it does when the one before us was the
//! holder, the lock is ours and nothing is asked any more. So that it is known in time, a waiter
//! also watches the one before those, and lists the line when that is gone: while its predecessor
//! holds the lock, and not when it has released it. A release is told to two waiters, however many
//! there are.
//!
//! # Fences
//!
//! A fence is the number of the transaction that made the node (its `czxid`). The servers' numbers
//! never go back, and grants are in the order of the nodes.
//!
//! # Sessions
//!
//! The locks of one [`ZooKeeper`] share a session for each TTL, which lasts a third longer than it,
//! rounded up to a tick of the server's; a server whose `minSessionTimeout` is more makes that the
//! time. A connection that breaks is made again, perhaps to another server, and costs nothing as
//! long as the session lives: nodes and watches stay. A session that is over has lost all its
//! locks, and the next attempt makes another.
//!
//! A session goes on by itself as long as its process runs. So a node whose lease was not renewed
//! is removed when its TTL is over, and the session is for holders that have died: their locks are
//! free when it has ended.
//!
//! A lease that is put into a ticket can only be resumed by the same [`ZooKeeper`] value, as its
//! session is there. Another refuses, as long as the lease lasts.
//!
//! # What may go wrong
//!
//! - *No answer to the making of a node.* It may stand there, and nobody would know. It bears the
//!   id of its request, by which it is found again, behind a `sync` so that no server that lags
//!   behind is believed, and taken over or removed.
//! - *No answer to its removal.* It is asked for again; if the node is gone then, it was us.
//! - *No connection to remove it on.* Whoever gives up a place need not wait for the end of that:
//!   it is removed as soon as there is a connection, unless its session is over before.
//! - *Somebody removes the node of a holder.* The next renewal finds out.
//! - *The process is held up.* When its TTL is over the lease is lost, by its own clock; the
//!   session may go on a little longer.
//!
//! # Bounds
//!
//! A renewal is a write that changes nothing but fails if the node is not there. A read would be
//! answered by a server that is cut off from the others, while these have ended the session long
//! since; a write is agreed on by a majority.
//!
//! The leader counts a session's time. A follower tells it of its clients' requests every half
//! tick, and forgets those that it has not told when it dies. The margin is for that: a session is
//! heard of every third of a TTL, by a renewal or the client's pings, so what the leader knows last
//! is at most that old. It is not enough for a process that was held up for more than that, renews,
//! and whose server dies within half a tick, and who then reaches no other: what is left of its
//! lease is overestimated by how long it was held up. All servers of an ensemble should have the
//! same
//! `maxSessionTimeout`; one that allows less than a TTL and its third is refused when the session
//! is made.
//!
//! # Permissions
//!
//! Without a user, everything is open to everybody who reaches the servers. With one (scheme
//! `digest`), what is made belongs to that user alone, containers as well: users who share no locks
//! take different paths. Where they do share one, who must wait for a node that it may not watch is
//! refused.

mod fault;
mod leaving;
mod line;
mod places;
mod session;
mod status;
#[cfg(feature = "zookeeper-tls")]
mod tls;
mod transport;
mod url;
mod waiting;

use core::fmt;
use std::sync::Arc;
use std::time::Duration;

use lockset_api::{Error, ErrorKind, Fence, Name};

use crate::store::{Attempt, LeaseStore, Op, Renewed, Status, StoreError, Wake, Withdrawn};
use crate::{Mode, Request};
use fault::{failed, is_interrupted};
use line::{Ahead, encoded, prefix};
use places::{Place, Places, Standing, Where, now};
use session::{Session, Sessions};
use transport::Transport;
use url::Ensemble;
use waiting::{LOOK, Waiter};

/// The leases of a ZooKeeper server or ensemble.
pub struct ZooKeeper {
    sessions: Sessions,
    /// The path under which the locks are.
    root: String,
    places: Arc<Places>,
}

impl ZooKeeper {
    /// The ensemble at `zk://USER:PASSWORD@HOST:PORT,HOST:PORT/CHROOT`. Nothing is sent yet.
    ///
    /// With `zks`, TLS is spoken (feature `zookeeper-tls`), on the servers' `secureClientPort`, and
    /// whom the system trusts is trusted, unless it is told otherwise by `with_root_certificates`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if that is not such a URL, [`ErrorKind::Unsupported`] for TLS where it
    /// is not built in.
    pub fn new(url: &str) -> Result<Self, Error> {
        let ensemble = url::parse(url)?;
        let transport = Transport::new(&ensemble)?;
        Ok(Self::of(ensemble, transport))
    }

    fn of(ensemble: Ensemble, transport: Transport) -> Self {
        let root = format!("{}/lockset", ensemble.chroot);
        Self { sessions: Sessions::new(ensemble, transport), root, places: Arc::default() }
    }

    /// Trusts servers whose certificate one of these has signed (PEM, one or more), and no others.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if there is no TLS in the URL, or if these are no certificates.
    #[cfg(feature = "zookeeper-tls")]
    pub fn with_root_certificates(self, roots: &[u8]) -> Result<Self, Error> {
        let ensemble = self.sessions.into_ensemble();
        if !ensemble.is_tls {
            let why = "certificates are for TLS, which a URL asks for by zks://";
            return Err(Error::new(ErrorKind::Config, why));
        }
        Ok(Self::of(ensemble, Transport::Tls(tls::trusting(roots)?)))
    }

    /// The path of a lock.
    fn path(&self, name: &Name) -> String {
        format!("{}/{}", self.root, encoded(name))
    }

    /// The place that a request has from before, as it is now.
    async fn stand_on(
        &self,
        request: &Request,
        place: Place,
    ) -> Result<Option<Standing>, StoreError> {
        place.at().session.connected().await?;
        let asked = now();
        let looked = look_again(request, place).await;
        let standing = looked.map_err(failed)?;
        if standing.is_none() {
            self.places.forget(request.id);
        }
        Ok(standing.map(|standing| Standing { confirmed: asked, ..standing }))
    }

    /// What is said of a lease of which nothing is known here: it was given back or has run out, or
    /// it is on a session that another value keeps alive, and that value alone.
    async fn renew_unknown(&self, request: &Request) -> Result<Renewed, StoreError> {
        let at = Where { session: self.sessions.any().await?, lock: self.path(&request.names[0]) };
        if places::found(&at, request.id).await.map_err(failed)?.is_empty() {
            return Ok(Renewed::Gone);
        }
        let why = "a lease of ZooKeeper's goes with the session that it was taken on: it can be \
                   resumed only by the `ZooKeeper` value that took it";
        Err(StoreError::refused(why))
    }

    /// A new place at the end of the line.
    async fn enter(&self, request: &Request) -> Result<Standing, StoreError> {
        let session = self.sessions.of(request.ttl).await?;
        let at = Where { session, lock: self.path(&request.names[0]) };
        let data = status::record(request, at.session.lasts);
        let prefix = prefix(request.id, request.mode);
        // From here on a node may come to be, whatever becomes of the answer, and of us.
        self.places.put(request.id, Place::Doubtful(at.clone()));
        let asked = now();
        let entered = at.session.enter(&at.lock, &prefix, data.as_bytes()).await;
        let created = entered.map_err(|error| {
            if !is_interrupted(&error) {
                self.places.forget(request.id);
            }
            failed(error)
        })?;
        let (node, zxid, ahead) = (created.node, created.zxid, Ahead::default());
        let mut standing = Standing { at, node, zxid, ahead, confirmed: asked };
        self.places.put(request.id, Place::Waits(standing.clone()));
        if !created.is_alone {
            standing.ahead = ahead_of(&standing).await.map_err(failed)?;
        }
        Ok(standing)
    }
}

/// Who stands before a node, by now.
async fn ahead_of(standing: &Standing) -> Result<Ahead, zookeeper_client::Error> {
    let names = standing.at.session.line(&standing.at.lock).await?;
    Ok(Ahead::of(&standing.node, &names))
}

/// The place that a request has from before; none if there is no node of it.
async fn look_again(
    request: &Request,
    place: Place,
) -> Result<Option<Standing>, zookeeper_client::Error> {
    let mut standing = match place {
        Place::Waits(standing) | Place::Holds(standing, _) => standing,
        Place::Doubtful(at) => {
            let Some(node) = places::found(&at, request.id).await?.pop() else { return Ok(None) };
            let Some(zxid) = at.session.zxid(&at.path(&node.name)).await? else { return Ok(None) };
            Standing { at, node, zxid, ahead: Ahead::default(), confirmed: now() }
        }
        // It begins anew when nothing of before is left.
        Place::Leaves(_, leaving) => {
            leaving.ended().await?;
            return Ok(None);
        }
    };
    let path = standing.path();
    match standing.at.session.confirm(&path).await {
        Err(zookeeper_client::Error::NoNode) => return Ok(None),
        confirmed => confirmed?,
    }
    standing.ahead = ahead_of(&standing).await?;
    Ok(Some(standing))
}

impl fmt::Debug for ZooKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the ensemble: it has the password.
        f.debug_struct("ZooKeeper").field("label", &self.label()).finish_non_exhaustive()
    }
}

impl LeaseStore for ZooKeeper {
    fn label(&self) -> &str {
        self.sessions.label()
    }

    fn check(&self, names: &[Name], _: Mode) -> Result<(), Error> {
        match names {
            [_] => Ok(()),
            _ => Err(Error::new(ErrorKind::Unsupported, "no lock on several names at once there")),
        }
    }

    fn attempt<'a>(&'a self, request: &'a Request, patience: Duration) -> Op<'a, Attempt> {
        Box::pin(async move {
            let asked = now();
            let again = match self.places.of(request.id) {
                Some(place) => self.stand_on(request, place).await?,
                None => None,
            };
            let standing = match again {
                Some(standing) => standing,
                None => self.enter(request).await?,
            };
            if standing.is_its_turn() {
                let fence = Fence::new(standing.zxid);
                self.places.hold(standing, asked, request.ttl);
                return Ok(Attempt::Granted(fence));
            }
            self.places.put(request.id, Place::Waits(standing));
            if patience.is_zero() {
                self.places.withdraw(request.id).await?;
                return Ok(Attempt::Busy { held: LOOK });
            }
            Ok(Attempt::Queued { held: LOOK })
        })
    }

    fn wait<'a>(&'a self, request: &'a Request, round: u32, held: Duration) -> Op<'a, Wake> {
        Box::pin(async move {
            match self.places.of(request.id) {
                Some(Place::Waits(standing)) => {
                    Waiter::new(&self.places, request, standing).wait(round, held).await
                }
                Some(_) => Ok(Wake::Retry),
                // Not in line: its session is over, or it has tried without staying.
                None => crate::pauses::Pauses::COMMON.wait(round, held).await,
            }
        })
    }

    fn renew<'a>(&'a self, request: &'a Request) -> Op<'a, Renewed> {
        Box::pin(async move {
            if !self.places.knows(request.id) {
                return self.renew_unknown(request).await;
            }
            let Some(Place::Holds(standing, _)) = self.places.of(request.id) else {
                return Ok(Renewed::Gone);
            };
            let at = &standing.at;
            let asked = now();
            at.session.connected().await?;
            let path = standing.path();
            // It may be asked twice what it was asked once: it is counted from before the first.
            match at.session.surely(|| at.session.confirm(&path)).await {
                Ok(()) => Ok(self.places.extend(request.id, asked + request.ttl)),
                Err(zookeeper_client::Error::NoNode) => {
                    self.places.forget(request.id);
                    Ok(Renewed::Gone)
                }
                Err(_) if at.session.is_over() => Ok(Renewed::Gone),
                Err(error) => Err(failed(error)),
            }
        })
    }

    fn release<'a>(&'a self, request: &'a Request) -> Op<'a, Withdrawn> {
        Box::pin(self.places.withdraw(request.id))
    }

    fn inspect<'a>(&'a self, name: &'a Name) -> Op<'a, Status> {
        Box::pin(async move {
            let session: Arc<Session> = self.sessions.any().await?;
            status::inspect(&session, &self.path(name)).await.map_err(failed)
        })
    }
}
