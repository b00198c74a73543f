//! The resources that check fences: each by the suite, and what is special about it.

use std::error::Error as _;

use lockset_api::{Error, ErrorKind, Fence, StaleFence};
use lockset_conformance::{FencedSubject, failures, fenced, suite};
use lockset_remote::fenced::{Dialect, FencedTable};
use rusqlite::{Connection, OptionalExtension, params};
use tempfile::TempDir;

/// A row of a table with an awkward name, written by the statements that a function makes.
struct Row {
    dir: TempDir,
    statement: fn(&FencedTable) -> String,
}

fn table() -> FencedTable {
    FencedTable::new(Dialect::Sqlite, r#"the "account""#, &["id", "of bank"]).expect("names")
}

fn update(table: &FencedTable) -> String {
    table.update(&["cents"]).expect("a name")
}

fn upsert(table: &FencedTable) -> String {
    table.upsert(&["cents"]).expect("a name")
}

impl Row {
    /// A table in which the row is, with fence 0, or is yet to be made by an upsert.
    fn new(statement: fn(&FencedTable) -> String) -> Self {
        let row = Self { dir: tempfile::tempdir().expect("a directory"), statement };
        let db = row.open();
        db.execute_batch(
            r#"PRAGMA journal_mode = WAL;
               CREATE TABLE "the ""account""" (
                   id INTEGER, "of bank" TEXT, cents INTEGER, PRIMARY KEY (id, "of bank"));"#,
        )
        .expect("a table");
        db.execute_batch(&table().add_column()).expect("a column");
        if statement(&table()).starts_with("UPDATE") {
            let insert = r#"INSERT INTO "the ""account""" VALUES (7, 'North', 0, 0)"#;
            db.execute_batch(insert).expect("a row");
        }
        // One that must not change.
        let other = r#"INSERT INTO "the ""account""" VALUES (7, 'South', -1, 0)"#;
        db.execute_batch(other).expect("a row");
        row
    }

    fn open(&self) -> Connection {
        let db = Connection::open(self.dir.path().join("bank.db")).expect("a database");
        db.busy_timeout(lockset_conformance::PATIENCE).expect("a timeout");
        // What a power cut would do is not tested here.
        db.pragma_update(None, "synchronous", "OFF").expect("a pragma");
        db
    }
}

impl FencedSubject for Row {
    const MOST: u64 = i64::MAX as u64;

    fn write(&self, fence: Fence, value: u64) -> Result<(), Error> {
        let (db, table) = (self.open(), table());
        let (number, value) = (FencedTable::number(fence)?, value.cast_signed());
        let statement = (self.statement)(&table);
        let rows = if statement.starts_with("UPDATE") {
            db.execute(&statement, params![value, number, 7, "North", number])
        } else {
            db.execute(&statement, params![value, number, 7, "North"])
        };
        if rows.expect("a statement") == 1 {
            return Ok(());
        }
        let newest = db.query_row(&table.newest(), params![7, "North"], |row| row.get(0));
        Err(table.refusal(fence, newest.optional().expect("a query")))
    }

    fn read(&self) -> u64 {
        let sum = r#"SELECT sum(cents) + 1 FROM "the ""account""""#;
        let value: i64 = self.open().query_row(sum, [], |row| row.get(0)).expect("a query");
        value.cast_unsigned()
    }
}

suite!(updated_row: Row::new(update) => fenced);
suite!(upserted_row: Row::new(upsert) => fenced);

/// The suite finds statements that are not quite the same.
#[test]
fn a_weaker_condition_is_found() {
    let stricter: fn(&FencedTable) -> String = |table| update(table).replace("<=", "<");
    let none: fn(&FencedTable) -> String =
        |table| update(table).replace(r#""fence" <= ?"#, r#""fence" <= ? OR 1"#);
    for (weak, check) in
        [(stricter, "a_holder_may_write_again"), (none, "of_writes_at_once_the_newest_stays")]
    {
        let row = || Row::new(weak);
        let found = failures(fenced::checks(), row, lockset_conformance::PATIENCE);
        assert!(found.iter().any(|failure| failure.check == check), "{found:?}");
    }
}

#[test]
fn statements_are_in_the_dialect() {
    let of = |dialect| FencedTable::new(dialect, "account", &["bank", "id"]).unwrap();
    let postgres = of(Dialect::Postgres).in_schema("public").unwrap();
    assert_eq!(
        postgres.update(&["cents", "memo"]).unwrap(),
        r#"UPDATE "public"."account" SET "cents" = $1, "memo" = $2, "fence" = $3 "#.to_owned()
            + r#"WHERE "account"."bank" = $4 AND "account"."id" = $5 AND "account"."fence" <= $6"#
    );
    assert_eq!(
        postgres.upsert(&["cents"]).unwrap(),
        r#"INSERT INTO "public"."account" ("cents", "fence", "bank", "id") "#.to_owned()
            + r#"VALUES ($1, $2, $3, $4) ON CONFLICT ("bank", "id") "#
            + r#"DO UPDATE SET "cents" = excluded."cents", "fence" = excluded."fence" "#
            + r#"WHERE "account"."fence" <= excluded."fence""#
    );
    assert_eq!(
        postgres.newest(),
        r#"SELECT "account"."fence" FROM "public"."account" "#.to_owned()
            + r#"WHERE "account"."bank" = $1 AND "account"."id" = $2"#
    );
    let mysql = of(Dialect::MySql).with_fence_column("a`b").unwrap();
    assert_eq!(
        mysql.update(&[]).unwrap(),
        "UPDATE `account` SET `a``b` = ? \
         WHERE `account`.`bank` = ? AND `account`.`id` = ? AND `account`.`a``b` <= ?"
    );
    assert_eq!(
        mysql.add_column(),
        "ALTER TABLE `account` ADD COLUMN `a``b` BIGINT NOT NULL DEFAULT 0"
    );
    assert_eq!(mysql.upsert(&["cents"]).unwrap_err().kind(), ErrorKind::Unsupported);
}

/// SQLite takes a name in double quotes that is no column's for a text. A key that happened to be
/// that text would then be found in every row.
#[test]
fn a_misspelt_column_is_an_error_and_no_text() {
    let row = Row::new(update);
    for table in [
        FencedTable::new(Dialect::Sqlite, r#"the "account""#, &["idd"]).unwrap(),
        table().with_fence_column("fenc").unwrap(),
    ] {
        assert!(row.open().prepare(&update(&table)).is_err());
        assert!(row.open().prepare(&upsert(&table)).is_err());
        assert!(row.open().prepare(&table.newest()).is_err());
    }
}

#[test]
fn what_cannot_be_right_is_refused() {
    let make = |table: &str, key: &[&str]| FencedTable::new(Dialect::Sqlite, table, key);
    for refused in [
        make("", &["id"]),
        make("a\0b", &["id"]),
        make("a", &[]),
        make("a", &["id", ""]),
        make("a", &["id"]).and_then(|table| table.in_schema("")),
        make("a", &["id"]).and_then(|table| table.with_fence_column("\n")),
    ] {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Config);
    }
    let table = make("a", &["id"]).unwrap();
    for columns in [["Fence"], ["ID"], [""]] {
        assert_eq!(table.update(&columns).unwrap_err().kind(), ErrorKind::Config);
        assert_eq!(table.upsert(&columns).unwrap_err().kind(), ErrorKind::Config);
    }
    let too_high = FencedTable::number(Fence::new(1 << 63)).unwrap_err();
    assert_eq!(too_high.kind(), ErrorKind::Unsupported);
}

#[test]
fn a_write_that_changed_no_row_is_told_for_what_it_was() {
    let fence = Fence::new(5);
    let stale = table().refusal(fence, Some(6));
    assert_eq!(stale.kind(), ErrorKind::Lost);
    let source = stale.source().and_then(|source| source.downcast_ref());
    assert_eq!(source, Some(&StaleFence::new(fence, Fence::new(6))));
    for newest in [None, Some(5), Some(-1)] {
        assert_eq!(table().refusal(fence, newest).kind(), ErrorKind::Other);
    }
}

#[cfg(feature = "redis")]
mod redis_hash {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use lockset_remote::fenced::FencedHash;
    use redis::FromRedisValue;
    use testbed::Redis as Server;

    use super::*;

    /// One server for all tests, and a key for each.
    static SERVER: LazyLock<Server> =
        LazyLock::new(|| Server::start().unwrap_or_else(|error| panic!("{error}")));
    static NEXT: AtomicU64 = AtomicU64::new(0);

    struct Hash(FencedHash);

    impl Hash {
        fn new() -> Self {
            // Relaxed: the number only has to be unlike every other.
            Self(FencedHash::new(format!("value-{}", NEXT.fetch_add(1, Ordering::Relaxed))))
        }

        fn ask<T: FromRedisValue>(&self, command: &str, field: Option<&str>) -> T {
            redis::cmd(command).arg(self.0.key()).arg(field).query(&mut connect()).expect("answers")
        }
    }

    fn connect() -> redis::Connection {
        let client = redis::Client::open(SERVER.url()).expect("a URL");
        client.get_connection().expect("a connection")
    }

    impl FencedSubject for Hash {
        fn write(&self, fence: Fence, value: u64) -> Result<(), Error> {
            self.0.set(&mut connect(), fence, value.to_string())
        }

        fn read(&self) -> u64 {
            self.ask("HGET", Some("value"))
        }
    }

    /// The same by a task.
    struct Task(Hash);

    impl FencedSubject for Task {
        const ROUNDS: usize = 50;

        fn write(&self, fence: Fence, value: u64) -> Result<(), Error> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let client = redis::Client::open(SERVER.url()).expect("a URL");
                let connection = client.get_multiplexed_async_connection().await;
                let mut connection = connection.expect("a connection");
                self.0.0.set_async(&mut connection, fence, value.to_string()).await
            })
        }

        fn read(&self) -> u64 {
            self.0.read()
        }
    }

    suite!(blocking: Hash::new() => fenced);
    suite!(tasks: Task(Hash::new()) => fenced);

    #[test]
    fn what_is_cleared_is_gone_and_its_fence_is_not() {
        let hash = Hash::new();
        hash.write(Fence::new(5), 50).unwrap();
        let stale = hash.0.clear(&mut connect(), Fence::new(4)).unwrap_err();
        assert_eq!(stale.kind(), ErrorKind::Lost);
        assert_eq!(hash.read(), 50);

        hash.0.clear(&mut connect(), Fence::new(6)).unwrap();
        assert_eq!(hash.ask::<Option<u64>>("HGET", Some("value")), None);
        assert_eq!(hash.write(Fence::new(5), 51).unwrap_err().kind(), ErrorKind::Lost);
        hash.write(Fence::new(6), 60).unwrap();
        assert_eq!(hash.read(), 60);
    }

    #[test]
    fn it_is_kept_for_ever_unless_said_otherwise() {
        let hash = Hash::new();
        hash.write(Fence::new(1), 1).unwrap();
        assert_eq!(hash.ask::<i64>("PTTL", None), -1, "no expiry");

        let brief = FencedHash::new(hash.0.key()).kept_for(Duration::from_secs(60));
        brief.set(&mut connect(), Fence::new(2), "2").unwrap();
        let left: i64 = hash.ask("PTTL", None);
        assert!((50_000..=60_000).contains(&left), "{left}");

        let endless = FencedHash::new(hash.0.key()).kept_for(Duration::MAX);
        endless.set(&mut connect(), Fence::new(2), "2").unwrap();
        assert!(hash.ask::<i64>("PTTL", None) > 1 << 52);
        hash.write(Fence::new(2), 2).unwrap();
        assert_eq!(hash.ask::<i64>("PTTL", None), -1, "no expiry");
    }

    #[test]
    fn any_bytes_are_kept_as_they_are() {
        let hash = Hash::new();
        for value in [&b""[..], b"\0\xff\r\n", "fünf".as_bytes()] {
            hash.0.set(&mut connect(), Fence::new(1), value).unwrap();
            assert_eq!(hash.ask::<Option<Vec<u8>>>("HGET", Some("value")).as_deref(), Some(value));
        }
    }

    #[test]
    fn trouble_is_told_for_what_it_is() {
        let mut server = Server::start().unwrap_or_else(|error| panic!("{error}"));
        let client = redis::Client::open(server.url()).unwrap();
        let mut connection = client.get_connection().unwrap();
        let hash = FencedHash::new("taken");
        server.command(&["SET", "taken", "by a text"]).unwrap();
        let refused = hash.set(&mut connection, Fence::new(1), "1").unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Denied);

        // Its answer is not waited for without end, and what came of the write is not known.
        server.pause().unwrap();
        connection.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let silent = hash.set(&mut connection, Fence::new(1), "1").unwrap_err();
        assert_eq!(silent.kind(), ErrorKind::Unknown);
        server.kill().unwrap();
        let unreachable = client.get_connection().map_err(|error| error.is_connection_refusal());
        assert_eq!(unreachable.err(), Some(true), "so nothing can be written");
    }

    #[test]
    fn a_connection_of_any_kind_will_do() {
        let client = redis::Client::open(SERVER.url()).expect("a URL");
        let mut boxed: Box<dyn redis::ConnectionLike> = Box::new(client);
        let hash = Hash::new();
        hash.0.set(&mut *boxed, Fence::new(1), "1").unwrap();
        assert_eq!(hash.read(), 1);
    }
}
