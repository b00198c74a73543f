//! An etcd server and a cluster of three start, answer, and suffer every fault of the testbed.

use std::net::TcpStream;

use testbed::{Etcd, EtcdCluster};

/// "key" and "value", as the gateway wants them.
const PUT: &str = r#"{"key":"a2V5","value":"dmFsdWU="}"#;
const RANGE: &str = r#"{"key":"a2V5"}"#;

fn has_value(etcd: &Etcd) -> bool {
    etcd.post("/v3/kv/range", RANGE).is_ok_and(|answer| answer.contains("dmFsdWU="))
}

#[test]
fn paused_it_is_silent_and_resumed_it_answers() {
    let etcd = Etcd::start().expect("starts");
    etcd.post("/v3/kv/put", PUT).expect("puts");
    etcd.pause().expect("pauses");
    assert!(!has_value(&etcd));
    etcd.resume().expect("resumes");
    assert!(has_value(&etcd));
}

#[test]
fn killed_it_refuses_and_restarted_it_remembers() {
    let mut etcd = Etcd::start().expect("starts");
    let addr = etcd.addr();
    etcd.post("/v3/kv/put", PUT).expect("puts");
    etcd.kill().expect("is killed");
    TcpStream::connect(addr).expect_err("nobody listens");
    etcd.restart().expect("restarts");
    assert_eq!(etcd.addr(), addr);
    assert!(has_value(&etcd));
}

#[test]
fn dropped_it_leaves_nothing() {
    let etcd = Etcd::start().expect("starts");
    let (addr, dir) = (etcd.addr(), etcd.dir().to_owned());
    etcd.pause().expect("pauses");
    drop(etcd);
    TcpStream::connect(addr).expect_err("nobody listens");
    assert!(!dir.exists());
}

#[test]
fn once_it_wants_a_login_it_refuses_strangers() {
    let etcd = Etcd::start().expect("starts");
    etcd.post("/v3/kv/put", PUT).expect("puts");
    etcd.require_login("secret").expect("makes a user");
    assert!(!has_value(&etcd));
}

#[test]
fn two_of_three_elect_another_leader_and_go_on() {
    let mut cluster = EtcdCluster::start().expect("starts");
    let leader = cluster.leader().expect("somebody leads");
    cluster.pause(leader).expect("another one leads");
    let next = cluster.leader().expect("somebody leads");
    assert_ne!(next, leader);
    cluster.node(next).post("/v3/kv/put", PUT).expect("puts");

    cluster.node(leader).resume().expect("resumes");
    cluster.wait_complete().expect("all answer");
    testbed::eventually("all know it", || (0..3).all(|n| has_value(cluster.node(n))));

    cluster.node_mut(next).kill().expect("is killed");
    assert_ne!(cluster.leader().expect("somebody leads"), next);
    cluster.node_mut(next).restart().expect("restarts");
    assert!(has_value(cluster.node(next)));
}
