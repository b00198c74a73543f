//! A session: a lease of etcd's, which lives while it is kept alive, and its keys with it.
//!
//! A keep-alive is answered by the leader alone, out of its memory, and a leader that has been
//! replaced without noticing answers as well (etcd before 3.4.31 and 3.5.13, issue 15247). What it
//! then says of the lease is worth nothing. So a keep-alive counts only together with an exchange
//! that a majority has confirmed, sent no earlier, and only if that did not see a later leader: the
//! answers say under which one (`raft_term`) they were given.
//!
//! Both are sent at once, so that this takes one round trip. Whichever the server comes to first,
//! the lease lasts: if the keep-alive was answered by the leader of that moment, from then on; if
//! by one that was replaced after both were sent, from when its successor began, who counts every
//! lease anew.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use etcd_client::{Error, LeaseKeepAliveStream, LeaseKeeper, ResponseHeader};
use tokio::sync::Mutex as AsyncMutex;

use super::connection::{Link, heard};
use super::fault::{NOT_FOUND, is_session_gone};
use super::flag::Flag;
use crate::engine::now;
use crate::store::{Op, StoreError};

pub(super) struct Session {
    /// The lease of etcd's.
    pub(super) id: i64,
    /// What is promised of it: the server keeps it for longer, by whole seconds.
    pub(super) ttl: Duration,
    /// It has ended on the server, or has been given up.
    pub(super) lost: Flag,
    state: Mutex<State>,
    /// One keep-alive at a time: who waits for its turn can often use the answer of the one before.
    stream: AsyncMutex<Option<Stream>>,
}

struct State {
    /// The latest keep-alive that was answered.
    kept: Kept,
    /// The latest that counts: the server had not begun to count the TTL at this instant.
    proven: Instant,
    /// How often attempts were recalled, as far as is known here.
    recalls: i64,
}

#[derive(Clone, Copy)]
struct Kept {
    /// Just before it was sent.
    asked: Instant,
    /// The leader under whom it was answered.
    term: u64,
}

/// Where keep-alives go, and their answers come from, in the same order.
struct Stream {
    link: Arc<Link>,
    requests: LeaseKeeper,
    answers: LeaseKeepAliveStream,
}

impl Session {
    /// Begins a session.
    pub(super) async fn begin(link: Arc<Link>, ttl: Duration) -> Result<Self, StoreError> {
        let asked = now();
        // Its seconds are whole ones.
        let seconds = ttl.as_secs() + u64::from(ttl.subsec_nanos() > 0);
        let seconds = i64::try_from(seconds).map_err(StoreError::refused)?;
        let granted = heard(link.client.lease_client().grant(seconds, None).await)?;
        if granted.ttl() < seconds {
            let why = format!("it keeps nothing for {seconds} s, but for {} s", granted.ttl());
            return Err(StoreError::refused(why));
        }
        // A majority has it in its log, whoever leads.
        let kept = Kept { asked, term: u64::MAX };
        let state = Mutex::new(State { kept, proven: asked, recalls: 0 });
        let (lost, stream) = (Flag::default(), AsyncMutex::default());
        Ok(Self { id: granted.id(), ttl, lost, state, stream })
    }

    /// Ends one that was given up, if there is one, with all that it has.
    pub(super) async fn end(link: Arc<Link>, session: Option<Arc<Self>>) -> Result<(), StoreError> {
        let Some(session) = session else { return Ok(()) };
        match heard(link.client.lease_client().revoke(session.id).await) {
            Err(error) if !is_session_gone(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether it is of use to new requests: the server certainly has it, unless somebody has ended
    /// it there.
    pub(super) fn is_good(&self) -> bool {
        !self.lost.is_set() && self.proven() + self.ttl > now()
    }

    /// Gives it up if its TTL is over, as far as is known here. Says whether it is.
    ///
    /// Whoever held anything of it has lost that by then, and from here on no exchange proves that
    /// it lasts: so it may be ended on the server, and nobody counts on what goes with it.
    pub(super) fn give_up(&self) -> bool {
        let state = self.state();
        let is_over = state.proven + self.ttl <= now();
        if is_over {
            // While the state is locked, so that no proof comes in between.
            self.lost.set();
        }
        is_over
    }

    /// Takes note of what an exchange says of its session, which concerns everybody who has
    /// something of it. Says whether it is lost.
    pub(super) fn is_lost_after(&self, error: &StoreError) -> bool {
        if is_session_gone(error) {
            self.lost.set();
        }
        self.lost.is_set()
    }

    /// An instant at which the server had certainly not begun to count the TTL.
    pub(super) fn proven(&self) -> Instant {
        self.state().proven
    }

    pub(super) fn recalls(&self) -> i64 {
        self.state().recalls
    }

    /// The server says that there were so many.
    pub(super) fn were_recalled(&self, recalls: i64) {
        self.state().recalls = recalls;
    }

    /// An exchange, which says under which leader it was answered, together with a keep-alive; the
    /// instant is one from which on the server keeps the session for its TTL.
    pub(super) fn kept_with<'a, T: Send + 'a>(
        &'a self,
        link: Arc<Link>,
        exchange: impl Future<Output = Result<(T, u64), StoreError>> + Send + 'a,
    ) -> Op<'a, (T, Instant)> {
        Box::pin(async move { self.keep_while(&link, exchange).await })
    }

    async fn keep_while<T>(
        &self,
        link: &Arc<Link>,
        exchange: impl Future<Output = Result<(T, u64), StoreError>>,
    ) -> Result<(T, Instant), StoreError> {
        let asked = now();
        let ((value, term), mut kept) = tokio::try_join!(exchange, self.keep_alive(link, asked))?;
        if kept.term < term {
            // By a leader that has been replaced, perhaps before it was asked. This server knows
            // the next one by now.
            kept = self.keep_alive(link, now()).await?;
        }
        if kept.term < term {
            return Err(StoreError::interrupted("the leader was replaced meanwhile"));
        }
        let mut state = self.state();
        if self.lost.is_set() {
            // No fault of the connection's.
            return Err(StoreError::refused("the session was given up meanwhile"));
        }
        state.proven = state.proven.max(asked);
        Ok((value, asked))
    }

    /// A keep-alive that was sent no earlier than `asked`.
    async fn keep_alive(&self, link: &Arc<Link>, asked: Instant) -> Result<Kept, StoreError> {
        if let Some(kept) = self.kept_since(asked) {
            return Ok(kept);
        }
        let mut stream = self.stream.lock().await;
        if let Some(kept) = self.kept_since(asked) {
            return Ok(kept);
        }
        // Taken out, so that whoever gives up waiting does not leave an answer that the next one
        // would take for its own.
        let open = stream.take().filter(|stream| Arc::ptr_eq(&stream.link, link));
        let mut open = match open {
            Some(open) => open,
            None => {
                let (requests, answers) =
                    heard(link.client.lease_client().keep_alive(self.id).await)?;
                Stream { link: Arc::clone(link), requests, answers }
            }
        };
        let sent = now();
        heard(open.requests.keep_alive().await)?;
        let answer = heard(open.answers.message().await)?;
        let answer = answer.ok_or_else(|| StoreError::interrupted("no more keep-alives"))?;
        if answer.ttl() <= 0 {
            return heard(Err(Error::LeaseKeepAliveError(NOT_FOUND.into())));
        }
        let kept = Kept { asked: sent, term: term(answer.header()) };
        *stream = Some(open);
        self.state().kept = kept;
        Ok(kept)
    }

    fn kept_since(&self, asked: Instant) -> Option<Kept> {
        Some(self.state().kept).filter(|kept| kept.asked >= asked)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The leader under whom an answer was given, as a number that rises from one to the next.
pub(super) fn term(header: Option<&ResponseHeader>) -> u64 {
    header.map_or(0, ResponseHeader::raft_term)
}
