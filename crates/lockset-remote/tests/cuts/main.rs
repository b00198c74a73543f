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

/// The tests of one server, cut every so many bytes of the requests, and of the replies.
macro_rules! cut {
    ($name:ident: $server:ty as $store:ty, at $url:literal, every $requests:literal or
        $replies:literal of $least:literal bytes, ends with its connection: $ends:literal) => {
        mod $name {
            use lockset_remote::Locks;
            use testbed::Direction;

            use super::cutting::Served;

            fn served() -> Served {
                let server = <$server>::start().unwrap_or_else(|error| panic!("{error}"));
                Served {
                    addr: server.addr(),
                    _server: Box::new(server),
                    locks: |addr| {
                        let url = $url.replace("ADDR", &addr.to_string());
                        Locks::new(<$store>::new(&url).unwrap())
                    },
                    least: $least,
                    ends_with_connection: $ends,
                }
            }

            #[test]
            fn requests_that_are_cut_anywhere() {
                served().cut_everywhere(Direction::Requests, $requests);
            }

            #[test]
            fn replies_that_are_cut_anywhere() {
                served().cut_everywhere(Direction::Replies, $replies);
            }
        }
    };
}

#[cfg(feature = "etcd")]
cut!(
    etcd: testbed::Etcd as lockset_remote::etcd::Etcd,
    at "etcd://ADDR",
    every 7 or 7 of 500 bytes, ends with its connection: false
);

#[cfg(feature = "mysql")]
cut!(
    mysql: testbed::MariaDb as lockset_remote::mysql::Mysql,
    at "mysql://lockset:secret@ADDR/lockset",
    every 97 or 29 of 500 bytes, ends with its connection: false
);

#[cfg(feature = "postgres")]
cut!(
    postgres: testbed::Postgres as lockset_remote::postgres::Postgres,
    at "postgres://postgres@ADDR/postgres",
    every 61 or 61 of 200 bytes, ends with its connection: true
);

#[cfg(feature = "redis")]
cut!(
    redis: testbed::Redis as lockset_remote::redis::Redis,
    at "redis://ADDR",
    every 5 or 5 of 200 bytes, ends with its connection: false
);

#[cfg(feature = "zookeeper")]
cut!(
    zookeeper: testbed::ZooKeeper as lockset_remote::zookeeper::ZooKeeper,
    at "zk://ADDR",
    every 5 or 5 of 200 bytes, ends with its connection: false
);
