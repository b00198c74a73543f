//! Leases kept by Redis, 6.2 or later: one server, one behind sentinels, or a cluster.
//!
//! Three keys a lock, in one cluster slot, all with an expiry, so nothing is left behind:
//!
//! | key | type | one entry each |
//! |---|---|---|
//! | `lockset:{NAME}` | hash | the latest `fence`, and by its request id each holder |
//! | `lockset:{NAME}:queue` | sorted set | the request ids that wait, in their order |
//! | `lockset:{NAME}:waiters` | hash | by its request id what each waiter asks for, as JSON |
//!
//! A holder's entry says until when, how much of the lock ([`Mode`]), since when, with which fence,
//! and who it is. The keys last for two days from the last grant, renewal or arrival.
//!
//! All times are the server's, in milliseconds. A holder whose time is over counts for nothing,
//! whether or not somebody has come to remove it.
//!
//! # Fences
//!
//! A fence is the greater of the last one plus one and the server's time in microseconds. So it
//! rises with every grant, and also across a restart that lost all data, as long as the server's
//! clock is not set back by more than it was down.
//!
//! # Waiting
//!
//! Each connection subscribes to a channel of its own, `lockset:push:` and a random number. Whoever
//! cannot be granted the lock stands in line with that channel. A release hands the lock to the
//! first in line, in the same script, and publishes that to its channel alone: from release to
//! acquired is the way of one message, and nobody asks in between. The script looks first whether
//! anybody listens to that channel, so a waiter whose connection is gone is skipped on the spot.
//!
//! A waiter looks again when the holder's lease could have run out, since a holder that died hands
//! nothing over, and after 10 s at the latest. It is a command a waiter every 10 s, or every TTL
//! where that is shorter, and it keeps the waiter's place: one that has not been heard of for 30 s
//! loses it. So does one that had to connect anew when its turn came meanwhile.
//!
//! A lease counts from when it was asked for, or from the hand-over, never from when its holder
//! heard of it. Whoever asks again for one that it has, since the news was lost or is late, is told
//! so and renewed.
//!
//! These rules are a model as well: `tests/redis_queue/` of the package `lockset-models`, explored
//! in every order of messages, breaks, deaths and ticks of the clock for three clients. There,
//! nobody believes to hold the lock for longer than the server has it so, nobody waits for ever,
//! and nobody who listens is passed; and each rule that is left out costs one of these.
//!
//! # In a quorum
//!
//! A server that is one of a quorum (`redlock`) has one key more, `lockset:member`, which
//! lasts: that it is one, and what it needs to come back after it has forgotten everything. Fences
//! have no clock of the server's in them there. It cannot be a cluster, whose slots are apart.
//!
//! # One server, several, and what they may forget
//!
//! A server that fails over to a replica may have forgotten the latest grants: one Redis server, or
//! a cluster of them, is for work that two may do at worst, or whose resource checks the fence.
//!
//! A server whose memory is full may throw a held lock away: any policy but `noeviction` does, also
//! those that only take keys with an expiry, as all keys here have one. And its clock is the
//! wall's: if it is set forward by a TTL, or another machine takes over whose clock is that far
//! ahead, every lease ends before its holder can know.
//!
//! # Permissions
//!
//! A user of an access control list needs the keys `~lockset:*`, the channels `&lockset:push:*`,
//! and the commands `+evalsha +script|load +subscribe`, in a cluster also
//! `+cluster|slots`, and for the scripts `+time +hgetall +hget +hset +hdel +pexpire +exists +zrange
//! +zrevrange +zrank +zadd +zrem +pubsub|numsub +publish`. One whom a sentinel knows needs
//! `+sentinel|get-master-addr-by-name` there; one of a quorum `+hmget +hexists +hsetnx`.
//! Databases other than 0 take `select`, and slots of a cluster that are on their way `asking`.

mod address;
mod call;
mod cluster;
mod connection;
mod fault;
mod nodes;
mod scripts;
mod sentinel;
mod servers;
mod slots;
mod status;
mod url;
mod waiting;
mod whereabouts;

use core::fmt;
use std::sync::Arc;
use std::time::Duration;

use lockset_api::{Error, ErrorKind, Fence, Name};
use redis::Script;

use crate::store::{
    Attempt, Enrolled, LeaseStore, Memory, Op, Raised, Renewed, Status, StoreError, Wake, Withdrawn,
};
use crate::{Mode, Request};
use call::Call;
use scripts::Scripts;
use servers::Servers;
use waiting::{News, Waiting};

/// The leases of a Redis server, of whichever is the master behind sentinels, or of a cluster.
pub struct Redis {
    label: String,
    servers: Servers,
    waiting: Arc<Waiting>,
    scripts: Scripts,
}

/// How long a waiter keeps its place without being heard of.
const PLACE: Duration = Duration::from_secs(30);

/// A waiter looks again after this long at the latest: often enough to keep its place.
const LOOK: Duration = Duration::from_secs(10);

/// How much later those further behind look, so that a dead holder is not found out by all at once.
const STAGGER: Duration = Duration::from_millis(10);

impl Redis {
    /// The server or servers at `url`. Nothing is sent yet.
    ///
    /// | URL | server |
    /// |---|---|
    /// | `redis://USER:PASSWORD@HOST:PORT/DB` | that one; all but the host may be missing |
    /// | `redis+cluster://USER:PASSWORD@HOST:PORT,HOST:PORT` | the [`cluster`](Self::cluster) |
    /// | `redis+sentinel://USER:PASSWORD@HOST,HOST/MASTER/DB` | the [master](Self::sentinel) |
    ///
    /// With `rediss` for `redis`, each speaks TLS (feature `redis-tls`) and trusts whom the system
    /// trusts, unless it is told otherwise by `with_root_certificates`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if that is not such a URL, [`ErrorKind::Unsupported`] for TLS where it
    /// is not built in.
    pub fn new(url: &str) -> Result<Self, Error> {
        match url::parse(url)? {
            url::Servers::One(url) => Ok(Self::of(|waiting| Servers::one(&url, waiting))?),
            url::Servers::Cluster(urls) => Self::cluster(&urls),
            url::Servers::Sentinel(urls, master) => Self::sentinel(&urls, &master),
        }
    }

    /// The cluster to which the nodes at `urls` belong: one that answers is enough. The first
    /// URL's user, password and TLS hold for nodes that are not among them. Nothing is sent yet.
    ///
    /// Several names of one lock must be in one slot, which they are if they are the same up to
    /// their first `}`, such as `{orders}/1` and `{orders}/2`.
    ///
    /// While a slot is on its way from one node to another, its locks may be
    /// [unavailable](ErrorKind::Unavailable) for some moments. Whoever waits then is skipped by a
    /// release on the new node, and looks there after 10 s at the latest.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for no URL, and as [`new`](Self::new).
    pub fn cluster(urls: &[impl AsRef<str>]) -> Result<Self, Error> {
        Self::of(|waiting| Servers::cluster(&as_strs(urls), waiting))
    }

    /// The master of the name `master`, as the sentinels at `urls` know it: most of them, where
    /// they do not agree. They are asked before each new connection. Nothing is sent yet.
    ///
    /// Where the master wants a user, a password, a database or TLS, `master` is a URL with the
    /// name in place of the host: `redis://USER:PASSWORD@NAME/DB`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for no URL, and as [`new`](Self::new).
    pub fn sentinel(urls: &[impl AsRef<str>], master: &str) -> Result<Self, Error> {
        Self::of(|waiting| Servers::sentinel(&as_strs(urls), master, waiting))
    }

    /// Trusts a server with TLS whose certificate one of these has signed (PEM, one or more), and
    /// no other.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if there is no TLS in the URLs, or if these are no certificates.
    #[cfg(feature = "redis-tls")]
    pub fn with_root_certificates(mut self, roots: &[u8]) -> Result<Self, Error> {
        self.servers.each(&mut |server| address::trust(server, roots))?;
        Ok(self)
    }

    fn of(
        connect: impl FnOnce(&Arc<Waiting>) -> Result<(String, Servers), Error>,
    ) -> Result<Self, Error> {
        let waiting = Arc::default();
        let (label, servers) = connect(&waiting)?;
        Ok(Self { label, servers, waiting, scripts: Scripts::new() })
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the servers: they know the password.
        f.debug_struct("Redis").field("label", &self.label).finish_non_exhaustive()
    }
}

fn as_strs(urls: &[impl AsRef<str>]) -> Vec<&str> {
    urls.iter().map(AsRef::as_ref).collect()
}

impl LeaseStore for Redis {
    fn label(&self) -> &str {
        &self.label
    }

    fn check(&self, names: &[Name], _: Mode) -> Result<(), Error> {
        for name in names {
            // The name is the keys' hash tag, and one that starts with a brace would be an empty
            // tag: a cluster would put the keys into different slots.
            if name.as_str().starts_with('}') {
                let why = "a lock kept by Redis cannot have a name that starts with '}'";
                return Err(Error::new(ErrorKind::InvalidName, why).with_lock(name));
            }
        }
        self.servers.check(names)
    }

    fn attempt<'a>(&'a self, request: &'a Request, patience: Duration) -> Op<'a, Attempt> {
        Box::pin(async move {
            let stays = !patience.is_zero();
            let stay = patience.min(PLACE).max(Duration::from_millis(u64::from(stays)));
            let note = request.note.as_deref().unwrap_or_default();
            let answer = self.servers.run(&request.names, |wire| {
                if stays {
                    self.waiting.expect(request.id, &wire.channel);
                }
                let mut call = self.call(&self.scripts.attempt, request);
                call.arg(request.mode.weight()).arg(request.mode.limit());
                call.arg(millis(request.ttl)).arg(millis(stay)).arg(&*wire.channel);
                call.arg([&request.holder, "\n", note].concat());
                call.arg(request.floor.map(|floor| floor.to_string()).unwrap_or_default());
                call
            });
            let answer = answer.await.inspect_err(|_| self.waiting.forget(request.id))?;
            let (outcome, number, place, micros): (u8, u64, u32, u64) = answer.value;
            if outcome != BUSY {
                self.waiting.forget(request.id);
                let fence = Fence::new(number);
                let granted = outcome == GRANTED;
                return Ok(if granted { Attempt::Granted(fence) } else { Attempt::Stranger });
            }
            let held = Duration::from_millis(number);
            if place == 0 {
                self.waiting.forget(request.id);
                return Ok(Attempt::Busy { held });
            }
            self.waiting.mark(request.id, answer.asked, micros);
            let held = held + STAGGER * place.min(100);
            Ok(Attempt::Queued { held: held.min(LOOK) })
        })
    }

    fn wait<'a>(&'a self, request: &'a Request, round: u32, held: Duration) -> Op<'a, Wake> {
        Box::pin(async move {
            // Not in line: whoever tries without staying, which the engine does not wait for.
            let Some(news) = self.waiting.listen(request.id) else {
                return crate::pauses::Pauses::COMMON.wait(round, held).await;
            };
            match tokio::time::timeout(held, news).await {
                Ok(Ok(News::Granted(grant))) => {
                    self.waiting.forget(request.id);
                    Ok(Wake::Granted(grant))
                }
                Ok(Ok(News::Disconnected) | Err(_)) | Err(_) => Ok(Wake::Retry),
            }
        })
    }

    fn renew<'a>(&'a self, request: &'a Request) -> Op<'a, Renewed> {
        Box::pin(async move {
            let answer = self.servers.run(&request.names, |_| {
                let mut call = Call::of_holders(&self.scripts.renew, &request.names);
                call.arg(&request.id.digits()[..]);
                call.arg(millis(request.ttl));
                call
            });
            let renewed: bool = answer.await?.value;
            Ok(if renewed { Renewed::Yes } else { Renewed::Gone })
        })
    }

    fn release<'a>(&'a self, request: &'a Request) -> Op<'a, Withdrawn> {
        Box::pin(async move {
            self.waiting.forget(request.id);
            let call = |_: &_| self.call(&self.scripts.release, request);
            let answer = self.servers.run(&request.names, call).await?;
            match (answer.value, answer.repeated) {
                (true, _) => Ok(Withdrawn::Freed),
                (false, false) => Ok(Withdrawn::NotHeld),
                // It may have been freed by the first call, whose answer was lost.
                (false, true) => Err(StoreError::interrupted("the connection broke")),
            }
        })
    }

    fn inspect<'a>(&'a self, name: &'a Name) -> Op<'a, Status> {
        Box::pin(async move {
            let names = std::slice::from_ref(name);
            let answer = self.servers.run(names, |_| Call::new(&self.scripts.inspect, names));
            status::parse(answer.await?.value)
        })
    }

    fn raise<'a>(&'a self, request: &'a Request, fence: Fence) -> Op<'a, Raised> {
        Box::pin(async move {
            let answer = self.servers.run(&request.names, |_| {
                let mut call = self.call(&self.scripts.raise, request);
                call.arg(fence.value());
                call
            });
            let raised: bool = answer.await?.value;
            Ok(if raised { Raised::Yes } else { Raised::No })
        })
    }

    fn recall(&self) -> Op<'_, Option<Memory>> {
        Box::pin(async move {
            let answer = self.servers.run_on_the_one(|_| Call::new(&self.scripts.recall, &[]));
            let known: Vec<u64> = answer.await?.value;
            Ok(match known[..] {
                [top, longest] => {
                    Some(Memory::new(Fence::new(top), Duration::from_millis(longest)))
                }
                _ => None,
            })
        })
    }

    fn enroll(&self, abstinence: Duration, memory: Memory) -> Op<'_, Enrolled> {
        Box::pin(async move {
            let answer = self.servers.run_on_the_one(|_| {
                let mut call = Call::new(&self.scripts.enroll, &[]);
                call.arg(millis(abstinence)).arg(memory.top.value()).arg(millis(memory.longest));
                call
            });
            let left: u64 = answer.await?.value;
            let left = (left > 0).then(|| Duration::from_millis(left));
            Ok(left.map_or(Enrolled::Yes, Enrolled::In))
        })
    }
}

/// The outcomes of an attempt, as its script says them; the third is that of a stranger.
const BUSY: u8 = 0;
const GRANTED: u8 = 1;

impl Redis {
    /// A call of a script for a request, with its keys and its id.
    fn call<'a>(&'a self, script: &'a Script, request: &Request) -> Call<'a> {
        let mut call = Call::new(script, &request.names);
        call.arg(&request.id.digits()[..]);
        call
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
