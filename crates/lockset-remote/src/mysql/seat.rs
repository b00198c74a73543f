//! One request's session: what it waits with, and holds with.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::fault::is_full;
use super::flight::{Flight, InLine};
use super::server::{Server, number};
use super::session::Session;
use super::sql;
use super::taken::Taken;
use crate::Request;
use crate::store::{Attempt, Grant, Renewed, StoreError, Wake, Withdrawn};

/// The longest that a waiter stands in line at a time. After that it goes to the end, so it should
/// be long; and a waiter that has vanished is in the way for no longer.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// An answer that comes so soon is a waiter's in no line: one exchange less to the engine.
const AT_ONCE: Duration = Duration::from_millis(50);

/// How long the end of a waiting statement is waited for before it is looked for again: it may
/// only have been on its way to the server.
const LOOK: Duration = Duration::from_millis(50);

/// How a wait ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// By itself, or there was none.
    Natural,
    /// By order, which its session may not have seen yet.
    Forced,
}

/// What a request has of the server. Its exchanges are one after another.
#[derive(Default)]
pub(super) struct Seat {
    /// Between two exchanges. Closed, if nobody puts it elsewhere.
    session: Option<Session>,
    flight: Option<Flight>,
    /// Until when to wait.
    until: Option<Instant>,
    /// Sessions that broke while they waited: they may not know yet.
    lost: Vec<u32>,
}

impl Seat {
    pub(super) async fn attempt(
        &mut self,
        server: &Arc<Server>,
        request: &Request,
        patience: Duration,
    ) -> Result<Attempt, StoreError> {
        self.until = Instant::now().checked_add(patience);
        let mut tries = 0;
        let taken = loop {
            tries += 1;
            // What was sent before may have come through, whatever becomes of this.
            let is_first = tries == 1 && self.lost.is_empty();
            let in_doubt = |error| if is_first { error } else { StoreError::interrupted(error) };
            server.end_waiting(request.id, &self.lost).await.map_err(in_doubt)?;
            self.lost.clear();
            let flight = self.take_off(server, request, patience, sql::take);
            let landed = if patience.is_zero() {
                flight.land().await
            } else {
                match timeout(AT_ONCE.min(request.ttl / 8), flight.land()).await {
                    Ok(landed) => landed,
                    Err(_) => return Ok(Attempt::Queued { held: request.ttl }),
                }
            };
            match self.landed(landed) {
                // It may have been a session that broke while nobody used it.
                Err(error) if error.may_have_acted() && tries == 1 => server.forget_idle(),
                landed => break landed.map_err(in_doubt)?,
            }
        };
        let held = taken.left;
        match (taken.ours, taken.turn) {
            (true, true) => Ok(Attempt::Granted(taken.fence)),
            // By an earlier session of its own, which is still before us.
            (true, false) => match self.renew(server, request).await? {
                Renewed::Yes => Ok(Attempt::Granted(taken.fence)),
                Renewed::Gone => Ok(Attempt::Queued { held }),
            },
            (false, true) if !patience.is_zero() => Ok(Attempt::Queued { held }),
            (false, _) => {
                if let Some(session) = self.session.take() {
                    server.keep(session);
                }
                Ok(Attempt::Busy { held })
            }
        }
    }

    /// Whether nothing that the request has sent can come to anything any more.
    pub(super) fn is_empty(&self) -> bool {
        self.session.is_none() && self.flight.is_none() && self.lost.is_empty()
    }

    /// Whether it stands in line.
    pub(super) fn waits(&self) -> bool {
        self.flight.is_some() || self.session.is_some()
    }

    /// Waits for the answer to the attempt; then goes on while it is this request's turn.
    pub(super) async fn wait(
        &mut self,
        server: &Arc<Server>,
        request: &Request,
    ) -> Result<Wake, StoreError> {
        loop {
            let flight = match &mut self.flight {
                Some(flight) => flight,
                None if self.session.is_some() => {
                    let until = self.until.map(|until| until - Instant::now().min(until));
                    let patience = until.unwrap_or(Duration::MAX).max(LOOK);
                    self.take_off(server, request, patience, sql::take_later)
                }
                None => return Ok(Wake::Retry),
            };
            let Ok(landed) = timeout(flight.next_look(request.ttl), flight.land()).await else {
                match self.look(server, request).await? {
                    InLine::Yes => continue,
                    InLine::No => return Ok(Wake::Retry),
                }
            };
            let sent = flight.sent;
            match self.landed(landed) {
                Ok(taken) if taken.ours && taken.turn => {
                    if let Some(grant) = self.grant(server, request, taken, sent).await {
                        return Ok(Wake::Granted(grant));
                    }
                    return Ok(Wake::Retry);
                }
                Ok(taken) if taken.turn => {}
                Ok(_) => return Ok(Wake::Retry),
                Err(error) if error.is_refusal() => return Err(error),
                // The next attempt tells of it if it lasts.
                Err(_) => return Ok(Wake::Retry),
            }
        }
    }

    /// Asks by another session whether the server is there, and this waiter in its line: its own
    /// connection may have died without a word. If it is not, or cannot be asked, twice, that is
    /// given up.
    async fn look(
        &mut self,
        server: &Arc<Server>,
        request: &Request,
    ) -> Result<InLine, StoreError> {
        let Some(flight) = &mut self.flight else { return Ok(InLine::No) };
        let sessions = flight.sessions();
        if sessions.is_empty() {
            // It never stood in a line.
            return Err(StoreError::unreachable("no connection came about"));
        }
        let look = timeout(flight.next_look(request.ttl), server.waiting(request.id, &sessions));
        let in_line = match look.await {
            Ok(Ok(waiting)) if !waiting.is_empty() => InLine::Yes,
            // It has no connection to spare, but it is there, and so is its line.
            Ok(Err(error)) if is_full(&error) => InLine::Yes,
            _ => InLine::No,
        };
        if flight.is_lost(in_line) {
            flight.cancel().await;
            self.lost.extend(sessions);
            self.flight = None;
            return Ok(InLine::No);
        }
        Ok(InLine::Yes)
    }

    /// The lease began some time after `sent`. If that was long ago, it is renewed, to begin now.
    async fn grant(
        &mut self,
        server: &Arc<Server>,
        request: &Request,
        taken: Taken,
        sent: Instant,
    ) -> Option<Grant> {
        if sent.elapsed() <= request.ttl / 4 {
            return Some(Grant::new(taken.fence, sent));
        }
        let since = Instant::now();
        let renewed = self.renew(server, request).await;
        matches!(renewed, Ok(Renewed::Yes)).then(|| Grant::new(taken.fence, since))
    }

    pub(super) async fn renew(
        &mut self,
        server: &Arc<Server>,
        request: &Request,
    ) -> Result<Renewed, StoreError> {
        let text = sql::renew(&server.database, request);
        let own = self.session.take();
        let answer = server.exchange(own, &text).await?;
        let renewed = answer.rows.first().and_then(|row| number(row, 0));
        self.session = Some(answer.session);
        Ok(if renewed == Some(1) { Renewed::Yes } else { Renewed::Gone })
    }

    pub(super) async fn release(
        &mut self,
        server: &Arc<Server>,
        request: &Request,
    ) -> Result<Withdrawn, StoreError> {
        let end = self.end_flight(server, request).await?;
        server.end_waiting(request.id, &self.lost).await?;
        self.lost.clear();
        let text = sql::release(&server.database, request);
        let own = self.session.take();
        let answer = server.exchange(own, &text).await?;
        // The order to end its statement may have come late, and end the next one.
        if end == End::Natural {
            server.keep(answer.session);
        }
        match (answer.rows.first().and_then(|row| number(row, 0)), answer.repeated) {
            (Some(1..), _) => Ok(Withdrawn::Freed),
            (_, false) => Ok(Withdrawn::NotHeld),
            // It may have been freed by the first one, whose answer was lost.
            (_, true) => Err(StoreError::interrupted("the connection broke")),
        }
    }

    /// Ends a wait that is under way, if there is one.
    async fn end_flight(
        &mut self,
        server: &Arc<Server>,
        request: &Request,
    ) -> Result<End, StoreError> {
        let mut end = End::Natural;
        while let Some(flight) = &mut self.flight {
            let mut landed = None;
            if let Some(soon) = flight.ends_in() {
                landed = timeout(soon, flight.land()).await.ok();
            }
            if landed.is_none() && flight.sessions().is_empty() {
                flight.cancel().await;
                self.lost.extend(flight.sessions());
                self.flight = None;
                break;
            }
            if landed.is_none() {
                end = End::Forced;
                server.end_waiting(request.id, &flight.sessions()).await?;
                landed = timeout(LOOK, flight.land()).await.ok();
            }
            if let Some(landed) = landed {
                // What it came to is looked at by the release itself.
                drop(self.landed(landed));
            }
        }
        Ok(end)
    }

    fn take_off(
        &mut self,
        server: &Arc<Server>,
        request: &Request,
        patience: Duration,
        text: impl Fn(&str, &Request, Duration) -> String,
    ) -> &mut Flight {
        let patience = patience.min(LONGEST_WAIT);
        let text = text(&server.database, request, patience);
        let name = request.names[0].clone();
        self.flight.insert(Flight::start(server, self.session.take(), text, name, patience))
    }

    /// The flight is over: its session is back, or has ended with an error, or is lost.
    fn landed(
        &mut self,
        landed: Result<super::server::Answer, StoreError>,
    ) -> Result<Taken, StoreError> {
        let sessions = self.flight.take().map(|flight| flight.sessions()).unwrap_or_default();
        if landed.as_ref().is_err_and(StoreError::may_have_acted) {
            self.lost.extend(sessions);
        }
        let answer = landed?;
        self.session = Some(answer.session);
        Ok(Taken::of(&answer.rows))
    }
}
