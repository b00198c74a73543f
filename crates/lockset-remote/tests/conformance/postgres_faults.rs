//! Leases kept by a PostgreSQL server that is hurt.

use lockset_conformance::suite;
use lockset_remote::{Locks, postgres::Postgres};

use super::hurt::{Hurt, one_server};

one_server!(
    testbed::Postgres,
    |addr| Locks::new(Postgres::new(&format!("postgres://postgres@{addr}/postgres")).unwrap()),
    ENDS_WITH_CONNECTION
);

suite!(postgres: Hurt::new(testbed::Postgres::start()) => faults);
