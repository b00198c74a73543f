//! What is told to `tracing` and `metrics`: nothing, unless their features are on.
//!
//! An acquisition is a span `acquire`, and what is held a span `lease`, with the store and the lock
//! as fields; an event tells how each ended and how long it took.
//!
//! | metric | kind | labels |
//! |---|---|---|
//! | `lockset_acquire_seconds` | histogram | `store`, `outcome`: granted, refused, failed |
//! | `lockset_waiting` | gauge | |
//! | `lockset_renew_seconds` | histogram | `store`, `outcome`: renewed, gone, failed |
//! | `lockset_hold_seconds` | histogram | `store`, `outcome`: released, lost |
//!
//! The lock's name is in the spans and events, and not in the labels: there may be any number of
//! them.

use std::time::Instant;

use lockset_api::{End, Fence};

#[cfg(any(feature = "tracing", feature = "metrics"))]
use super::driver::now;
use crate::Request;
use crate::store::{LeaseStore, Renewed, StoreError};

/// A span, if there are any.
pub(crate) struct Span {
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

impl Span {
    /// Of an acquisition.
    pub(crate) fn acquire(store: &dyn LeaseStore, request: &Request) -> Self {
        #[cfg(not(feature = "tracing"))]
        let _ = (store, request);
        Self {
            #[cfg(feature = "tracing")]
            span: tracing::debug_span!(
                target: "lockset",
                "acquire",
                store = store.label(),
                lock = %request.display_names(),
            ),
        }
    }

    /// Of what is held: it lasts as long as this value.
    pub(crate) fn lease(store: &dyn LeaseStore, request: &Request, fence: Fence) -> Self {
        #[cfg(not(feature = "tracing"))]
        let _ = (store, request, fence);
        Self {
            #[cfg(feature = "tracing")]
            span: tracing::debug_span!(
                target: "lockset",
                "lease",
                store = store.label(),
                lock = %request.display_names(),
                fence = fence.value(),
            ),
        }
    }
}

/// An acquisition, in its span, and counted while it goes on.
#[cfg(any(feature = "tracing", feature = "metrics"))]
pub(crate) async fn waiting(span: Span, acquisition: impl Future<Output = ()>) {
    #[cfg(feature = "metrics")]
    let _counted = {
        struct Counted;
        impl Drop for Counted {
            fn drop(&mut self) {
                metrics::gauge!("lockset_waiting").decrement(1);
            }
        }
        metrics::gauge!("lockset_waiting").increment(1);
        Counted
    };
    #[cfg(feature = "tracing")]
    let acquisition = tracing::Instrument::instrument(acquisition, span.span);
    #[cfg(not(feature = "tracing"))]
    let Span {} = span;
    acquisition.await;
}

#[cfg(not(any(feature = "tracing", feature = "metrics")))]
pub(crate) fn waiting<F: Future<Output = ()>>(Span {}: Span, acquisition: F) -> F {
    acquisition
}

/// An acquisition has come to its end.
pub(crate) fn acquired(store: &dyn LeaseStore, request: &Request, outcome: &str, began: Instant) {
    told("acquire", "lockset_acquire_seconds", store, request, outcome, began);
}

/// A renewal has come back.
pub(crate) fn renewed(
    store: &dyn LeaseStore,
    request: &Request,
    asked: Instant,
    answer: &Result<Renewed, StoreError>,
) {
    let outcome = match answer {
        Ok(Renewed::Yes) => "renewed",
        Ok(Renewed::Gone) => "gone",
        Err(_) => "failed",
    };
    told("renew", "lockset_renew_seconds", store, request, outcome, asked);
}

/// A lease has been given back, or could have been had it not been lost.
pub(crate) fn ended(store: &dyn LeaseStore, request: &Request, since: Instant, end: Option<End>) {
    let outcome = if matches!(end, Some(End::Lost(_))) { "lost" } else { "released" };
    told("end", "lockset_hold_seconds", store, request, outcome, since);
}

#[cfg(any(feature = "tracing", feature = "metrics"))]
fn told(
    what: &'static str,
    metric: &'static str,
    store: &dyn LeaseStore,
    request: &Request,
    outcome: &str,
    began: Instant,
) {
    let took = (now() - began).as_secs_f64();
    let (store, outcome) = (store.label(), outcome.to_owned());
    #[cfg(feature = "tracing")]
    tracing::event!(
        target: "lockset",
        tracing::Level::DEBUG,
        what,
        outcome,
        took,
        store,
        lock = %request.display_names(),
    );
    #[cfg(not(feature = "tracing"))]
    let _ = (what, request);
    #[cfg(feature = "metrics")]
    metrics::histogram!(metric, "store" => store.to_owned(), "outcome" => outcome).record(took);
    #[cfg(not(feature = "metrics"))]
    let _ = metric;
}

#[cfg(not(any(feature = "tracing", feature = "metrics")))]
fn told(_: &'static str, _: &'static str, _: &dyn LeaseStore, _: &Request, _: &str, _: Instant) {}
