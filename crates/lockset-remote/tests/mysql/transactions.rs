//! Locks in a transaction of the caller's.

use lockset_api::Name;
use lockset_remote::transaction::{
    Contention, Error, ErrorKind, Rows, Strength, Table, TransactionLocks as _,
};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, Row, Transaction, TxOpts, Value};

use super::SERVER;

/// Runs `test` with connections of its own to a fresh table of three rows.
fn with_table(table: &str, test: impl AsyncFnOnce(&mut Conn, &mut Conn)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let opts = Opts::from_url(&SERVER.url()).unwrap();
        let mut conns = [Conn::new(opts.clone()).await.unwrap(), Conn::new(opts).await.unwrap()];
        let table = table.replace('`', "``");
        let make = format!(
            "CREATE TABLE `{table}` (id INT PRIMARY KEY, state INT, `or``der` INT, \
             INDEX (state, `or``der`)); \
             INSERT INTO `{table}` VALUES (1, 0, 3), (2, 0, 2), (3, 1, 1)"
        );
        conns[0].query_drop(make).await.unwrap();
        let [one, other] = &mut conns;
        test(one, other).await;
    });
}

async fn begin(conn: &mut Conn) -> Transaction<'_> {
    conn.start_transaction(TxOpts::default()).await.unwrap()
}

fn ids(rows: Vec<Row>) -> Vec<i32> {
    rows.into_iter().map(|row| row.get("id").unwrap()).collect()
}

fn row(table: &str, id: i32) -> (Rows, [Value; 1]) {
    (Rows::of(Table::new(table)).matching(["id"]), [id.into()])
}

#[test]
fn rows_are_locked_until_the_transaction_ends() {
    with_table("until_the_end", async |one, other| {
        let (rows, first) = row("until_the_end", 1);
        let (mut holder, mut rival) = (begin(one).await, begin(other).await);
        assert_eq!(ids(holder.lock_rows(&rows, &first).await.unwrap()), [1]);
        let refuse = rows.clone().when_locked(Contention::Refuse);
        let refused = rival.lock_rows(&refuse, &first).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::NotAvailable, "{refused:?}");
        assert!(!refused.is_transient());
        // The refusal has left the transaction as it was.
        assert_eq!(ids(rival.lock_rows(&refuse, &[2.into()]).await.unwrap()), [2]);
        holder.rollback().await.unwrap();
        assert_eq!(ids(rival.lock_rows(&refuse, &first).await.unwrap()), [1]);
        rival.commit().await.unwrap();
    });
}

#[test]
fn readers_share_and_writers_do_not() {
    with_table("shared", async |one, other| {
        let (rows, first) = row("shared", 1);
        for contention in [Contention::Wait, Contention::Refuse, Contention::Skip] {
            let share = rows.clone().shared().when_locked(contention);
            let (mut reader, mut second) = (begin(one).await, begin(other).await);
            assert_eq!(ids(reader.lock_rows(&share, &first).await.unwrap()), [1]);
            assert_eq!(ids(second.lock_rows(&share, &first).await.unwrap()), [1]);
            second.rollback().await.unwrap();
            let mut writer = begin(other).await;
            let refuse = rows.clone().when_locked(Contention::Refuse);
            let refused = writer.lock_rows(&refuse, &first).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::NotAvailable, "{contention:?}");
            reader.rollback().await.unwrap();
            writer.rollback().await.unwrap();
            // And the other way round, in so far as it does not wait.
            let (mut writer, mut reader) = (begin(one).await, begin(other).await);
            writer.lock_rows(&rows, &first).await.unwrap();
            match contention {
                Contention::Skip => {
                    assert!(reader.lock_rows(&share, &first).await.unwrap().is_empty());
                }
                _ => {
                    reader.query_drop("SET innodb_lock_wait_timeout = 1").await.unwrap();
                    let refused = reader.lock_rows(&share, &first).await.unwrap_err();
                    assert_eq!(refused.kind(), ErrorKind::NotAvailable, "{contention:?}");
                }
            }
            writer.rollback().await.unwrap();
            reader.rollback().await.unwrap();
        }
    });
}

#[test]
fn a_deadlock_and_a_timeout_are_told_apart() {
    with_table("deadlock", async |one, other| {
        let (rows, first) = row("deadlock", 1);
        let second = [2.into()];
        let (mut this, mut that) = (begin(one).await, begin(other).await);
        this.lock_rows(&rows, &first).await.unwrap();
        that.lock_rows(&rows, &second).await.unwrap();
        let (this_one, that_one) =
            tokio::join!(this.lock_rows(&rows, &second), that.lock_rows(&rows, &first));
        let errors: Vec<Error> = [this_one.err(), that_one.err()].into_iter().flatten().collect();
        let [error] = &errors[..] else { panic!("one of them is ended: {errors:?}") };
        assert_eq!(error.kind(), ErrorKind::Deadlock, "{error:?}");
        assert!(error.is_transient());
        this.rollback().await.unwrap();
        that.rollback().await.unwrap();

        let (mut holder, mut rival) = (begin(one).await, begin(other).await);
        holder.lock_rows(&rows, &first).await.unwrap();
        rival.query_drop("SET innodb_lock_wait_timeout = 1").await.unwrap();
        let error = rival.lock_rows(&rows, &first).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotAvailable, "{error:?}");
        holder.rollback().await.unwrap();
        rival.rollback().await.unwrap();
    });
}

#[test]
fn jobs_are_claimed_one_each_and_come_back_with_a_worker_that_dies() {
    with_table("jobs", async |one, other| {
        let jobs = Rows::of(Table::in_schema("lockset", "jobs"))
            .columns(["id"])
            .matching(["state"])
            .ordered_by(["or`der"]);
        let open = [Value::from(0)];
        let (mut worker, mut second) = (begin(one).await, begin(other).await);
        let mut claims = Vec::new();
        claims.extend(worker.claim(&jobs, &open).await.unwrap());
        claims.extend(second.claim(&jobs, &open).await.unwrap());
        assert_eq!(ids(claims), [2, 1], "in their order");
        let root = Opts::from_url(&SERVER.url_of("root")).unwrap();
        let mut third_party = Conn::new(root).await.unwrap();
        // A worker that is gone: its connection is closed, with no word of its transaction.
        second.commit().await.unwrap();
        let mut third = begin(other).await;
        assert_eq!(
            third.claim(&jobs, &open).await.unwrap().map(|row| row.get("id")),
            Some(Some(1))
        );
        third.query_drop("DELETE FROM jobs WHERE id = 1").await.unwrap();
        assert!(third.claim(&jobs, &open).await.unwrap().is_none(), "the other has the last one");
        third.commit().await.unwrap();
        let id = {
            let text = "SELECT CONNECTION_ID()";
            let id: Option<u32> = worker.query_first(text).await.unwrap();
            id.unwrap()
        };
        third_party.query_drop(format!("KILL {id}")).await.unwrap();
        let error = worker.claim(&jobs, &open).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Disconnected, "{error:?}");
        drop(worker);
        let mut heir = begin(other).await;
        // Until the server has undone what the dead one did.
        let (rows, second) = row("jobs", 2);
        assert_eq!(ids(heir.lock_rows(&rows, &second).await.unwrap()), [2]);
        let job = heir.claim(&jobs, &open).await.unwrap().expect("it is there again");
        assert_eq!(job.get("id"), Some(2));
        heir.rollback().await.unwrap();
    });
}

#[test]
fn identifiers_mean_themselves() {
    let table = "a`; DROP TABLE jobs; -- \"'\\?";
    with_table(table, async |one, _| {
        let mut transaction = begin(one).await;
        let rows = Rows::of(Table::new(table)).columns(["id"]).matching(["or`der"]);
        assert_eq!(ids(transaction.lock_rows(&rows, &[2.into()]).await.unwrap()), [2]);
        let hostile = Value::from("x' OR '1' = '1");
        assert!(transaction.lock_rows(&rows, &[hostile]).await.unwrap().is_empty());
        transaction.rollback().await.unwrap();
    });
}

#[test]
fn what_cannot_be_done_says_what_can() {
    with_table("refused", async |one, _| {
        let mut transaction = begin(one).await;
        let (name, table) = (Name::new("job").unwrap(), Table::new("refused"));
        let names = [
            transaction.lock_name(&name, Strength::Exclusive).await.unwrap_err(),
            transaction.try_lock_name(&name, Strength::Shared).await.unwrap_err(),
        ];
        let tables = [
            transaction.lock_table(&table, Strength::Exclusive).await.unwrap_err(),
            transaction.try_lock_table(&table, Strength::Shared).await.unwrap_err(),
        ];
        for (errors, part) in [(names, "take a lease"), (tables, "Rows::of(table)")] {
            for error in errors {
                assert_eq!(error.kind(), ErrorKind::Unsupported);
                assert!(error.to_string().contains(part), "{error}");
            }
        }
        let (rows, _) = row("refused", 1);
        assert_eq!(transaction.lock_rows(&rows, &[]).await.unwrap_err().kind(), ErrorKind::Config);
        let nowhere = Rows::of(Table::new("no_such_table"));
        let error = transaction.lock_rows(&nowhere, &[]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Other);
        // All rows of a table, which is what it has instead of a lock on it.
        let all = Rows::of(table).ordered_by(["id"]);
        assert_eq!(ids(transaction.lock_rows(&all, &[]).await.unwrap()), [1, 2, 3]);
        transaction.rollback().await.unwrap();
    });
}
