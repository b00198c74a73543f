//! The statements, each text one exchange.
//!
//! Whatever comes from outside is written as hexadecimal digits, so nothing has to be quoted, and
//! no setting of the server's can change how it is read.

use std::time::Duration;

use lockset_api::Name;

use super::idle::KEPT;
use crate::{Request, RequestId};

/// The table, one row a lock. `name` is bytes, since to compare texts would take some for equal.
pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS lockset_lease (\
    name VARBINARY(512) NOT NULL PRIMARY KEY, \
    fence BIGINT UNSIGNED NOT NULL, \
    request BINARY(16), \
    holder TEXT, \
    note TEXT, \
    granted DATETIME(6), \
    expires DATETIME(6)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4";

/// How long the one whose turn it is waits at a time for a predecessor that has not given back.
const TURN_SECONDS: &str = "0.25";

/// How much longer, in microseconds, the lease in a row has.
const LEFT: &str = "GREATEST(0, TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), expires))";

/// Whether nobody has the lease in a row.
const FREE: &str = "(request IS NULL OR expires <= UTC_TIMESTAMP(6))";

/// The server's time in microseconds.
const CLOCK: &str = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))";

/// The user variable that statements of one text pass on what came of the first of them.
const GOT: &str = "@lockset_got";

/// What stands for a name in the server's own locks: readable where it may be, and otherwise a
/// hash. MySQL takes 64 characters and lets their case be; MariaDB takes more and minds it.
pub(super) fn user_lock(database: &str, name: &Name) -> String {
    let plain = format!("lockset/{database}/{name}");
    let tame =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"/_.-:".contains(&byte);
    if plain.len() <= 64 && plain.bytes().all(tame) {
        return format!("'{plain}'");
    }
    format!("CONCAT('lockset#', SHA2({}, 224))", hex(plain.as_bytes()))
}

/// What marks the statement of a waiter, for whoever looks for it in the server's list.
pub(super) fn mark(id: RequestId) -> String {
    format!("lockset {id}")
}

/// The same with what [`waiters`] tells of it.
fn whole_mark(request: &Request) -> String {
    let who = [request.holder.as_ref(), "\n", request.note.as_deref().unwrap_or_default()].concat();
    let [name, who] = [request.names[0].as_str(), &who].map(|text| digits(text.as_bytes()));
    [mark(request.id), name, who].join(" ")
}

/// Waits for the lock for `patience` at most, and takes it if its time has come.
///
/// The row that comes back is a [`Taken`](super::taken::Taken).
pub(super) fn take(database: &str, request: &Request, patience: Duration) -> String {
    let (lock, id) = (user_lock(database, &request.names[0]), id_of(request));
    let (ttl, seconds) = (request.ttl.as_micros(), whole_seconds(request.ttl));
    let kept = KEPT.as_secs();
    let mark = whole_mark(request);
    let (holder, note) = (text(&request.holder), optional(request.note.as_deref()));
    let name = name_of(request);
    let (wait, or_leave);
    if patience.is_zero() {
        wait = "0".to_owned();
        // Whoever does not wait does not keep its turn either.
        or_leave = format!(
            "SET SESSION wait_timeout = IF(ROW_COUNT() = 0, {kept}, {seconds}), \
             @lockset_left = IF(ROW_COUNT() = 0 AND {GOT}, RELEASE_LOCK({lock}), 0); "
        );
    } else {
        // MariaDB waits for fractions of a second, MySQL for whole ones.
        let (exact, whole) = (patience.as_secs_f64().max(0.001), whole_seconds(patience));
        wait = format!("IF(VERSION() LIKE '%MariaDB%', {exact:.3}, {whole})");
        or_leave = String::new();
    }
    // What is free is asked of the row as it was, so before it says whose it is.
    format!(
        "SET SESSION wait_timeout = {seconds}, {GOT} = /* {mark} */ \
         IF(IS_USED_LOCK({lock}) <=> CONNECTION_ID(), 1, GET_LOCK({lock}, {wait})); \
         UPDATE lockset_lease SET fence = IF({FREE}, GREATEST(fence + 1, {CLOCK}), fence), \
         granted = IF({FREE}, UTC_TIMESTAMP(6), granted), \
         request = {id}, holder = {holder}, note = {note}, \
         expires = UTC_TIMESTAMP(6) + INTERVAL {ttl} MICROSECOND \
         WHERE name = {name} AND {GOT} = 1 AND ({FREE} OR request = {id}); \
         {or_leave}\
         SELECT {GOT}, request <=> {id}, fence, {LEFT} \
         FROM (SELECT 1) AS always LEFT JOIN lockset_lease ON name = {name}"
    )
}

/// The same for one whose turn it is, and that has found that its predecessor has not given back.
///
/// It sleeps in a `SELECT`, which locks no row: the predecessor may still renew.
pub(super) fn take_later(database: &str, request: &Request, patience: Duration) -> String {
    let (name, id) = (name_of(request), id_of(request));
    let (mark, take) = (whole_mark(request), take(database, request, patience));
    format!(
        "SELECT /* {mark} */ SLEEP(COALESCE((SELECT LEAST({TURN_SECONDS}, {LEFT} / 1e6) \
         FROM lockset_lease WHERE name = {name} AND request <> {id}), 0)); {take}"
    )
}

/// The first row of a lock, and nobody has it.
pub(super) fn first_row(name: &Name) -> String {
    let name = hex(name.as_str().as_bytes());
    format!(
        "INSERT INTO lockset_lease (name, fence) VALUES ({name}, 0) \
         ON DUPLICATE KEY UPDATE fence = fence"
    )
}

/// Renews, and stands before the others again if the session is another than before.
pub(super) fn renew(database: &str, request: &Request) -> String {
    let (name, id) = (name_of(request), id_of(request));
    let (lock, seconds) = (user_lock(database, &request.names[0]), whole_seconds(request.ttl));
    let ttl = request.ttl.as_micros();
    format!(
        "SET SESSION wait_timeout = {seconds}; \
         UPDATE lockset_lease SET expires = UTC_TIMESTAMP(6) + INTERVAL {ttl} MICROSECOND \
         WHERE name = {name} AND request = {id} AND expires > UTC_TIMESTAMP(6); \
         SET {GOT} = ROW_COUNT(); \
         SELECT {GOT}, IF({GOT} = 0 OR IS_USED_LOCK({lock}) <=> CONNECTION_ID(), 0, \
         GET_LOCK({lock}, 0))"
    )
}

/// Gives back, and lets the next one look when that is done.
pub(super) fn release(database: &str, request: &Request) -> String {
    let (name, id) = (name_of(request), id_of(request));
    let (lock, kept) = (user_lock(database, &request.names[0]), KEPT.as_secs());
    format!(
        "UPDATE lockset_lease SET request = NULL, holder = NULL, note = NULL \
         WHERE name = {name} AND request = {id}; \
         SET SESSION wait_timeout = {kept}, {GOT} = ROW_COUNT(); \
         SELECT {GOT}, RELEASE_LOCK({lock})"
    )
}

/// The row of a lock, and after that the statements of those who wait for it.
pub(super) fn row(name: &Name) -> String {
    let name = hex(name.as_str().as_bytes());
    format!(
        "SELECT fence, HEX(IF({FREE}, NULL, request)), holder, note, \
         GREATEST(0, TIMESTAMPDIFF(MICROSECOND, granted, UTC_TIMESTAMP(6))), {LEFT} \
         FROM lockset_lease WHERE name = {name}"
    )
}

/// Those of this user, and of all if the user may see them.
pub(super) fn waiters(name: &Name) -> String {
    let name = digits(name.as_str().as_bytes());
    format!(
        "SELECT * FROM information_schema.processlist \
         WHERE state = 'User lock' AND INSTR(info, ' {name} ') > 0"
    )
}

/// Which of these sessions wait for this request.
pub(super) fn waiting_for(id: RequestId, sessions: &[u32]) -> String {
    let list: Vec<_> = sessions.iter().map(u32::to_string).collect();
    let list = list.join(", ");
    let mark = mark(id);
    format!(
        "SELECT id FROM information_schema.processlist \
         WHERE id IN ({list}) AND INSTR(info, '{mark}') > 0"
    )
}

fn name_of(request: &Request) -> String {
    hex(request.names[0].as_str().as_bytes())
}

fn id_of(request: &Request) -> String {
    format!("X'{}'", request.id)
}

/// At least one: none would be no limit, or no time at all.
fn whole_seconds(time: Duration) -> u128 {
    time.as_millis().div_ceil(1000).max(1)
}

fn optional(text: Option<&str>) -> String {
    text.map_or_else(|| "NULL".into(), self::text)
}

fn text(text: &str) -> String {
    format!("_utf8mb4 {}", hex(text.as_bytes()))
}

/// Bytes as the server reads them: `X'6869'`.
fn hex(bytes: &[u8]) -> String {
    format!("X'{}'", digits(bytes))
}

fn digits(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble & 0xf)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}
