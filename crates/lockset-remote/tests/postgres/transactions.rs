//! Locks in a transaction of the caller's.

use std::time::Duration;

use lockset_api::{Lock, Name};
use lockset_remote::postgres::limit_waits;
use lockset_remote::transaction::{
    Contention, ErrorKind, Rows, Strength, Table, TransactionLocks as _,
};
use testbed::Postgres as Server;
use tokio_postgres::Client;

use super::{LONG, client, job, runtime, server};

/// Two clients and a table of three jobs.
async fn two(server: &Server) -> [Client; 2] {
    let clients = [client(&server.url()).await, client(&server.url()).await];
    let table = "CREATE TABLE \"Jobs\" (id int PRIMARY KEY, state text NOT NULL);
        INSERT INTO \"Jobs\" VALUES (1, 'ready'), (2, 'ready'), (3, 'done')";
    clients[0].batch_execute(table).await.unwrap();
    clients
}

fn jobs() -> Rows {
    Rows::of(Table::new("Jobs")).columns(["id"]).matching(["state"]).ordered_by(["id"])
}

const READY: &[&(dyn tokio_postgres::types::ToSql + Sync)] = &[&"ready"];

fn run<T>(test: impl AsyncFnOnce(Server) -> T) -> T {
    let server = server();
    runtime().block_on(test(server))
}

#[test]
fn a_name_in_a_transaction_is_the_lease_of_that_name() {
    run(async |server| {
        let [mut one, mut other] = two(&server).await;
        let name = Name::new("job").unwrap();
        let mut first = one.transaction().await.unwrap();
        first.lock_name(&name, Strength::Exclusive).await.unwrap();
        let lock = job(&server.url(), LONG);
        assert!(lock.try_lock().unwrap().is_none());
        let mut second = other.transaction().await.unwrap();
        assert_eq!(second.try_lock_name(&name, Strength::Shared).await.unwrap(), None);
        first.commit().await.unwrap();
        assert_eq!(second.try_lock_name(&name, Strength::Shared).await.unwrap(), Some(()));
        assert!(lock.try_lock().unwrap().is_none());
        second.rollback().await.unwrap();
        assert!(lock.try_lock().unwrap().is_some());
    });
}

#[test]
fn rows_are_claimed_by_one_each_and_come_back_when_their_worker_fails() {
    run(async |server| {
        let [mut one, mut other] = two(&server).await;
        let mut first = one.transaction().await.unwrap();
        let mut second = other.transaction().await.unwrap();
        let id = |row: Option<tokio_postgres::Row>| row.map(|row| row.get::<_, i32>(0));
        assert_eq!(id(first.claim(&jobs(), READY).await.unwrap()), Some(1));
        assert_eq!(id(second.claim(&jobs(), READY).await.unwrap()), Some(2));
        first.rollback().await.unwrap();
        second.execute("UPDATE \"Jobs\" SET state = 'done' WHERE id = 2", &[]).await.unwrap();
        second.commit().await.unwrap();
        let mut third = other.transaction().await.unwrap();
        assert_eq!(id(third.claim(&jobs(), READY).await.unwrap()), Some(1));
        let mut fourth = one.transaction().await.unwrap();
        assert_eq!(id(fourth.claim(&jobs(), READY).await.unwrap()), None);
    });
}

#[test]
fn a_refusal_leaves_the_transaction_as_it_was() {
    run(async |server| {
        let [mut one, mut other] = two(&server).await;
        let mut first = one.transaction().await.unwrap();
        assert_eq!(first.lock_rows(&jobs().shared(), READY).await.unwrap().len(), 2);
        let mut second = other.transaction().await.unwrap();
        // Others may share them, and not change them.
        assert_eq!(second.lock_rows(&jobs().shared(), READY).await.unwrap().len(), 2);
        let alone = jobs().when_locked(Contention::Refuse);
        let error = second.lock_rows(&alone, READY).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotAvailable, "{error}");
        let table = Table::in_schema("public", "Jobs");
        let taken = second.try_lock_table(&table, Strength::Exclusive).await.unwrap();
        assert_eq!(taken, None);
        assert_eq!(second.lock_rows(&jobs().shared(), READY).await.unwrap().len(), 2);
        first.commit().await.unwrap();
        let taken = second.try_lock_table(&table, Strength::Exclusive).await.unwrap();
        assert_eq!(taken, Some(()));
        second.commit().await.unwrap();
        let mut third = one.transaction().await.unwrap();
        third.lock_table(&table, Strength::Shared).await.unwrap();
    });
}

#[test]
fn a_deadlock_and_a_timeout_are_told_apart() {
    run(async |server| {
        let [mut one, mut other] = two(&server).await;
        let [a, b] = ["a", "b"].map(|name| Name::new(name).unwrap());
        let mut first = one.transaction().await.unwrap();
        let mut second = other.transaction().await.unwrap();
        first.lock_name(&a, Strength::Exclusive).await.unwrap();
        second.lock_name(&b, Strength::Exclusive).await.unwrap();
        let (one_way, other_way) = tokio::join!(first.lock_name(&b, Strength::Exclusive), async {
            let locked = second.lock_name(&a, Strength::Exclusive).await;
            second.rollback().await.unwrap();
            locked
        });
        let error = one_way.and(other_way).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Deadlock, "{error}");
        assert!(error.is_transient());
        drop(first);

        let mut first = one.transaction().await.unwrap();
        first.lock_name(&a, Strength::Exclusive).await.unwrap();
        let mut second = other.transaction().await.unwrap();
        limit_waits(&mut second, Duration::from_millis(50)).await.unwrap();
        let error = second.lock_name(&a, Strength::Exclusive).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotAvailable, "{error}");
    });
}

#[test]
fn a_serialization_failure_is_told_apart() {
    run(async |server| {
        let [mut one, mut other] = two(&server).await;
        let isolation = tokio_postgres::IsolationLevel::RepeatableRead;
        let build = one.build_transaction().isolation_level(isolation);
        let mut first = build.start().await.unwrap();
        first.query("SELECT count(*) FROM \"Jobs\"", &[]).await.unwrap();
        let second = other.transaction().await.unwrap();
        second.execute("UPDATE \"Jobs\" SET state = 'done' WHERE id = 1", &[]).await.unwrap();
        second.commit().await.unwrap();
        let error = first.lock_rows(&jobs(), READY).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Serialization, "{error}");
        assert!(error.is_transient());
    });
}

#[test]
fn what_makes_no_sense_is_refused_before_it_is_sent() {
    run(async |server| {
        let [mut one, _] = two(&server).await;
        let mut first = one.transaction().await.unwrap();
        let error = first.lock_rows(&jobs(), &[]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        let none = Table::new("no such table\"; --");
        let error = first.lock_table(&none, Strength::Shared).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Other);
        assert!(error.to_string().contains("does not exist"), "{error}");
    });
}
