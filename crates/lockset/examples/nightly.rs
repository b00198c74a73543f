//! Four machines with a job in their timetables, and clocks that do not agree.

mod workers;

use std::error::Error;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use lockset::recipes::{OncePerSlot, Recorded, Slot, SlotRecord, Turn};
use lockset::remote::sqlite::Sqlite;
use lockset::{Deadline, ErrorKind, Fence, Lease, Locks};
use rusqlite::Connection;
use workers::Worker;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// By how much each machine's clock is wrong; in the fleet it is three in the morning.
const AHEAD: [Duration; 4] =
    [Duration::ZERO, Duration::from_secs(5), Duration::from_secs(2 * 60 * 60), DAY];

/// The record is a table, which may be anywhere: here it is in a file of its own.
struct Table(Connection);

impl Table {
    fn open(dir: &Path) -> rusqlite::Result<Self> {
        let table = Connection::open(dir.join("record.db"))?;
        table.busy_timeout(Duration::from_secs(5))?;
        table.execute_batch("CREATE TABLE IF NOT EXISTS ran (slot PRIMARY KEY, fence, machine)")?;
        Ok(Self(table))
    }
}

impl SlotRecord for Table {
    fn record(&self, slot: Slot, fence: Fence) -> Result<Recorded, lockset::Error> {
        let row = (slot.number().cast_signed(), fence.value().cast_signed());
        let inserted = self.0.execute("INSERT OR IGNORE INTO ran (slot, fence) VALUES (?, ?)", row);
        match inserted {
            Ok(1) => Ok(Recorded::Now),
            Ok(_) => Ok(Recorded::Before),
            Err(error) => {
                let no_record = lockset::Error::new(ErrorKind::Unavailable, "no record");
                Err(no_record.with_source(error))
            }
        }
    }
}

/// One machine: it is time by its clock for the night's job, three times over.
fn machine(dir: &Path, number: u32) -> Result<(), Box<dyn Error>> {
    let locks = Locks::new(Sqlite::open(dir.join("locks.db"))?);
    let nightly = OncePerSlot::new(locks.lock("nightly")?, Table::open(dir)?);
    for day in 0..3 {
        let clock = UNIX_EPOCH + DAY * (20_000 + day) + 3 * HOUR + AHEAD[number as usize];
        if let Turn::Ours(lease) = nightly.begin(Slot::at(clock, DAY)?, Deadline::NEVER)? {
            // The job: it says who has done it.
            let row = (number, lease.fence().value().cast_signed());
            Table::open(dir)?.0.execute("UPDATE ran SET machine = ? WHERE fence = ?", row)?;
            let _ = lease.release()?;
        }
    }
    Ok(())
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    if let Some((dir, number)) = workers::this() {
        return machine(&dir, number);
    }
    let dir = tempfile::tempdir()?;
    let start = |number| Worker::start("nightly", dir.path(), number);
    let machines = (0..4).map(start).collect::<Result<Vec<_>, _>>()?;
    machines.into_iter().try_for_each(Worker::join)?;

    let table = Table::open(dir.path())?.0;
    let mut query = table.prepare("SELECT slot, machine FROM ran ORDER BY slot")?;
    let rows = query.query_map((), |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
    let ran = rows.collect::<Result<Vec<_>, _>>()?;
    for (slot, machine) in &ran {
        println!("slot {slot} was run once, by machine {machine}");
    }
    // The last is what the clock that is a day ahead took for its third night.
    let slots: Vec<_> = ran.iter().map(|(slot, _)| *slot).collect();
    assert_eq!(slots, [20_000, 20_001, 20_002, 20_003]);
    Ok(())
}
