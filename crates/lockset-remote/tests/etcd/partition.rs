//! A leader that is cut off from the others: it has been replaced, and does not know it yet.

use std::thread;
use std::time::Duration;

use lockset_api::{Lease as _, Lock, Released, block_on};
use lockset_remote::Renewal;
use testbed::{Etcd as Server, EtcdCluster, Proxy, eventually};

use crate::support::{job, locks};

/// So long that nothing is kept alive by itself before the test asks for it.
const TTL: Duration = Duration::from_secs(30);

/// One of a server's figures.
fn figure(server: &Server, name: &str) -> u64 {
    let said = server.metrics().unwrap();
    let line = said.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0, |figure| figure.trim().parse().unwrap())
}

fn leads(server: &Server) -> bool {
    figure(server, "etcd_server_is_leader ") == 1
}

fn reads(server: &Server) -> u64 {
    let name = r#"grpc_server_started_total{grpc_method="Range",grpc_service="etcdserverpb.KV","#;
    figure(server, &format!(r#"{name}grpc_type="unary"}} "#))
}

fn keep_alives(server: &Server) -> u64 {
    let name = r#"grpc_server_msg_sent_total{grpc_method="LeaseKeepAlive","#;
    let rest = r#"grpc_service="etcdserverpb.Lease",grpc_type="bidi_stream"} "#;
    figure(server, &format!("{name}{rest}"))
}

/// etcd #15247: it answers a keep-alive out of its memory, and its successor, who counts the time
/// of the lease, knows nothing of that. What a majority confirms right afterwards is no proof.
#[test]
fn a_keep_alive_of_a_leader_that_was_cut_off_promises_nothing() {
    let cluster = EtcdCluster::start_wired().unwrap_or_else(|error| panic!("{error}"));
    for _ in 0..2 {
        let leader = cluster.leader().unwrap();
        let past = cluster.node(leader);
        let lock = job(&past.url(), TTL).with_renewal(Renewal::Never);
        let lease = lock.lock().unwrap();
        let (read_before, kept_before) = (reads(past), keep_alives(past));
        past.pause().unwrap();
        // Nothing that its successor tells it may wait for it when it goes on.
        cluster.wires()[leader].sever();
        cluster.wires().iter().for_each(Proxy::cut);
        let next = cluster.leader().unwrap();
        let kept = || {
            let status = locks(&cluster.node(next).url()).inspect("job").unwrap();
            status.holders[0].remaining
        };
        eventually("time passes after the election", || kept() < TTL - Duration::from_secs(3));
        cluster.wires().iter().for_each(Proxy::sever);
        thread::scope(|scope| {
            past.resume().unwrap();
            // A read that nobody confirms, behind which others wait until there is a leader again.
            scope.spawn(|| past.post("/v3/kv/range", r#"{"key":"AA=="}"#));
            eventually("it is being read", || reads(past) > read_before);
            let renewing = lease.renew_async();
            eventually("it answers, or leads no more", || {
                keep_alives(past) > kept_before || !leads(past)
            });
            cluster.wires().iter().for_each(Proxy::heal);
            // That it fails is as good; what counts is what the holder believes afterwards.
            let renewed = block_on(renewing).is_ok();
            let (kept, believed) = (kept(), lease.remaining());
            let rounding = Duration::from_secs(1);
            assert!(believed <= kept + rounding, "{believed:?}, {kept:?} on the server: {renewed}");
        });
        cluster.wait_complete().unwrap();
        lease.renew().unwrap();
        assert_eq!(lease.release().unwrap(), Released::InTime);
    }
}
