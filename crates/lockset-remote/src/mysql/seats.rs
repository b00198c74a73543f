//! The requests of this process that hold or wait, each with its session.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::Mutex as AsyncMutex;

use super::seat::Seat;
use super::server::lock;
use crate::{Request, RequestId};

/// Below this nobody looks for seats that were forgotten.
const FEW: usize = 64;

/// Far longer than an exchange, or a wait at a time, takes.
const LONG: Duration = Duration::from_secs(1200);

#[derive(Default)]
pub(super) struct Seats(Mutex<Seated>);

#[derive(Default)]
struct Seated {
    seats: HashMap<RequestId, Place>,
    /// How many there were after the last look for forgotten ones.
    were: usize,
}

struct Place {
    seat: Arc<AsyncMutex<Seat>>,
    /// When its server will certainly have ended its session for its silence.
    forgotten: Instant,
}

impl Seats {
    /// The request's seat, a new one if it has none.
    pub(super) fn enter(&self, request: &Request) -> Arc<AsyncMutex<Seat>> {
        self.enter_at(request, Instant::now())
    }

    fn enter_at(&self, request: &Request, now: Instant) -> Arc<AsyncMutex<Seat>> {
        let forgotten = now + request.ttl * 2 + LONG;
        let mut seated = lock(&self.0);
        if seated.seats.len() > FEW.max(seated.were * 2) {
            // A lease that went elsewhere by a ticket is never given back here.
            // A seat that somebody is at, a waiter for instance, is not forgotten, however long.
            seated
                .seats
                .retain(|_, place| now < place.forgotten || Arc::strong_count(&place.seat) > 1);
            seated.were = seated.seats.len();
        }
        let entry = seated
            .seats
            .entry(request.id)
            .or_insert_with(|| Place { seat: Arc::default(), forgotten });
        entry.forgotten = forgotten;
        Arc::clone(&entry.seat)
    }

    /// The request has nothing any more.
    pub(super) fn leave(&self, id: RequestId) {
        // The statement's end lets the lock go, before the session is dropped.
        let seat = lock(&self.0).seats.remove(&id);
        drop(seat);
    }
}

#[cfg(test)]
mod tests;
