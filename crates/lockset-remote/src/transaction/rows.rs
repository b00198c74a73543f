//! Which rows are to be locked, and the statement that does it.

use super::{Error, ErrorKind, Strength};

/// What to do about a row that somebody else has locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Contention {
    /// Wait, for as long as the database allows.
    Wait,
    /// Give up at once: `NOWAIT`.
    Refuse,
    /// Leave it out: `SKIP LOCKED`.
    Skip,
}

/// A table, by its name exactly as the database has it, upper and lower case included.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Table {
    schema: Option<String>,
    name: String,
}

impl Table {
    /// The table of this name, wherever the connection looks for it first.
    pub fn new(name: impl Into<String>) -> Self {
        Self { schema: None, name: name.into() }
    }

    /// The one in this schema, which some databases call a database.
    pub fn in_schema(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: Some(schema.into()), name: name.into() }
    }

    /// Its name in a statement.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for a name that no table can have.
    pub fn quoted(&self, dialect: Dialect) -> Result<String, Error> {
        let parts = self.schema.iter().chain([&self.name]);
        let parts = parts.map(|part| dialect.quote(part)).collect::<Result<Vec<_>, _>>()?;
        Ok(parts.join("."))
    }
}

/// Some rows of a table, to be locked and read.
///
/// ```
/// use lockset_remote::transaction::{Contention, Dialect, Rows, Table};
///
/// let jobs = Rows::of(Table::new("jobs"))
///     .columns(["id", "payload"])
///     .matching(["state"])
///     .ordered_by(["id"])
///     .limit(10)
///     .when_locked(Contention::Skip);
/// assert_eq!(
///     jobs.statement(Dialect::Postgres)?,
///     "SELECT \"id\", \"payload\" FROM \"jobs\" WHERE \"state\" = $1 ORDER BY \"id\" LIMIT 10 \
///      FOR UPDATE SKIP LOCKED",
/// );
/// # Ok::<(), lockset_remote::transaction::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    table: Table,
    columns: Vec<String>,
    conditions: Vec<String>,
    order: Vec<String>,
    limit: Option<u64>,
    strength: Strength,
    contention: Contention,
}

impl Rows {
    /// All rows of a table, all their columns, exclusively.
    #[must_use]
    pub fn of(table: Table) -> Self {
        let (columns, conditions, order) = (Vec::new(), Vec::new(), Vec::new());
        let (strength, contention) = (Strength::Exclusive, Contention::Wait);
        Self { table, columns, conditions, order, limit: None, strength, contention }
    }

    /// Reads these columns only.
    #[must_use]
    pub fn columns<C: Into<String>>(self, columns: impl IntoIterator<Item = C>) -> Self {
        Self { columns: strings(columns), ..self }
    }

    /// Only the rows in which each of these columns is equal to the value given for it.
    #[must_use]
    pub fn matching<C: Into<String>>(self, columns: impl IntoIterator<Item = C>) -> Self {
        Self { conditions: strings(columns), ..self }
    }

    /// In the order of these columns. Whoever locks several rows one after another should do it in
    /// an order that is the same everywhere, or deadlocks are to be expected.
    #[must_use]
    pub fn ordered_by<C: Into<String>>(self, columns: impl IntoIterator<Item = C>) -> Self {
        Self { order: strings(columns), ..self }
    }

    /// The first so many only.
    #[must_use]
    pub fn limit(self, rows: u64) -> Self {
        Self { limit: Some(rows), ..self }
    }

    /// Together with others who only share them: they can be read and not changed.
    #[must_use]
    pub fn shared(self) -> Self {
        Self { strength: Strength::Shared, ..self }
    }

    /// What to do about those that somebody else has locked.
    #[must_use]
    pub fn when_locked(self, contention: Contention) -> Self {
        Self { contention, ..self }
    }

    /// What is done about those.
    #[must_use]
    pub fn contention(&self) -> Contention {
        self.contention
    }

    /// How many values the statement needs.
    #[must_use]
    pub fn values(&self) -> usize {
        self.conditions.len()
    }

    /// The statement that locks and reads them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for a name that no table and no column can have.
    pub fn statement(&self, dialect: Dialect) -> Result<String, Error> {
        let quoted = |names: &[String]| {
            let names = names.iter().map(|name| dialect.quote(name));
            names.collect::<Result<Vec<_>, _>>()
        };
        let columns = match &self.columns[..] {
            [] => "*".to_owned(),
            columns => quoted(columns)?.join(", "),
        };
        let mut sql = format!("SELECT {columns} FROM {}", self.table.quoted(dialect)?);
        for (i, column) in quoted(&self.conditions)?.iter().enumerate() {
            let and = if i == 0 { "WHERE" } else { "AND" };
            sql += &format!(" {and} {column} = {}", dialect.placeholder(i + 1));
        }
        if !self.order.is_empty() {
            sql += &format!(" ORDER BY {}", quoted(&self.order)?.join(", "));
        }
        if let Some(limit) = self.limit {
            sql += &format!(" LIMIT {limit}");
        }
        sql += dialect.locking(self.strength, self.contention);
        Ok(sql)
    }
}

/// How a database writes names and places for values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// `"name"` and `$1`.
    Postgres,
    /// `` `name` `` and `?`.
    MySql,
}

impl Dialect {
    /// A name that means itself in a statement, whatever is in it.
    fn quote(self, name: &str) -> Result<String, Error> {
        if name.is_empty() || name.contains('\0') {
            let why = format!("{name:?} is no name of a table or a column");
            return Err(Error::new(ErrorKind::Config, why));
        }
        let quote = match self {
            Self::Postgres => "\"",
            Self::MySql => "`",
        };
        Ok([quote, &name.replace(quote, &quote.repeat(2)), quote].concat())
    }

    /// The end of a statement that locks what it reads.
    ///
    /// MariaDB knows `FOR SHARE` by an older name only, which MySQL does not take together with the
    /// other words. Each reads one of the two comments, and the other takes it for one.
    fn locking(self, strength: Strength, contention: Contention) -> &'static str {
        use Contention::{Refuse, Skip, Wait};
        use Strength::{Exclusive, Shared};
        match (self, strength, contention) {
            (_, Exclusive, Wait) => " FOR UPDATE",
            (_, Exclusive, Refuse) => " FOR UPDATE NOWAIT",
            (_, Exclusive, Skip) => " FOR UPDATE SKIP LOCKED",
            (Self::Postgres, Shared, Wait) => " FOR SHARE",
            (Self::Postgres, Shared, Refuse) => " FOR SHARE NOWAIT",
            (Self::Postgres, Shared, Skip) => " FOR SHARE SKIP LOCKED",
            (Self::MySql, Shared, Wait) => " LOCK IN SHARE MODE",
            (Self::MySql, Shared, Refuse) => {
                " /*!80001 FOR SHARE */ /*M! LOCK IN SHARE MODE */ NOWAIT"
            }
            (Self::MySql, Shared, Skip) => {
                " /*!80001 FOR SHARE */ /*M! LOCK IN SHARE MODE */ SKIP LOCKED"
            }
        }
    }

    fn placeholder(self, number: usize) -> String {
        match self {
            Self::Postgres => format!("${number}"),
            Self::MySql => "?".to_owned(),
        }
    }
}

fn strings<C: Into<String>>(columns: impl IntoIterator<Item = C>) -> Vec<String> {
    columns.into_iter().map(Into::into).collect()
}
