//! The rivals that other kinds of server than Redis keep.

use lockset_bench_leases::etcd_client::LockRpc;
use lockset_bench_leases::mysql_client::GetLock;
use lockset_bench_leases::postgres_client::AdvisoryLock;
use lockset_bench_leases::zookeeper_client::ZooKeeperClient;
use lockset_compare::{Entry, Origin, Server};

use crate::round_trip::RoundTrip;
use crate::{entry, rival};

/// The lock that a kind of server, or its client, has itself; and a bare round trip there.
pub(crate) fn of(scheme: &str, server: &Server) -> Vec<Entry> {
    let round_trip = entry::<RoundTrip>("bare round trip", Origin::Bare, server);
    let rival = match scheme {
        "etcd" => rival::<LockRpc>("lock RPC", server),
        "zk" => rival::<ZooKeeperClient>("zookeeper-client", server),
        "postgres" => rival::<AdvisoryLock>("pg_advisory_lock", server),
        "mysql" => rival::<GetLock>("GET_LOCK", server),
        _ => return Vec::new(),
    };
    vec![round_trip.without_waiting(), rival]
}
