//! What a program that watches its locks is told: spans and events, and metrics.

#![cfg(all(feature = "tracing", feature = "metrics", feature = "sqlite"))]

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lockset_api::{Deadline, Lease as _, Lock, Released};
use lockset_remote::{Locks, Renewal, sqlite::Sqlite};
use metrics::{
    Counter, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};

/// Writes everything down, one line each.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn write(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn has(&self, parts: &[&str]) -> bool {
        self.0.lock().unwrap().iter().any(|line| parts.iter().all(|part| line.contains(part)))
    }
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Notes {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "lockset"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields(format!("span {}", span.metadata().name()));
        span.record(&mut fields);
        self.write(fields.0);
        Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields("event".into());
        event.record(&mut fields);
        self.write(fields.0);
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Metric(Notes, String);

impl GaugeFn for Metric {
    fn increment(&self, value: f64) {
        self.0.write(format!("{} +{value}", self.1));
    }

    fn decrement(&self, value: f64) {
        self.0.write(format!("{} -{value}", self.1));
    }

    fn set(&self, value: f64) {
        self.0.write(format!("{} ={value}", self.1));
    }
}

impl HistogramFn for Metric {
    fn record(&self, value: f64) {
        assert!((0.0..60.0).contains(&value), "{} took {value} seconds", self.1);
        self.0.write(self.1.clone());
    }
}

impl Recorder for Notes {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(Arc::new(Metric(self.clone(), key.to_string())))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::new(Metric(self.clone(), key.to_string())))
    }
}

/// The work is done on another thread, so both are for the whole process, and this is one test.
#[test]
fn all_that_happens_to_a_lock_is_told() {
    let (spans, metrics) = (Notes::default(), Notes::default());
    tracing::subscriber::set_global_default(spans.clone()).unwrap();
    assert!(metrics::set_global_recorder(metrics.clone()).is_ok());

    let dir = tempfile::tempdir().unwrap();
    let locks = Locks::new(Sqlite::open(dir.path().join("locks.db")).unwrap());
    let lock = locks.lock("job").unwrap();
    let lease = lock.lock().unwrap();
    assert!(lock.lock_until(Deadline::after(Duration::from_millis(5))).unwrap().is_none());
    lease.renew().unwrap();
    assert_eq!(lease.release().unwrap(), Released::InTime);
    let brief = lock.with_renewal(Renewal::Never).with_ttl(Duration::from_millis(30)).unwrap();
    let lost = brief.lock().unwrap();
    let _ = lost.lost().wait(Deadline::NEVER);
    let _ = lost.release().unwrap();

    for told in [
        &["span acquire", "lock=job", "store=\"sqlite:"][..],
        &["span lease", "lock=job", "fence=1"],
        &["event", "what=\"acquire\"", "outcome=\"granted\"", "lock=job"],
        &["event", "what=\"acquire\"", "outcome=\"refused\""],
        &["event", "what=\"renew\"", "outcome=\"renewed\""],
        &["event", "what=\"end\"", "outcome=\"released\""],
        &["event", "what=\"end\"", "outcome=\"lost\""],
    ] {
        testbed::eventually("it is told", || spans.has(told));
    }
    for told in [
        &["lockset_acquire_seconds", "outcome = granted", "store = sqlite:"][..],
        &["lockset_acquire_seconds", "outcome = refused"],
        &["lockset_renew_seconds", "outcome = renewed"],
        &["lockset_hold_seconds", "outcome = released"],
        &["lockset_hold_seconds", "outcome = lost"],
        &["lockset_waiting", "+1"],
        &["lockset_waiting", "-1"],
    ] {
        testbed::eventually("it is measured", || metrics.has(told));
    }
    assert!(!metrics.has(&["job"]), "the names of locks are no labels");
}
