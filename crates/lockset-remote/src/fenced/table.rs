//! Rows of a table that refuse a stale fence.

use lockset_api::{Error, ErrorKind, Fence, StaleFence};

/// Which SQL: how a name is quoted, and how a parameter is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// `"name"` and `?`.
    Sqlite,
    /// `"name"` and `$1`, `$2`, …
    Postgres,
    /// `` `name` `` and `?`.
    MySql,
}

/// A table whose rows each keep the fence of whoever wrote them last, and refuse a lower one.
///
/// It makes the text of the statements; you send them by the client that you have. The check is a
/// part of the statement that writes, so nobody can write in between.
///
/// ```
/// use lockset_api::Fence;
/// use lockset_remote::fenced::{Dialect, FencedTable};
///
/// # let db = rusqlite::Connection::open_in_memory()?;
/// # db.execute_batch("CREATE TABLE account (id INTEGER PRIMARY KEY, cents INTEGER);
/// #     INSERT INTO account VALUES (7, 100)")?;
/// let account = FencedTable::new(Dialect::Sqlite, "account", &["id"])?;
/// db.execute_batch(&account.add_column())?;
///
/// let write = account.update(&["cents"])?;
/// assert!(write.starts_with(r#"UPDATE "account" SET "cents" = ?, "fence" = ? WHERE"#));
/// assert!(write.ends_with(r#""account"."id" = ? AND "account"."fence" <= ?"#));
///
/// let newer = FencedTable::number(Fence::new(34))?;
/// assert_eq!(db.execute(&write, (105, newer, 7, newer))?, 1);
/// // The holder before, paused until now, comes too late.
/// let older = FencedTable::number(Fence::new(33))?;
/// assert_eq!(db.execute(&write, (0, older, 7, older))?, 0);
///
/// let newest = db.query_row(&account.newest(), [7], |row| row.get(0))?;
/// let refused = account.refusal(Fence::new(33), Some(newest));
/// assert_eq!(refused.kind(), lockset_api::ErrorKind::Lost);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # What it relies on
///
/// - **The column** holds whole numbers of 64 bits and never NULL, since no fence is higher than
///   NULL: [`add_column`](Self::add_column).
/// - **The row stays.** One that is deleted has forgotten its fence, and an
///   [`upsert`](Self::upsert) by whoever comes too late makes it anew. Mark it as deleted instead.
/// - **Several rows** that belong together need one of them to check the fence: in one transaction,
///   update that one first, and roll back if no row was changed. Until the commit it stays locked,
///   so nobody newer comes in between.
/// - **The count of rows** that the client answers with is of those that matched. MySQL's counts
///   those that changed, so for the same values once more it is 0, unless the client asks otherwise
///   (`CLIENT_FOUND_ROWS`).
///
/// SQLite's statements are tested here by running them; the others are compared with texts that
/// were run by hand, MySQL's not even that.
///
/// The isolation of the transaction does not matter: SQLite has one writer at a time, PostgreSQL
/// and MySQL look at the row again when they have waited for another's commit, or abort.
#[derive(Clone, Debug)]
pub struct FencedTable {
    dialect: Dialect,
    /// Quoted, as all names here.
    schema: Option<String>,
    table: String,
    keys: Vec<String>,
    fence: String,
}

impl FencedTable {
    /// The table of this name, in which the columns `key` together say which row; its column for
    /// the fence is called `fence`.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config) for no key column, and for a name that is empty or has a
    /// control character in it. Any other name is quoted, and means itself.
    pub fn new(dialect: Dialect, table: &str, key: &[&str]) -> Result<Self, Error> {
        if key.is_empty() {
            return Err(config("a row needs a key to be found by"));
        }
        let table = dialect.quoted(table)?;
        let keys = key.iter().map(|column| dialect.quoted(column)).collect::<Result<_, _>>()?;
        Ok(Self { dialect, schema: None, table, keys, fence: dialect.quoted("fence")? })
    }

    /// The same table in a schema, or in another database.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), for the name.
    pub fn in_schema(mut self, schema: &str) -> Result<Self, Error> {
        self.schema = Some(self.dialect.quoted(schema)?);
        Ok(self)
    }

    /// The same table with another name for the column of the fence.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), for the name.
    pub fn with_fence_column(mut self, column: &str) -> Result<Self, Error> {
        self.fence = self.dialect.quoted(column)?;
        Ok(self)
    }

    /// The statement that gives a table its column for the fence: once, when it is set up.
    #[must_use]
    pub fn add_column(&self) -> String {
        format!("ALTER TABLE {} ADD COLUMN {} BIGINT NOT NULL DEFAULT 0", self.path(), self.fence)
    }

    /// The statement that writes these columns, if the row has no newer fence.
    ///
    /// Parameters: the values of `columns` in their order, the fence, the key, and the fence once
    /// more. If it changes no row, nothing was written: [`refusal`](Self::refusal). With no columns
    /// it raises the fence and does nothing else, which is how a transaction of several statements
    /// begins.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), for their names; also if the key or the fence is among them.
    pub fn update(&self, columns: &[&str]) -> Result<String, Error> {
        let mut next = 0;
        let mut columns = self.columns(columns)?;
        columns.push(self.fence.clone());
        let mut set = |column: &String| format!("{column} = {}", self.dialect.parameter(&mut next));
        let sets: Vec<_> = columns.iter().map(&mut set).collect();
        let key = self.key_is(&mut next);
        let (path, sets, fence) = (self.path(), sets.join(", "), self.of_row(&self.fence));
        let newest = self.dialect.parameter(&mut next);
        Ok(format!("UPDATE {path} SET {sets} WHERE {key} AND {fence} <= {newest}"))
    }

    /// The statement that writes these columns, if the row has no newer fence, and inserts the row
    /// if there is none. The key has to be unique, by a constraint or an index.
    ///
    /// Parameters: the values of `columns` in their order, the fence, and the key.
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update); [`Unsupported`](ErrorKind::Unsupported) in MySQL, which cannot
    /// tell an insert under a condition from one that was refused. There, `INSERT IGNORE` the row
    /// with fence 0 first, and update it then.
    pub fn upsert(&self, columns: &[&str]) -> Result<String, Error> {
        if self.dialect == Dialect::MySql {
            let why =
                "MySQL has no upsert under a condition: INSERT IGNORE with fence 0, then update";
            return Err(Error::new(ErrorKind::Unsupported, why));
        }
        let mut written = self.columns(columns)?;
        written.push(self.fence.clone());
        let set = |column: &String| format!("{column} = excluded.{column}");
        let sets = written.iter().map(set).collect::<Vec<_>>().join(", ");
        let key = self.keys.join(", ");
        written.extend(self.keys.iter().cloned());
        let mut next = 0;
        let values = written.iter().map(|_| self.dialect.parameter(&mut next));
        let values = values.collect::<Vec<_>>().join(", ");
        let (path, all) = (self.path(), written.join(", "));
        let (kept, fence) = (self.of_row(&self.fence), &self.fence);
        Ok(format!(
            "INSERT INTO {path} ({all}) VALUES ({values}) ON CONFLICT ({key}) \
             DO UPDATE SET {sets} WHERE {kept} <= excluded.{fence}"
        ))
    }

    /// The query for the fence that a row has; its parameters are the key. It is for people to
    /// read: to decide by it would be to check first and to write then.
    #[must_use]
    pub fn newest(&self) -> String {
        let (fence, path, key) = (self.of_row(&self.fence), self.path(), self.key_is(&mut 0));
        format!("SELECT {fence} FROM {path} WHERE {key}")
    }

    /// What to tell of a write that changed no row, given what [`newest`](Self::newest) says after
    /// it.
    ///
    /// It is of the kind [`Lost`](ErrorKind::Lost), with the [`StaleFence`] as its source, if a
    /// newer holder has written. Otherwise it is [`Other`](ErrorKind::Other), and says why: there
    /// is no such row, or it came to be only after the write.
    #[must_use]
    pub fn refusal(&self, fence: Fence, newest: Option<i64>) -> Error {
        let why = match newest.map(|newest| u64::try_from(newest).unwrap_or(0)) {
            Some(newest) if newest > fence.value() => {
                return StaleFence::new(fence, Fence::new(newest)).into();
            }
            None => "there is no such row, and a fence that is kept nowhere refuses nothing",
            Some(_) => {
                "no row was changed, though none has a newer fence: it was inserted since, or the \
                 client counts only rows that it finds different"
            }
        };
        Error::new(ErrorKind::Other, format!("nothing was written to {}: {why}", self.path()))
    }

    /// A fence as databases have it, whose numbers of 64 bits have a sign.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported) beyond `i64::MAX`. No server here gives such fences.
    pub fn number(fence: Fence) -> Result<i64, Error> {
        i64::try_from(fence.value()).map_err(|error| {
            let why = format!("a database cannot keep the fence {fence}");
            Error::new(ErrorKind::Unsupported, why).with_source(error)
        })
    }

    fn columns(&self, columns: &[&str]) -> Result<Vec<String>, Error> {
        let taken = |quoted: &String| {
            let mut taken = self.keys.iter().chain([&self.fence]);
            taken.any(|column| column.eq_ignore_ascii_case(quoted))
        };
        let quoted = columns.iter().map(|column| {
            let quoted = self.dialect.quoted(column)?;
            if taken(&quoted) {
                return Err(config("the key and the fence are not among the columns to write"));
            }
            Ok(quoted)
        });
        quoted.collect()
    }

    fn path(&self) -> String {
        let Self { schema, table, .. } = self;
        schema.as_ref().map_or_else(|| table.clone(), |schema| format!("{schema}.{table}"))
    }

    /// A column where it is read. SQLite takes an unknown name in quotes for a text, unless it is
    /// said to be of a table.
    fn of_row(&self, column: &str) -> String {
        format!("{}.{column}", self.table)
    }

    fn key_is(&self, next: &mut usize) -> String {
        let is =
            |column: &String| format!("{} = {}", self.of_row(column), self.dialect.parameter(next));
        self.keys.iter().map(is).collect::<Vec<_>>().join(" AND ")
    }
}

impl Dialect {
    /// The name as one that can be nothing else, whatever is in it.
    fn quoted(self, name: &str) -> Result<String, Error> {
        if name.is_empty() || name.contains(char::is_control) {
            return Err(config(&format!("{name:?} is no name of a table or a column")));
        }
        let quote = match self {
            Self::Sqlite | Self::Postgres => '"',
            Self::MySql => '`',
        };
        let doubled = name.replace(quote, &format!("{quote}{quote}"));
        Ok(format!("{quote}{doubled}{quote}"))
    }

    /// The next parameter; `next` counts them.
    fn parameter(self, next: &mut usize) -> String {
        *next += 1;
        match self {
            Self::Sqlite | Self::MySql => "?".into(),
            Self::Postgres => format!("${next}"),
        }
    }
}

fn config(why: &str) -> Error {
    Error::new(ErrorKind::Config, why)
}
