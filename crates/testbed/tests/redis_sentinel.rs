//! A sentinel names the replica once the master is dead.

use testbed::{RedisSentinel, eventually};

#[test]
fn the_replica_takes_over_with_what_it_knows() {
    let mut redis = RedisSentinel::start().expect("starts");
    let [master, replica] = redis.servers().each_ref().map(testbed::Redis::addr);
    assert_eq!(redis.master_addr().expect("is named"), master);
    let [first, second] = redis.servers();
    first.command(&["SET", "key", "value"]).expect("sets");
    eventually("the replica has it", || {
        second.command(&["GET", "key"]).is_ok_and(|reply| reply.contains("value"))
    });

    assert_eq!(redis.fail_over().expect("fails over"), replica);
    assert_eq!(redis.servers()[1].command(&["SET", "key", "new"]).expect("sets"), "+OK\r\n");
    assert_eq!(redis.master_addr().expect("is named"), replica);

    redis.rejoin().expect("joins");
    assert_eq!(redis.servers()[0].command(&["GET", "key"]).expect("reads"), "$3\r\nnew\r\n");
    assert_eq!(redis.master_addr().expect("is named"), replica);
}
