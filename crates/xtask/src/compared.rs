//! `cargo xtask permits`, `files` and `leases`: locks beside their rivals, in interleaved rounds.
//!
//! The measuring is a program of the benchmarks. This runs it, and puts its tables into the book,
//! so that no figure there was typed by hand.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::process::{cargo, output_of, run as run_command, say};
use crate::{Result, packages, rivals};

/// A program, the page of the book for its tables, and what the page says before them.
pub(crate) struct Comparison {
    package: &'static str,
    bench: &'static str,
    /// What of it is measured, by the program's own word for that; nothing for the usual.
    part: Option<&'static str>,
    /// Gets what the program needs, and says under which variable it finds that.
    prepare: fn() -> Result<Option<(&'static str, PathBuf)>>,
    page: &'static str,
    head: &'static str,
}

pub(crate) const PERMITS: Comparison = Comparison {
    package: "lockset-bench",
    bench: "permits",
    part: None,
    prepare: || Ok(None),
    page: "docs/src/semaphores-compared.md",
    head: "# Semaphores compared

<!-- Written by `cargo xtask permits --write`. -->

Every figure is a rate as a multiple of one rival's in the same round: the median of all rounds in
bold, the least and the most of them, and Jain's index of fairness where there is something to share
(1 if all get the same). The rounds of all semaphores are interleaved. `Fifo` and `Barging` are the
two policies of `lockset_semaphore`; a *pair* is a mutex with a condition variable. A section takes
50 ns; a thread thinks for 50 ns afterwards, and a task holds its permit over one turn of the
others. `saa` has no more than 63 permits.

Read a rate together with its index. Where one contender keeps the permit and the others starve, the
rate is high and the index is 1 over their number.

",
};

pub(crate) const FILES: Comparison = Comparison {
    package: "lockset-bench",
    bench: "files",
    part: None,
    prepare: || Ok(None),
    page: "docs/src/file-locks-compared.md",
    head: "# File locks compared

<!-- Written by `cargo xtask files --write`. -->

Every figure is a multiple of one of the entries in the same run: the ratio of the medians over all
rounds in bold, and the least and the most of any round. The rounds of all entries are interleaved,
each time in another order. Less is better where a time is measured, more where it is throughput.
",
};

pub(crate) const LEASES: Comparison = Comparison {
    package: "lockset-bench-leases",
    bench: "leases",
    part: None,
    prepare: || {
        packages::ensure(packages::FOR_BUILDS)?;
        Ok(Some((rivals::VARIABLE, rivals::install()?)))
    },
    page: "docs/src/leases-compared.md",
    head: "# Leases compared

<!-- Written by `cargo xtask leases --write`. -->

All of these locks are kept by one Redis server. First it is some milliseconds away: a proxy keeps
every message for 2 ms, and each figure is a multiple of the round trip (RTT) that a raw socket saw
through the same proxy just before. Such figures count what a lock has to send and to wait for, and
hardly depend on the machine. Then the server is on the same processor as its client, and each
figure is a multiple of what the bare client needs for the very commands of that lock: what the
library around it costs. The rounds of all locks are interleaved, each time in another order. In
bold is the median of all rounds, and beside it are the least and the most of them.

In the tables of contention every section is empty, and every contender has a connection of its own.
*RTT a lock* is the time from one grant to the next. Jain's index is 1 if all got the lock equally
often, and 1 over their number if one had it all the time; in brackets is the worst round. The
longest wait is divided by the number of contenders: in a queue nobody waits for much more than 1.
That no two held the lock at once was checked in each of these rounds: from a release to the next
grant it has to be a whole round trip.

The bounds of many tasks are what `redis-benchmark -P 64` gets done: one over the sum of the times
of all commands of a pair.

Read a rate together with its index and its longest wait. A lock that polls gives the lock to
whoever comes by, which is mostly the one that has just released it: few round trips a lock, and
waits that are many times as long as in a queue.

",
};

/// The part of the leases that has its own page.
pub(crate) const REDLOCK: Comparison = Comparison {
    package: "lockset-bench-leases",
    bench: "leases",
    part: Some("redlock"),
    prepare: LEASES.prepare,
    page: "docs/src/redlock-compared.md",
    head: "# Quorums compared

<!-- Written by `cargo xtask leases redlock --write`. -->

All of these locks are kept by five Redis masters that know nothing of each other. What
[Leases compared](leases-compared.md) says of one server goes for this page: each master is some
milliseconds away, behind a proxy of its own that keeps every message for 2 ms, and each figure is a
multiple of the round trip (RTT) that a raw socket saw just before, to one master after the other.
The rounds are interleaved, in bold is the median, and that no two held the lock at once was checked
in each race.

*redis-rs alone, to all at once* is no lock to use. It is the least that a quorum takes: `SET` to
all five in one go, on with the third answer, and likewise back. It has no fence and keeps to no
deadline, so it shows what the way costs. *The same, with Lockset's commands* sends what Lockset
sends, with the fence in it: what is left between that and Lockset is the library's. The masters
share this machine's processors, so what five scripts take is in the figure; on five machines they
would run side by side.

Masters that hang are stopped (`SIGSTOP`) after connections have been made. Whoever waits for them
would wait for ever, so they go on after some seconds, and the row says so. A race livelocked if for
a whole second nobody got the lock while all eight wanted it.

In the last table all masters and their client share one processor, which five machines do not: what
the masters work there is part of the figure.

",
};

/// The leases that ZooKeeper keeps.
pub(crate) const ZOOKEEPER: Comparison = Comparison {
    package: "lockset-bench-leases",
    bench: "leases",
    part: Some("zookeeper"),
    prepare: servers,
    page: "docs/src/zookeeper-compared.md",
    head: "# Leases of ZooKeeper compared

<!-- Written by `cargo xtask leases zookeeper --write`. -->

All of these locks are kept by one ZooKeeper server, some milliseconds away. What
[Leases compared](leases-compared.md) says of its far server goes for this page; the round trip is
that of a ping of ZooKeeper's own protocol. A change takes the server longer than a ping, since it
is written down first.

",
};

/// The locks that etcd keeps.
pub(crate) const ETCD: Comparison = Comparison {
    package: "lockset-bench-leases",
    bench: "leases",
    part: Some("etcd"),
    prepare: servers,
    page: "docs/src/etcd-compared.md",
    head: "# Locks of etcd compared

<!-- Written by `cargo xtask leases etcd --write`. -->

All of these locks are kept by one etcd server, some milliseconds away. What
[Leases compared](leases-compared.md) says of its far server goes for this page; the round trip is
that of a question which etcd answers out of its head. A change takes it longer.

The rival is the lock that etcd itself offers (`Lock` and `Unlock`, by the crate `etcd-client`),
with one lease that is kept for all of its locks. In the last table the server is on this machine.

",
};

/// The leases that MariaDB keeps.
pub(crate) const MYSQL: Comparison = Comparison {
    package: "lockset-bench-leases",
    bench: "leases",
    part: Some("mysql"),
    prepare: servers,
    page: "docs/src/mysql-compared.md",
    head: "# Leases of MariaDB compared

<!-- Written by `cargo xtask leases mysql --write`. -->

All of these locks are kept by one MariaDB server, some milliseconds away. What
[Leases compared](leases-compared.md) says of its far server goes for this page; the round trip is
that of a ping of MySQL's own protocol. The server writes each commit before it answers and does not
wait for the disk (`innodb_flush_log_at_trx_commit = 2`): a disk that is waited for adds what it
takes to each acquire and each release of ours. `GET_LOCK` alone commits nothing: it has no fence,
and is gone when its connection is.

",
};

/// The leases that PostgreSQL keeps.
pub(crate) const POSTGRES: Comparison = Comparison {
    package: "lockset-bench-leases",
    bench: "leases",
    part: Some("postgres"),
    prepare: servers,
    page: "docs/src/postgres-compared.md",
    head: "# Leases of PostgreSQL compared

<!-- Written by `cargo xtask leases postgres --write`. -->

All of these locks are kept by one PostgreSQL server, some milliseconds away. What
[Leases compared](leases-compared.md) says of its far server goes for this page; the round trip is
that of a query of no statement. The server waits for its disk, which it does once a second for the
fences of ours. `pg_advisory_lock` alone writes nothing: it has no fence and no TTL.

",
};

/// The leases that SQLite keeps.
pub(crate) const SQLITE: Comparison = Comparison {
    package: "lockset-bench",
    bench: "sqlite_leases",
    part: None,
    prepare: || Ok(None),
    page: "docs/src/sqlite-compared.md",
    head: "# Leases of SQLite compared

<!-- Written by `cargo xtask leases sqlite --write`. -->

There is no server here and no way to it, so what is compared with is SQLite itself. Each figure in
bold is a multiple of the first entry's in the same run, the ratio of the medians; beside it stand
the times themselves, which are those of one machine and its disk. The rounds of all entries are
interleaved.

Whoever keeps a lease in SQLite has to tell other processes twice, by a transaction each: that it
holds the lock, and that it does no more. The first entry is that and nothing else, an `UPDATE` of
one row. The first of the two is synced to disk, as it has to be where a fence is counted up and
must survive a power cut. Lockset has a fence, a TTL and a line, and syncs once for a thousand
fences of a lock: [A lock you can lose](a-lock-you-can-lose.md#the-line-in-a-sqlite-database) says
how.

SQLite's own busy handler is what one waits by there without a library. It waits for the whole
database, whatever was to be locked in it, and for ever if the holder hangs.
",
};

/// All servers, in one table.
pub(crate) const SERVERS: Comparison = Comparison {
    package: "lockset-bench-leases",
    bench: "leases",
    part: Some("servers"),
    prepare: servers,
    page: "docs/src/servers-compared.md",
    head: "# Servers compared

<!-- Written by `cargo xtask leases servers --write`. -->

One lock of ours on each kind of server, some milliseconds away, all measured in interleaved
rounds. The figures are multiples of a bare round trip to that server, its shortest question through
the same line in the same round: the median of all rounds in bold, the least and the most of them. A
hand-over is from the call that gives the lock back to the waiter that has it. The servers are as
they come on Debian, except that MariaDB does not wait for its disk. SQLite has no server; it is in
[Leases of SQLite compared](sqlite-compared.md). [Redlock](redlock-compared.md) has a page of its
own too.

",
};

fn servers() -> Result<Option<(&'static str, PathBuf)>> {
    packages::ensure(packages::FOR_BUILDS)?;
    packages::ensure(packages::SERVERS)?;
    Ok(None)
}

/// `cargo xtask leases` with these words: of Redis, one or a quorum, or of another server.
pub(crate) fn run_leases(words: &[String]) -> Result<ExitCode> {
    let says = |part: &str| words.iter().any(|word| word == part);
    let comparison = match () {
        () if says("redlock") => &REDLOCK,
        () if says("mysql") => &MYSQL,
        () if says("postgres") => &POSTGRES,
        () if says("servers") => &SERVERS,
        () if says("sqlite") => &SQLITE,
        () if says("zookeeper") => &ZOOKEEPER,
        () if says("etcd") => &ETCD,
        () => &LEASES,
    };
    run(comparison, words)
}

pub(crate) fn run(comparison: &Comparison, flags: &[String]) -> Result<ExitCode> {
    let Comparison { package, bench, part, prepare, page, head } = comparison;
    let has = |flag: &str| flags.iter().any(|given| given == flag);
    let mut program = cargo(&["bench", "--package", package, "--bench", bench]);
    program.envs(prepare()?);
    program.arg("--").args(*part).args(has("--quick").then_some("--quick"));
    if has("--write") {
        say(&program);
        let tables = output_of(&mut program)?;
        print!("{tables}");
        fs::write(page, format!("{head}{tables}"))?;
    } else {
        run_command(&mut program)?;
    }
    Ok(ExitCode::SUCCESS)
}
