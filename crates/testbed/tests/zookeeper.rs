//! A ZooKeeper server and an ensemble start, answer, and suffer every fault that the testbed
//! offers.

use std::net::TcpStream;

use testbed::{ZooKeeper, ZooKeeperCluster, eventually};

#[test]
fn it_serves_is_paused_and_goes_on() {
    let server = ZooKeeper::start().expect("starts");
    assert_eq!(server.url(), format!("zk://127.0.0.1:{}", server.addr().port()));
    assert_eq!(server.ask("ruok").expect("answers"), "imok");
    server.pause().expect("pauses");
    server.ask("ruok").expect_err("says nothing");
    server.resume().expect("goes on");
    assert_eq!(server.ask("ruok").expect("answers"), "imok");
}

#[test]
fn killed_it_refuses_and_restarted_it_has_the_same_address() {
    let mut server = ZooKeeper::start().expect("starts");
    let addr = server.addr();
    server.kill().expect("is killed");
    TcpStream::connect(addr).expect_err("nobody listens");
    server.restart().expect("restarts");
    assert_eq!(server.addr(), addr);
    assert_eq!(server.ask("ruok").expect("answers"), "imok");
}

#[test]
fn an_ensemble_without_its_leader_has_another() {
    let mut cluster = ZooKeeperCluster::start().expect("starts");
    let addrs = cluster.addrs();
    let old = cluster.leader().expect("one leads");
    cluster.node(old).pause().expect("pauses");
    eventually("another leads", || cluster.leader().is_ok_and(|new| new != old));
    cluster.node(old).resume().expect("goes on");
    cluster.wait_complete().expect("is complete");

    let old = cluster.leader().expect("one leads");
    cluster.node_mut(old).kill().expect("is killed");
    eventually("another leads", || cluster.leader().is_ok_and(|new| new != old));
    cluster.node_mut(old).restart().expect("is back");
    cluster.wait_complete().expect("is complete");
    assert_eq!(cluster.addrs(), addrs);
}
