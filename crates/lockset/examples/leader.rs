//! Three candidates, one leader: it is killed, the next one resigns, and the last one leads.

mod workers;

use std::error::Error;
use std::io::stdin;
use std::path::Path;
use std::time::Duration;

use lockset::recipes::{Election, Leader};
use lockset::remote::sqlite::Sqlite;
use lockset::{Deadline, Locks};
use workers::Worker;

const CANDIDATES: u32 = 3;
/// How long nobody leads after a leader has been killed.
const TTL: Duration = Duration::from_secs(1);
/// More than it takes the work to stop.
const MARGIN: Duration = Duration::from_millis(200);

fn election(dir: &Path, note: &str) -> Result<Election, lockset::Error> {
    let lock = Locks::new(Sqlite::open(dir.join("locks.db"))?).lock("scheduler")?;
    Ok(Election::new(lock.with_ttl(TTL)?.with_margin(MARGIN)?.with_note(note)))
}

/// Leads when it is elected, and until it is told to stop.
fn candidate(dir: &Path, number: u32) -> Result<(), Box<dyn Error>> {
    let leadership = election(dir, &number.to_string())?.campaign()?;
    let lost = leadership.lost();
    std::thread::spawn(move || {
        // What a leader does goes here; when it is over, it has to end within the margin.
        let _ = lost.wait(Deadline::NEVER);
    });
    stdin().read_line(&mut String::new())?;
    let _ = leadership.resign()?;
    Ok(())
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    if let Some((dir, number)) = workers::this() {
        return candidate(&dir, number);
    }
    let dir = tempfile::tempdir()?;
    let mut candidates: Vec<Option<Worker>> = Vec::new();
    for number in 0..CANDIDATES {
        candidates.push(Some(Worker::start("leader", dir.path(), number)?));
    }

    let mut leaders = election(dir.path(), "observer")?.observe(Duration::from_millis(20));
    let mut next = || -> Result<Leader, lockset::Error> {
        loop {
            if let Some(leader) = leaders.changed()? {
                return Ok(leader);
            }
        }
    };
    let mut take = |leader: &Leader| -> Result<Worker, Box<dyn Error>> {
        let number: usize = leader.note.as_deref().unwrap_or_default().parse()?;
        Ok(candidates[number].take().ok_or("it has led before")?)
    };

    let first = next()?;
    println!("candidate {:?} leads in term {}, and is killed", first.note, first.term);
    take(&first)?.kill()?;

    let second = next()?;
    println!("candidate {:?} leads in term {}, and resigns", second.note, second.term);
    take(&second)?.join()?;

    let third = next()?;
    println!("candidate {:?} leads in term {}", third.note, third.term);
    take(&third)?.join()?;
    assert!(first.term < second.term && second.term < third.term, "terms only rise");
    Ok(())
}
