//! One of the servers of a quorum, and what it is still owed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::bid::GivenBack;
use super::round::Exchange;
use crate::engine::{limited, now};
use crate::store::{LeaseStore, StoreError};
use crate::{Op, Request};

/// A node that did not hear of a release is told again until the vote has certainly run out. So
/// many are remembered: one that is forgotten costs others a wait for its TTL, and a node that is
/// gone for long must not cost memory without bound.
const MOST_DEBTS: usize = 1000;

/// How long to wait before a node that did not answer is told again.
const AGAIN: Duration = Duration::from_millis(100);

pub(super) struct Node {
    pub(super) store: Arc<dyn LeaseStore>,
    debts: Mutex<Debts>,
}

/// What a node is asked.
pub(super) trait Asked<T>:
    for<'a> FnOnce(&'a dyn LeaseStore, &'a Request) -> Op<'a, T> + Send + 'static
{
}

impl<T, F> Asked<T> for F where
    F: for<'a> FnOnce(&'a dyn LeaseStore, &'a Request) -> Op<'a, T> + Send + 'static
{
}

/// Requests whose release the node has not confirmed.
#[derive(Default)]
struct Debts {
    list: VecDeque<Debt>,
    /// Whether a task is at it.
    is_paid: bool,
}

struct Debt {
    request: Arc<Request>,
    /// When the vote has run out by itself.
    until: Instant,
}

/// How long one exchange with one node is waited for: a small part of the TTL, so that two in a row
/// leave most of the lease, and no longer than an operator would wait to hear of a failure.
pub(super) fn limit(ttl: Duration) -> Duration {
    (ttl / 5).min(Duration::from_secs(2))
}

fn until(request: &Request) -> Instant {
    now() + limit(request.ttl)
}

impl Node {
    pub(super) fn new(store: Arc<dyn LeaseStore>) -> Self {
        Self { store, debts: Mutex::default() }
    }

    /// An exchange about a request, within its limit.
    pub(super) fn ask<T: Send + 'static>(
        &self,
        request: &Arc<Request>,
        exchange: impl Asked<T>,
    ) -> Exchange<Result<T, StoreError>> {
        let (store, request) = (Arc::clone(&self.store), Arc::clone(request));
        Box::pin(async move { limited(until(&request), exchange(&*store, &request)).await })
    }

    /// Has the node give back what it granted to a request, again and again if it does not answer.
    pub(super) fn give_back(self: &Arc<Self>, request: &Arc<Request>) -> Exchange<GivenBack> {
        let (node, request) = (Arc::clone(self), Arc::clone(request));
        Box::pin(async move {
            let given_back = limited(until(&request), node.store.release(&request)).await;
            if given_back.is_err() {
                node.owe(&request);
            }
            given_back
        })
    }

    /// Has a release, which failed, made until it succeeds.
    fn owe(self: &Arc<Self>, request: &Arc<Request>) {
        let until = now() + request.ttl * 2;
        let mut debts = self.debts();
        if debts.list.len() == MOST_DEBTS {
            debts.list.pop_front();
        }
        debts.list.push_back(Debt { request: Arc::clone(request), until });
        if !debts.is_paid {
            debts.is_paid = true;
            drop(debts);
            let node = Arc::clone(self);
            tokio::spawn(async move { node.pay().await });
        }
    }

    async fn pay(&self) {
        while let Some(request) = self.next_debt() {
            let freed = self.ask(&request, |store, request| store.release(request)).await;
            if freed.is_ok() {
                self.debts().list.retain(|debt| debt.request.id != request.id);
            } else {
                sleep(AGAIN).await;
            }
        }
    }

    fn next_debt(&self) -> Option<Arc<Request>> {
        let mut debts = self.debts();
        let now = now();
        while debts.list.front().is_some_and(|debt| debt.until <= now) {
            debts.list.pop_front();
        }
        let next = debts.list.front().map(|debt| Arc::clone(&debt.request));
        debts.is_paid = next.is_some();
        next
    }

    fn debts(&self) -> MutexGuard<'_, Debts> {
        self.debts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
