//! Leases kept by a MariaDB server that is hurt.

use lockset_conformance::suite;
use lockset_remote::{Locks, mysql::Mysql};

use super::hurt::{Hurt, one_server};

one_server!(testbed::MariaDb, |addr| Locks::new(
    Mysql::new(&format!("mysql://lockset:secret@{addr}/lockset")).unwrap()
));

suite!(mysql: Hurt::new(testbed::MariaDb::start()) => faults);
