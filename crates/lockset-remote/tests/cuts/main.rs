//! The connection is cut at every step of an acquire, a renewal, a release and a hand-over, in both
//! directions: whatever the callers are told is true, fences rise, and in the end the lock is free.

#![cfg(any(
    feature = "etcd",
    feature = "mysql",
    feature = "postgres",
    feature = "redis",
    feature = "zookeeper"
))]

mod cutting;

#[cfg(feature = "etcd")]
mod etcd {
    use lockset_remote::{Locks, etcd::Etcd};
    use testbed::Direction;

    use super::cutting::Served;

    fn served() -> Served {
        let server = testbed::Etcd::start().unwrap_or_else(|error| panic!("{error}"));
        Served {
            addr: server.addr(),
            _server: Box::new(server),
            locks: |addr| Locks::new(Etcd::new(&format!("etcd://{addr}")).unwrap()),
            least: 500,
            ends_with_connection: false,
        }
    }

    #[test]
    fn requests_that_are_cut_anywhere() {
        served().cut_everywhere(Direction::Requests, 7);
    }

    #[test]
    fn replies_that_are_cut_anywhere() {
        served().cut_everywhere(Direction::Replies, 7);
    }
}

#[cfg(feature = "mysql")]
mod mysql {
    use lockset_remote::{Locks, mysql::Mysql};
    use testbed::Direction;

    use super::cutting::Served;

    fn served() -> Served {
        let server = testbed::MariaDb::start().unwrap_or_else(|error| panic!("{error}"));
        Served {
            addr: server.addr(),
            _server: Box::new(server),
            locks: |addr| {
                Locks::new(Mysql::new(&format!("mysql://lockset:secret@{addr}/lockset")).unwrap())
            },
            least: 500,
            ends_with_connection: false,
        }
    }

    #[test]
    fn requests_that_are_cut_anywhere() {
        served().cut_everywhere(Direction::Requests, 97);
    }

    #[test]
    fn replies_that_are_cut_anywhere() {
        served().cut_everywhere(Direction::Replies, 29);
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    use lockset_remote::{Locks, postgres::Postgres};
    use testbed::Direction;

    use super::cutting::Served;

    fn served() -> Served {
        let server = testbed::Postgres::start().unwrap_or_else(|error| panic!("{error}"));
        Served {
            addr: server.addr(),
            _server: Box::new(server),
            locks: |addr| {
                Locks::new(Postgres::new(&format!("postgres://postgres@{addr}/postgres")).unwrap())
            },
            least: 200,
            ends_with_connection: true,
        }
    }

    #[test]
    fn requests_that_are_cut_anywhere() {
        served().cut_everywhere(Direction::Requests, 61);
    }

    #[test]
    fn replies_that_are_cut_anywhere() {
        served().cut_everywhere(Direction::Replies, 61);
    }
}

#[cfg(feature = "redis")]
mod redis {
    use lockset_remote::{Locks, redis::Redis};
    use testbed::Direction;

    use super::cutting::Served;

    fn served() -> Served {
        let server = testbed::Redis::start().unwrap_or_else(|error| panic!("{error}"));
        Served {
            addr: server.addr(),
            _server: Box::new(server),
            locks: |addr| Locks::new(Redis::new(&format!("redis://{addr}")).unwrap()),
            least: 200,
            ends_with_connection: false,
        }
    }

    #[test]
    fn requests_that_are_cut_anywhere() {
        served().cut_everywhere(Direction::Requests, 5);
    }

    #[test]
    fn replies_that_are_cut_anywhere() {
        served().cut_everywhere(Direction::Replies, 5);
    }
}

#[cfg(feature = "zookeeper")]
mod zookeeper {
    use lockset_remote::{Locks, zookeeper::ZooKeeper};
    use testbed::Direction;

    use super::cutting::Served;

    fn served() -> Served {
        let server = testbed::ZooKeeper::start().unwrap_or_else(|error| panic!("{error}"));
        Served {
            addr: server.addr(),
            _server: Box::new(server),
            locks: |addr| Locks::new(ZooKeeper::new(&format!("zk://{addr}")).unwrap()),
            least: 200,
            ends_with_connection: false,
        }
    }

    #[test]
    fn requests_that_are_cut_anywhere() {
        served().cut_everywhere(Direction::Requests, 5);
    }

    #[test]
    fn replies_that_are_cut_anywhere() {
        served().cut_everywhere(Direction::Replies, 5);
    }
}
