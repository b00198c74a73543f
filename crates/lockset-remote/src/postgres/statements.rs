//! What is said to the server.

use tokio_postgres::{Client, Error, Statement};

/// What the functions and lock modes of a mode are called.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sharing {
    Exclusive,
    Shared,
}

/// The prepared statements of a session, for one mode.
pub(super) struct Statements {
    pub(super) attempt: Statement,
    pub(super) wait: Statement,
    pub(super) unlock: Statement,
}

impl Statements {
    pub(super) async fn prepare(client: &Client, sharing: Sharing) -> Result<Self, Error> {
        let suffix = match sharing {
            Sharing::Exclusive => "",
            Sharing::Shared => "_shared",
        };
        let (attempt, wait, unlock) = (attempt(suffix), wait(suffix), unlock(suffix));
        // One after another on the wire, but without waiting in between.
        let (attempt, wait, unlock) = tokio::try_join!(
            client.prepare(&attempt),
            client.prepare(&wait),
            client.prepare(&unlock)
        )?;
        Ok(Self { attempt, wait, unlock })
    }
}

/// Takes the lock if it can be had, and counts its fence: `$1` key, `$2` name, `$3` request, `$4`
/// who, `$5` application name, `$6` and `$7` how long the session may be idle, granted and not.
///
/// A session in which something is held already is somebody else's as well. It is not asked for a
/// lock, which it would have again: then there is no row in `locked`, and `got` is null.
///
/// Each step depends on the one before by its data, as the order of independent ones is not
/// promised. The count is by `ON CONFLICT`, which sees what was committed before it locks the row,
/// whatever the statement's snapshot is from.
fn attempt(suffix: &str) -> String {
    format!(
        "WITH locked AS MATERIALIZED (
            SELECT pg_try_advisory_lock{suffix}($1) AS got
            WHERE coalesce(current_setting('lockset.request', true), '') = ''
        ), {COUNT}
        SELECT got, fence,
            set_config('lockset.request', CASE WHEN got THEN $3 ELSE '' END, false),
            set_config('application_name', $5, false),
            set_config('idle_session_timeout', CASE WHEN got THEN $6 ELSE $7 END, false)
        FROM locked LEFT JOIN counted ON true"
    )
}

/// Waits for the lock, and counts its fence, unless the attempt before has it: `$1` to `$6` as
/// there, `$7` how long it may wait.
fn wait(suffix: &str) -> String {
    format!(
        "WITH ours AS MATERIALIZED (
            SELECT set_config('lock_timeout', $7, false) AS a,
                set_config('application_name', $5, false) AS b,
                set_config('idle_session_timeout', $6, false) AS c
            WHERE coalesce(current_setting('lockset.request', true), '') = ''
        ), locked AS MATERIALIZED (
            SELECT pg_advisory_lock{suffix}($1)::text IS NOT NULL AS got
            FROM ours WHERE a || b || c IS NOT NULL
        ), {COUNT}
        SELECT fence, set_config('lockset.request', $3, false) FROM counted"
    )
}

/// The greater of the last fence plus one and the server's clock: so it also rises when the server
/// has forgotten the latest ones, as one does that was restored from a backup, or a standby that
/// was promoted.
///
/// What was granted last is in a table without a log, which a crash empties; to write there waits
/// for no disk. The first fence of each second, in microseconds as they are, puts that second on
/// disk, as one whose fences may have been granted, before it is answered. After a crash fences
/// begin where the last such second ends.
///
/// Rows are locked in the same order by all, or two readers who are counted at once could wait for
/// each other.
const COUNT: &str = "counted AS (
        INSERT INTO lockset.granted AS g (key, fence, before, name, request, who, granted)
        SELECT $1::bigint, greatest((extract(epoch FROM now) * 1000000)::bigint,
                (SELECT below FROM lockset.reserved WHERE key = $1::bigint)),
            NULL, $2::text, $3::text, $4::text, now
        FROM (SELECT clock_timestamp() AS now FROM locked WHERE got) AS granted
        ON CONFLICT (key) DO UPDATE SET before = g.fence,
            fence = greatest(g.fence + 1, (extract(epoch FROM excluded.granted) * 1000000)::bigint),
            name = excluded.name, request = excluded.request, who = excluded.who,
            granted = excluded.granted
        RETURNING fence, before
    ), reserved AS (
        INSERT INTO lockset.reserved AS r (key, below)
        SELECT $1::bigint, (fence / 1000000 + 1) * 1000000 FROM counted
        WHERE before IS NULL OR before / 1000000 < fence / 1000000
        ON CONFLICT (key) DO UPDATE SET below = greatest(r.below, excluded.below)
    )";

/// Gives the lock `$1` back if it is still this request's, `$2`, and says whether it was held; the
/// session may be idle for `$3` then.
fn unlock(suffix: &str) -> String {
    format!(
        "WITH ours AS MATERIALIZED (
            SELECT pg_advisory_unlock{suffix}($1) AS held
            WHERE current_setting('lockset.request', true) = $2::text
        )
        SELECT held, set_config('lockset.request', '', false),
            set_config('application_name', 'lockset', false),
            set_config('lock_timeout', '0', false),
            set_config('idle_session_timeout', $3::text, false)
        FROM ours"
    )
}

/// Whose lock the database session holds. That it is answered is the renewal: the server counts the
/// idle time anew.
pub(super) const HOLDS: &str =
    "SELECT coalesce(current_setting('lockset.request', true), '') AS request";

/// Gives everything back, whatever it is.
pub(super) const CLEAN: &str = "SELECT pg_advisory_unlock_all()";

/// Whether the session of process `$1` has, or waits for, an advisory lock.
pub(super) const IS_IN_LINE: &str = "SELECT EXISTS (
        SELECT FROM pg_locks WHERE pid = $1 AND locktype = 'advisory') AS is_in_line";
