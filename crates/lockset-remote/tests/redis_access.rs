//! Who may talk to a Redis server, and how: users of an access control list, and TLS.

#![cfg(feature = "redis")]

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use lockset_api::{Deadline, Error, ErrorKind, Lease as _, Lock, block_on};
use lockset_remote::{Locks, redis::Redis};
use testbed::{Redis as Server, RedisCluster, eventually};

const LONG: Duration = Duration::from_secs(60);

/// The rules of the module's documentation: what stands there in backticks and looks like one.
fn documented_rules() -> Vec<&'static str> {
    let text = include_str!("../src/redis.rs");
    let (_, text) = text.split_once("# Permissions").unwrap();
    let (text, _) = text.split_once("One whom a sentinel knows").unwrap();
    let quoted = text.split('`').skip(1).step_by(2);
    let words = quoted.flat_map(str::split_whitespace).filter(|word| *word != "//!");
    words.filter(|word| word.starts_with(['~', '&', '+'])).collect()
}

/// Everything that a user of the store does.
fn all_there_is_to_do(url: &str) -> Result<(), Error> {
    let locks = Locks::new(Redis::new(url)?);
    // A waiter that was not told looks when the lease could have run out.
    let lock = locks.lock("job")?.with_ttl(Duration::from_secs(1))?;
    let held = lock.lock()?;
    held.renew()?;
    let waiting = lock.acquire(Deadline::after(LONG));
    let waiting = thread::spawn(|| block_on(waiting));
    let mut waits = Ok(0);
    eventually("it stands in line, or was refused", || {
        waits = locks.inspect("job").map(|status| status.waiters.len());
        !matches!(waits, Ok(0)) || waiting.is_finished()
    });
    waits?;
    let released = held.release();
    let next = waiting.join().unwrap()?.expect("handed over");
    let both = locks.lock_all(&["{a}1", "{a}2"])?.lock()?;
    released.and(next.release()).and(both.release()).map(drop)
}

#[test]
fn the_documented_permissions_are_enough_and_each_is_needed() {
    let server = Server::start().unwrap_or_else(|error| panic!("{error}"));
    let addr = server.addr();
    let rules = documented_rules();
    assert!(rules.len() > 15, "{rules:?}");
    server.add_user("all", "secret", &rules).unwrap();
    all_there_is_to_do(&format!("redis://all:secret@{addr}")).unwrap();

    // A fresh server, so that the scripts have to be loaded.
    for missing in rules.iter().filter(|rule| **rule != "+cluster|slots") {
        server.command(&["SCRIPT", "FLUSH"]).unwrap();
        server.command(&["FLUSHALL"]).unwrap();
        let rest: Vec<_> = rules.iter().copied().filter(|rule| rule != missing).collect();
        server.add_user("few", "secret", &rest).unwrap();
        let done = all_there_is_to_do(&format!("redis://few:secret@{addr}"));
        let error = done.expect_err(missing);
        assert_eq!(error.kind(), ErrorKind::Denied, "without {missing}: {error:?}");
        let said = format!("{error:?}").to_lowercase();
        let names_it = ["permission", "can't run this command", "can't access"]
            .iter()
            .any(|it| said.contains(it));
        assert!(names_it, "without {missing}: {error:?}");
        assert!(!said.contains("secret"), "{said}");
    }
    let unique: BTreeSet<_> = rules.iter().collect();
    assert_eq!(unique.len(), rules.len());
}

#[test]
fn in_a_cluster_one_more_is_needed() {
    let cluster = RedisCluster::start().unwrap_or_else(|error| panic!("{error}"));
    let rules = documented_rules();
    let [first, ..] = cluster.addrs();
    let fails_without = |missing: &str| {
        let rest: Vec<_> = rules.iter().copied().filter(|rule| *rule != missing).collect();
        (0..3).for_each(|node| cluster.node(node).add_user("me", "secret", &rest).unwrap());
        all_there_is_to_do(&format!("redis+cluster://me:secret@{first}"))
    };
    fails_without("nothing").unwrap();
    assert_eq!(fails_without("+cluster|slots").unwrap_err().kind(), ErrorKind::Denied);
}

#[test]
fn a_wrong_password_is_denied_and_not_repeated() {
    let server = Server::start().unwrap_or_else(|error| panic!("{error}"));
    server.add_user("me", "secret", &documented_rules()).unwrap();
    let error = all_there_is_to_do(&format!("redis://me:hunter2@{}", server.addr())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error:?}");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

#[cfg(feature = "redis-tls")]
mod tls {
    use std::fs;

    use testbed::RedisTls;

    use super::*;

    fn server() -> RedisTls {
        RedisTls::start().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_server_is_trusted_by_the_roots_that_are_given_and_by_no_other() {
        let [server, stranger] = [server(), server()];
        let roots = |of: &RedisTls| fs::read(of.authority()).unwrap();
        let trusting = |roots: &[u8]| {
            Locks::new(Redis::new(&server.url()).unwrap().with_root_certificates(roots).unwrap())
        };
        let locks = trusting(&roots(&server));
        let lock = locks.lock("job").unwrap();
        let held = lock.lock().unwrap();
        let waiting = lock.acquire(Deadline::after(LONG));
        eventually("it waits", || locks.inspect("job").unwrap().waiters.len() == 1);
        let _ = held.release().unwrap();
        assert!(block_on(waiting).unwrap().is_some());

        let error = trusting(&roots(&stranger)).lock("job").unwrap().lock().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
        assert!(format!("{error:?}").contains("ertificate"), "{error:?}");
        // The system has never heard of the testbed's authority.
        let system = Locks::new(Redis::new(&server.url()).unwrap());
        let error = system.lock("job").unwrap().lock().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    }

    #[test]
    fn roots_that_are_none_and_servers_without_tls_are_refused() {
        let server = server();
        let roots = fs::read(server.authority()).unwrap();
        let refused = |url: &str, roots: &[u8]| {
            let error = Redis::new(url).unwrap().with_root_certificates(roots).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{error:?}");
        };
        refused(&server.server().url(), &roots);
        refused(&server.url(), b"");
        refused(&server.url(), b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        let error = Locks::new(Redis::new(&format!("redis://{}", server.addr())).unwrap());
        assert!(error.lock("job").unwrap().lock().is_err());
    }
}

#[cfg(not(feature = "redis-tls"))]
#[test]
fn tls_that_is_not_built_in_names_its_feature() {
    let error = Redis::new("rediss://host").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("`redis-tls`"), "{error}");
}
