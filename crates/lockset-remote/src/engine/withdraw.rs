//! Exchanges that end, one way or another.

use std::time::Instant;

use tokio::time::{sleep, timeout_at};

use super::driver::now;
use super::terms::Terms;
use crate::store::{LeaseStore, StoreError};
use crate::{Op, Request};

/// Undoes a request, trying again until its lease has certainly run out on the server.
pub(crate) async fn withdraw(store: &dyn LeaseStore, request: &Request, terms: Terms) {
    let until = now() + terms.ttl * 2;
    while now() < until {
        let soon = now() + terms.patience();
        match limited(soon, store.release(request)).await {
            Ok(_) => return,
            // It would only be said again, all the while.
            Err(error) if error.is_refusal() => return,
            Err(_) => {}
        }
        sleep(terms.retry_after()).await;
    }
}

/// An exchange that nobody waits for beyond `until`.
pub(crate) async fn limited<T>(until: Instant, op: Op<'_, T>) -> Result<T, StoreError> {
    match timeout_at(until.into(), op).await {
        Ok(answer) => answer,
        Err(elapsed) => Err(StoreError::interrupted(elapsed)),
    }
}
