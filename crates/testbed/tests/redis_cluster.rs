//! A cluster is complete, loses a node, and is complete again.

use testbed::{RedisCluster, eventually};

#[test]
fn it_is_complete_and_each_node_knows_its_keys() {
    let cluster = RedisCluster::start().expect("starts");
    for key in ["a", "b", "c", "{tag}:1", "{tag}:2"] {
        let owner = cluster.node_of(key).expect("somebody has it");
        for n in 0..3 {
            let set = cluster.node(n).command(&["SET", key, "value"]);
            match set {
                Ok(reply) => assert_eq!((n, &*reply), (owner, "+OK\r\n")),
                Err(error) => assert!(n != owner && error.to_string().contains("MOVED"), "{error}"),
            }
        }
    }
    let tags = ["{tag}:1", "{tag}:2"].map(|key| cluster.node_of(key).expect("somebody has it"));
    assert_eq!(tags[0], tags[1]);
}

#[test]
fn without_a_node_it_refuses_and_restarted_it_is_complete_without_its_keys() {
    let mut cluster = RedisCluster::start().expect("starts");
    let addrs = cluster.addrs();
    let owner = cluster.node_of("key").expect("somebody has it");
    cluster.node(owner).command(&["SET", "key", "value"]).expect("sets");

    cluster.node_mut(owner).kill().expect("is killed");
    eventually("the others notice", || {
        let info = cluster.node((owner + 1) % 3).command(&["CLUSTER", "INFO"]);
        info.is_ok_and(|info| info.contains("cluster_state:fail"))
    });

    cluster.node_mut(owner).restart().expect("restarts");
    cluster.wait_complete().expect("is complete");
    assert_eq!(cluster.addrs(), addrs);
    assert_eq!(cluster.node_of("key").expect("somebody has it"), owner);
    assert_eq!(cluster.node(owner).command(&["GET", "key"]).expect("reads"), "$-1\r\n");
}
