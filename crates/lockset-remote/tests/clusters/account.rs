//! What the lock is for: a row that takes no write with a fence that is older than its newest.

use std::path::Path;

use lockset_api::{Error, Fence};
use lockset_remote::fenced::{Dialect, FencedTable};
use rusqlite::{Connection, OptionalExtension, params};

pub(crate) struct Account {
    db: Connection,
    table: FencedTable,
}

impl Account {
    pub(crate) fn open(path: &Path) -> Self {
        let table = FencedTable::new(Dialect::Sqlite, "account", &["id"]).unwrap();
        Self { db: Connection::open(path).unwrap(), table }
    }

    pub(crate) fn create(path: &Path) -> Self {
        let account = Self::open(path);
        let create = "CREATE TABLE account (id INTEGER PRIMARY KEY, cents INTEGER)";
        account.db.execute(create, []).unwrap();
        account.db.execute(&account.table.add_column(), []).unwrap();
        account.db.execute("INSERT INTO account VALUES (1, 0, 0)", []).unwrap();
        account
    }

    pub(crate) fn write(&self, fence: Fence, cents: i64) -> Result<(), Error> {
        let (number, update) = (FencedTable::number(fence)?, self.table.update(&["cents"])?);
        if self.db.execute(&update, params![cents, number, 1, number]).unwrap() == 1 {
            return Ok(());
        }
        let newest = self.db.query_row(&self.table.newest(), [1], |row| row.get(0));
        Err(self.table.refusal(fence, newest.optional().unwrap()))
    }

    pub(crate) fn cents(&self) -> i64 {
        self.db.query_row("SELECT cents FROM account", [], |row| row.get(0)).unwrap()
    }
}
