//! Sessions: each request has one of its own while it holds or waits, and leaves none behind.

use std::time::{Duration, Instant};

use lockset_api::{Deadline, End, Lease as _, Lock, Loss, Released, block_on};
use lockset_remote::Renewal;
use testbed::{Proxy, eventually};

use super::{LONG, SERVER, ask, behind, job, locks, server, until_waiting};

/// How many of the server's named locks of this name are held or waited for.
fn user_locks(name: &str) -> u64 {
    let text = format!(
        "SELECT COUNT(*) FROM information_schema.processlist \
         WHERE state = 'User lock' AND INSTR(info, '{name}') > 0"
    );
    let [waiting] = ask::<u64>(&SERVER, &text)[..] else { panic!("no count") };
    let [held] = ask::<Option<u64>>(&SERVER, &format!("SELECT IS_USED_LOCK('{name}')"))[..] else {
        panic!("no answer")
    };
    waiting + u64::from(held.is_some())
}

#[test]
fn a_waiter_that_is_dropped_is_gone_from_the_server() {
    let lock = job(&SERVER.url(), "sessions/dropped", LONG);
    let held = lock.lock().unwrap();
    for _ in 0..3 {
        let waiting = lock.acquire(Deadline::NEVER);
        until_waiting("sessions/dropped", 1);
        drop(waiting);
        until_waiting("sessions/dropped", 0);
    }
    assert_eq!(held.release().unwrap(), Released::InTime);
    eventually("nobody has it", || user_locks("lockset/lockset/sessions/dropped") == 0);
    assert!(lock.try_lock().unwrap().is_some(), "an abandoned waiter has it");
}

/// Its statement is ended by name, or the line would have two places for it.
#[test]
fn a_waiter_that_is_cut_off_has_one_place_in_line() {
    let proxy = Proxy::start(SERVER.addr()).unwrap();
    let direct = job(&SERVER.url(), "sessions/cut", LONG);
    let held = direct.lock().unwrap();
    let waiting = job(&behind(&proxy), "sessions/cut", LONG).acquire(Deadline::NEVER);
    let direct_locks = locks(&SERVER.url());
    // Longer than an attempt lasts: whoever is cut off in its first is told so.
    let settled = || match &direct_locks.inspect("sessions/cut").unwrap().waiters[..] {
        [one] => one.since > Duration::from_millis(200),
        _ => false,
    };
    for _ in 0..3 {
        eventually("one waits", settled);
        let before = proxy.traffic().len();
        proxy.cut();
        eventually("it has connected anew", || proxy.traffic().len() > before);
    }
    eventually("one waits", settled);
    assert_eq!(held.release().unwrap(), Released::InTime);
    let next = block_on(waiting).unwrap().unwrap();
    assert_eq!(next.release().unwrap(), Released::InTime);
    assert!(direct.try_lock().unwrap().is_some());
}

/// A lease is not a session's: it goes on by another one, also if a waiter has its turn meanwhile.
#[test]
fn a_lease_outlives_its_session_and_nobody_overlaps_it() {
    let proxy = Proxy::start(SERVER.addr()).unwrap();
    let ttl = Duration::from_secs(2);
    let held = job(&behind(&proxy), "sessions/outlives", ttl).lock().unwrap();
    let waiting = job(&SERVER.url(), "sessions/outlives", LONG).acquire(Deadline::NEVER);
    until_waiting("sessions/outlives", 1);
    proxy.cut();
    // For some renewals, by a session that cannot have a turn again.
    assert_eq!(held.lost().wait(Deadline::after(ttl * 2)), None);
    let fence = held.fence();
    assert_eq!(held.release().unwrap(), Released::InTime);
    let released = Instant::now();
    let next = block_on(waiting).unwrap().unwrap();
    assert!(next.fence() > fence);
    assert!(released.elapsed() < Duration::from_secs(1), "it looks four times a second");
}

/// A holder that vanishes without a word, and with it its packets: the margin that is stated.
#[test]
fn a_holder_that_vanishes_keeps_the_lock_for_its_ttl_in_whole_seconds() {
    let proxy = Proxy::start(SERVER.addr()).unwrap();
    let ttl = Duration::from_millis(1200);
    let lock = job(&behind(&proxy), "sessions/vanished", ttl).with_renewal(Renewal::Never);
    let asked = Instant::now();
    let vanished = lock.lock().unwrap();
    proxy.silence();
    let next = job(&SERVER.url(), "sessions/vanished", LONG).lock().unwrap();
    let kept = asked.elapsed();
    assert_eq!(vanished.lost().wait(Deadline::after(LONG)), Some(End::Lost(Loss::Expired)));
    assert!(next.fence() > vanished.fence());
    // 2 s, and a second for the server to see it; the rest is for a busy machine.
    assert!(kept >= ttl && kept < Duration::from_secs(5), "{kept:?}");
}

/// By its renewal it has another session, which is to end as soon as the first would have.
#[test]
fn a_holder_that_came_back_and_vanishes_keeps_the_lock_no_longer() {
    let proxy = Proxy::start(SERVER.addr()).unwrap();
    let ttl = Duration::from_secs(3);
    let lock = job(&behind(&proxy), "sessions/back", ttl).with_renewal(Renewal::Never);
    let lease = lock.lock().unwrap();
    proxy.cut();
    eventually("it is renewed", || lease.renew().is_ok());
    let renewed = Instant::now();
    proxy.silence();
    drop(job(&SERVER.url(), "sessions/back", LONG).lock().unwrap());
    let kept = renewed.elapsed();
    assert!(kept < ttl + Duration::from_secs(3), "{kept:?}");
}

/// Whose turn it is then makes the row anew, and nobody's session keeps the turn.
#[test]
fn a_row_that_somebody_deletes_is_written_again() {
    let name = "sessions/deleted";
    let lock = job(&SERVER.url(), name, LONG);
    let held = lock.lock().unwrap();
    let waiter = lock.acquire(Deadline::NEVER);
    until_waiting(name, 1);
    ask::<u64>(&SERVER, &format!("DELETE FROM lockset_lease WHERE name = '{name}'"));
    assert_eq!(held.release().unwrap(), Released::AlreadyLost(Loss::Revoked));
    let next = block_on(waiter).unwrap().expect("its turn");
    assert_eq!(next.release().unwrap(), Released::InTime);
    assert!(lock.try_lock().unwrap().is_some());
}

/// It looks whether its predecessor is gone, and locks no row meanwhile.
#[test]
fn whoever_keeps_its_turn_is_not_in_the_way_of_a_renewal() {
    let server = server();
    let proxy = Proxy::start(server.addr()).unwrap();
    let lease = job(&behind(&proxy), "job", LONG).with_renewal(Renewal::Never).lock().unwrap();
    proxy.cut();
    let waiter = job(&server.url(), "job", LONG).acquire(Deadline::NEVER);
    let asleep = "SELECT id FROM information_schema.processlist WHERE state = 'User sleep'";
    eventually("it is its turn", || !ask::<u64>(&server, asleep).is_empty());
    let row_locks = || {
        let waits = ask::<(String, u64)>(&server, "SHOW STATUS LIKE 'Innodb_row_lock_waits'");
        waits[0].1
    };
    eventually("it is renewed", || lease.renew().is_ok());
    let before = row_locks();
    for _ in 0..20 {
        lease.renew().unwrap();
    }
    // One may meet the waiter's own look.
    assert!(row_locks() - before < 5, "{}", row_locks() - before);
    drop(waiter);
    assert_eq!(lease.release().unwrap(), Released::InTime);
}

/// Though the server was told to end the session soon if the lock was got.
#[test]
fn a_session_that_tried_in_vain_serves_the_next_try() {
    let proxy = Proxy::start(SERVER.addr()).unwrap();
    let held = job(&SERVER.url(), "sessions/vain", LONG).lock().unwrap();
    let short = job(&behind(&proxy), "sessions/vain", Duration::from_secs(1));
    assert!(short.try_lock().unwrap().is_none());
    // The time that is looked at: longer than the server would have kept it.
    assert_eq!(held.lost().wait(Deadline::after(Duration::from_secs(3))), None);
    assert!(short.try_lock().unwrap().is_none());
    assert_eq!(proxy.traffic().len(), 1, "it connected anew");
    assert_eq!(held.release().unwrap(), Released::InTime);
}

#[test]
fn a_session_that_is_given_back_clean_serves_the_next() {
    let proxy = Proxy::start(SERVER.addr()).unwrap();
    let lock = job(&behind(&proxy), "sessions/kept", LONG);
    for _ in 0..20 {
        assert_eq!(lock.lock().unwrap().release().unwrap(), Released::InTime);
    }
    assert_eq!(proxy.traffic().len(), 1);
    // One that broke meanwhile is replaced, and nobody is told.
    proxy.cut();
    assert_eq!(lock.lock().unwrap().release().unwrap(), Released::InTime);
    assert_eq!(proxy.traffic().len(), 2);
    // Each lease has one of its own, and those that are given back are enough for the next.
    let names = ["sessions/1", "sessions/2", "sessions/3"];
    for _ in 0..3 {
        let several = locks(&behind(&proxy));
        let named: Vec<_> = names.iter().map(|name| several.lock(name).unwrap()).collect();
        let leases: Vec<_> = named.iter().map(|lock| lock.lock().unwrap()).collect();
        assert!(named.iter().all(|lock| lock.try_lock().unwrap().is_none()));
        for lease in leases {
            assert_eq!(lease.release().unwrap(), Released::InTime);
        }
    }
}

/// Waits that end by their deadline need no other session to end them, and no new one after that.
#[test]
fn waits_that_end_by_themselves_cost_no_connection() {
    let proxy = Proxy::start(SERVER.addr()).unwrap();
    let held = job(&SERVER.url(), "sessions/timed", LONG).lock().unwrap();
    let lock = job(&behind(&proxy), "sessions/timed", LONG);
    for _ in 0..5 {
        let soon = Deadline::after(Duration::from_millis(50));
        assert!(lock.lock_until(soon).unwrap().is_none());
        until_waiting("sessions/timed", 0);
    }
    assert!(proxy.traffic().len() <= 2, "{:?}", proxy.traffic());
    drop(held);
}

#[test]
fn a_lease_goes_elsewhere_by_a_ticket() {
    let ttl = Duration::from_secs(2);
    let ticket = job(&SERVER.url(), "sessions/ticket", ttl).lock().unwrap().into_ticket();
    let resumed = locks(&SERVER.url()).resume(ticket).unwrap();
    let next = job(&SERVER.url(), "sessions/ticket", LONG);
    assert!(next.try_lock().unwrap().is_none());
    assert_eq!(resumed.lost().wait(Deadline::after(ttl * 2)), None);
    let fence = resumed.fence();
    assert_eq!(resumed.release().unwrap(), Released::InTime);
    // Its first session ends in the time of a TTL.
    let next = next.lock_until(Deadline::after(ttl * 3)).unwrap().expect("free in time");
    assert!(next.fence() > fence);
}

/// Settings under which the statements would mean something else, or a wait would be ended.
#[test]
fn no_setting_of_the_servers_changes_anything() {
    let server = server();
    for setting in [
        "autocommit = 0",
        "sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,TRADITIONAL'",
        "max_statement_time = 0.2",
        "wait_timeout = 1",
        "time_zone = '+09:00'",
        "tx_isolation = 'SERIALIZABLE'",
    ] {
        ask::<u64>(&server, &format!("SET GLOBAL {setting}"));
    }
    let lock = job(&server.url(), "set", LONG);
    let held = lock.lock().unwrap();
    let waiting = lock.acquire(Deadline::NEVER);
    // Longer than these would let it.
    assert_eq!(held.lost().wait(Deadline::after(Duration::from_millis(1500))), None);
    assert_eq!(locks(&server.url()).inspect("set").unwrap().waiters.len(), 1);
    assert_eq!(held.release().unwrap(), Released::InTime);
    let next = block_on(waiting).unwrap().unwrap();
    assert_eq!(next.release().unwrap(), Released::InTime);
}

/// The server's clock gives the fences, unless it was set back.
#[test]
fn a_fence_rises_though_the_clock_was_set_back() {
    let lock = job(&SERVER.url(), "sessions/clock", LONG);
    assert_eq!(lock.lock().unwrap().release().unwrap(), Released::InTime);
    // As if the last grant had been a century from now.
    let ahead = 4_900_000_000_000_000_u64;
    let set = format!("UPDATE lockset.lockset_lease SET fence = {ahead}");
    ask::<u64>(&SERVER, &format!("{set} WHERE name = 'sessions/clock'"));
    for next in 1..=3 {
        let lease = lock.lock().unwrap();
        assert_eq!(lease.fence().value(), ahead + next);
        assert_eq!(lease.release().unwrap(), Released::InTime);
    }
}
