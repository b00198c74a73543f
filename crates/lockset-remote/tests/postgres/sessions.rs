//! A lease is a session: what ends it, and who is told.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lockset_api::{Deadline, End, Lease as _, Lock, Loss, Released};
use lockset_remote::Renewal;
use rustix::process::{Pid, Signal, kill_process};
use testbed::{Proxy, eventually};

use super::{LONG, SOON, at, granted_and_awaited, job, locks, server};

#[test]
fn a_session_that_is_terminated_is_a_loss_that_is_told_at_once() {
    let server = server();
    let lock = job(&server.url(), LONG);
    let lease = lock.lock().unwrap();
    let terminate = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'";
    server.query(terminate).unwrap();
    let told = lease.lost().wait(Deadline::after(SOON));
    assert_eq!(told, Some(End::Lost(Loss::Revoked)));
    let next = lock.lock_until(Deadline::after(SOON)).unwrap().expect("it is free");
    assert!(next.fence() > lease.fence());
    assert_eq!(lease.release().unwrap(), Released::AlreadyLost(Loss::Revoked));
    assert!(job(&server.url(), LONG).try_lock().unwrap().is_none(), "the stale release freed it");
    assert_eq!(next.release().unwrap(), Released::InTime);
}

/// The connection stays open and nothing passes: the server ends the session, and the holder knows
/// before that.
#[test]
fn a_holder_that_is_cut_off_in_silence_keeps_nothing_for_longer_than_its_ttl() {
    const TTL: Duration = Duration::from_secs(1);
    let server = server();
    let proxy = Proxy::start(server.addr()).unwrap();
    let lease = job(&at(proxy.addr()), TTL).lock().unwrap();
    let since = Instant::now();
    proxy.silence();
    let other = job(&server.url(), LONG);
    let next = other.lock_until(Deadline::after(SOON)).unwrap().expect("nobody is heard of");
    let told = lease.lost().wait(Deadline::after(Duration::ZERO));
    assert_eq!(told, Some(End::Lost(Loss::Expired)), "the next holder came first");
    assert!(since.elapsed() < TTL * 2, "{:?}", since.elapsed());
    drop(next);
}

#[test]
fn a_lease_that_is_not_renewed_ends_on_the_server_as_well() {
    let server = server();
    let brief = job(&server.url(), Duration::from_millis(300)).with_renewal(Renewal::Never);
    let lease = brief.lock().unwrap();
    eventually("the server has ended the session", || granted_and_awaited(&server) == (0, 0));
    assert_eq!(lease.remaining(), Duration::ZERO);
}

/// What the holder's process does when this test starts it once more.
const HOLDER: &str = "LOCKSET_POSTGRES_HOLDER";

#[test]
fn holder() {
    let Ok(url) = std::env::var(HOLDER) else { return };
    let lease = job(&url, Duration::from_secs(1)).lock().unwrap();
    println!("holder> {}", lease.fence());
    let end = lease.lost().wait(Deadline::NEVER);
    println!("holder> {end:?}");
    assert!(matches!(lease.release().unwrap(), Released::AlreadyLost(_)));
}

#[test]
fn a_process_that_is_stopped_past_its_session_has_lost_the_lock_and_finds_that() {
    let server = server();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sessions::holder", "--nocapture"])
        .env(HOLDER, server.url())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut said = lines.filter_map(|line| Some(line.split_once("holder> ")?.1.to_owned()));
    let fence: u64 = said.next().expect("it holds").parse().unwrap();
    let pid = Pid::from_raw(child.id().cast_signed()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    let next = job(&server.url(), LONG).lock_until(Deadline::after(SOON)).unwrap();
    let next = next.expect("its session is over");
    assert!(next.fence().value() > fence);
    kill_process(pid, Signal::CONT).unwrap();
    let end = said.next().expect("it finds out");
    assert!(end.contains("Lost"), "{end}");
    assert!(child.wait().unwrap().success());
    assert_eq!(next.release().unwrap(), Released::InTime);
}

#[test]
fn sessions_are_kept_for_the_next_and_closed_in_the_end() {
    let server = server();
    let sessions = || {
        let count = "SELECT count(*) FROM pg_stat_activity
            WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
        server.query(count).unwrap()[0][0].parse::<u32>().unwrap()
    };
    let locks = locks(&server.url());
    let lock = locks.lock("job").unwrap();
    for _ in 0..20 {
        assert_eq!(lock.lock().unwrap().release().unwrap(), Released::InTime);
    }
    eventually("the one that was made to find out a pooler is gone", || sessions() == 1);
    drop((lock, locks));
    eventually("nothing is left of a store that is gone", || sessions() == 0);
}

#[test]
fn a_kept_session_that_the_server_has_ended_is_no_fault() {
    let mut server = server();
    let lock = job(&server.url(), LONG);
    let first = lock.lock().unwrap();
    let fence = first.fence();
    assert_eq!(first.release().unwrap(), Released::InTime);
    server.restart().unwrap();
    let second = lock.lock().expect("a new session is made");
    assert!(second.fence() > fence);
    assert_eq!(second.release().unwrap(), Released::InTime);
}

/// The server's clock gives the fences, unless it was set back.
#[test]
fn a_fence_rises_though_the_clock_was_set_back() {
    let server = server();
    let lock = job(&server.url(), LONG);
    assert_eq!(lock.lock().unwrap().release().unwrap(), Released::InTime);
    // As if the last grant had been a century from now.
    let ahead = 4_900_000_000_000_000_u64;
    server.query(&format!("UPDATE lockset.granted SET fence = {ahead}")).unwrap();
    for next in 1..=3 {
        let lease = lock.lock().unwrap();
        assert_eq!(lease.fence().value(), ahead + next);
        assert_eq!(lease.release().unwrap(), Released::InTime);
    }
}

/// What a crash takes back is not granted again, though no clock helps.
#[test]
fn a_fence_rises_though_the_server_crashed_before_it_wrote_the_last_ones() {
    let mut server = server();
    let lock = job(&server.url(), LONG);
    assert_eq!(lock.lock().unwrap().release().unwrap(), Released::InTime);
    // As if the last grant had been at the end of a second, a century from now.
    let ahead = 4_900_000_000_000_000_u64;
    server.query(&format!("UPDATE lockset.granted SET fence = {}", ahead - 2)).unwrap();
    let mut last = ahead - 2;
    for _ in 0..3 {
        for _ in 0..3 {
            let lease = lock.lock().unwrap();
            assert!(lease.fence().value() > last, "{} after {last}", lease.fence());
            last = lease.fence().value();
            assert_eq!(lease.release().unwrap(), Released::InTime);
        }
        server.restart().unwrap();
    }
    assert!(last < ahead + 4_000_000, "{last}: each crash costs fences of a second");
}

#[test]
fn the_first_fence_of_each_second_reserves_it_before_it_is_answered() {
    let server = server();
    let lock = job(&server.url(), LONG);
    let mut seconds = Vec::new();
    while seconds.len() < 3 {
        let lease = lock.lock().unwrap();
        let fence = lease.fence().value();
        let below = server.query("SELECT below FROM lockset.reserved").unwrap();
        assert!(fence < below[0][0].parse().unwrap(), "{fence}, {below:?}");
        seconds.push(fence / 1_000_000);
        seconds.dedup();
        assert_eq!(lease.release().unwrap(), Released::InTime);
    }
}

#[test]
fn most_grants_wait_for_no_disk() {
    const TIMES: u64 = 200;
    let server = server();
    // What a session has counted is added up when it ends.
    let synced = || server.query("SELECT wal_sync FROM pg_stat_wal").unwrap()[0][0].parse::<u64>();
    let locks = locks(&server.url());
    let lock = locks.lock("job").unwrap();
    let before = synced().unwrap();
    for _ in 0..TIMES {
        assert_eq!(lock.lock().unwrap().release().unwrap(), Released::InTime);
    }
    drop((lock, locks));
    let sessions = "SELECT count(*) FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    eventually("its sessions end", || server.query(sessions).unwrap() == [["0"]]);
    let synced = synced().unwrap() - before;
    assert!((1..TIMES / 2).contains(&synced), "{synced} times");
}
