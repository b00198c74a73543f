//! The remote steps on a Redis server.

mod common;

use common::{figure, part, tour};
use testbed::Redis;

#[test]
fn jobs_run_once() {
    let (redis, out) = (Redis::start().unwrap(), tempfile::tempdir().unwrap());
    let report = tour(out.path(), &["remote", "--url", &redis.url()]);
    let without = part(&report, "remote", "without");
    assert!(figure(without, "jobs_run_twice") > 0, "{without:#}");
    let with = part(&report, "remote", "with");
    assert_eq!(figure(with, "jobs_run_twice"), 0, "{with:#}");
    assert_eq!(figure(with, "jobs_never_run"), 0, "{with:#}");
}

#[test]
fn stale_write_is_refused() {
    let (redis, out) = (Redis::start().unwrap(), tempfile::tempdir().unwrap());
    let url = format!("{}#ledger/lease", redis.url());
    let report = tour(out.path(), &["lease", "--url", &url]);
    let without = part(&report, "lease", "without");
    assert_eq!(figure(without, "stale_writes_accepted"), 1, "{without:#}");
    let with = part(&report, "lease", "with");
    assert_eq!(figure(with, "stale_writes_refused"), 1, "{with:#}");
    assert_eq!(figure(with, "cents_out_of_balance"), 0, "{with:#}");
}
