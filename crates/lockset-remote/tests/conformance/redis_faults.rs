//! Leases kept by a Redis server that is hurt.

use lockset_conformance::suite;
use lockset_remote::{Locks, redis::Redis};

use super::hurt::{Hurt, one_server};

one_server!(testbed::Redis, |addr| Locks::new(Redis::new(&format!("redis://{addr}")).unwrap()));

// A server that forgets everything when it is killed, and one that keeps what it has answered.
suite!(forgetful: Hurt::new(testbed::Redis::start()) => faults);
suite!(durable: Hurt::new(testbed::Redis::start_durable()) => faults);
