//! A power cut, which leaves what SQLite has synced and need leave no more.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use lockset_api::Name;
use tempfile::TempDir;

use super::*;
use crate::Request;
use crate::sqlite::ledger::Claim;
use crate::store::Attempt;

/// A database, and what of it would be left.
struct Machine {
    database: Database,
    disk: TempDir,
    left: TempDir,
    syncs: u32,
}

const FILE: &str = "locks.db";
const MINUTE: Duration = Duration::from_secs(60);

impl Machine {
    fn on() -> Self {
        let [disk, left] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let database = Database::open(disk.path().join(FILE)).unwrap();
        let machine = Self { database, disk, left, syncs: 0 };
        machine.sync();
        machine
    }

    fn sync(&self) {
        for rest in ["", "-wal"] {
            let file = format!("{FILE}{rest}");
            fs::copy(self.disk.path().join(&file), self.left.path().join(&file)).unwrap();
        }
    }

    /// A transaction. SQLite has synced all up to it before anybody could hear of it, or nothing.
    fn write<T>(&mut self, work: impl Fn(&mut Ledger<'_>) -> rusqlite::Result<T>) -> T {
        let answer = self.database.write(Instant::now() + MINUTE, "none/here", work).unwrap();
        if self.database.synchronous == Outlives::PowerCut {
            self.sync();
            self.syncs += 1;
        }
        answer
    }

    fn attempt(&mut self, claim: &Claim) -> Option<u64> {
        match self.write(|ledger| ledger.attempt(claim, MINUTE)) {
            Attempt::Granted(fence) => Some(fence.value()),
            _ => None,
        }
    }

    /// The first fence that there would be if the power went off now and on again.
    fn fence_after_a_power_cut(&self, name: &str) -> u64 {
        let dir = tempfile::tempdir().unwrap();
        for file in fs::read_dir(self.left.path()).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), dir.path().join(file.file_name())).unwrap();
        }
        let path = dir.path().join(FILE);
        start_anew(&path);
        let mut database = Database::open(path).unwrap();
        let (wanted, soon) = (claim(name), Instant::now() + MINUTE);
        let answer = database.write(soon, "", |ledger| ledger.attempt(&wanted, MINUTE)).unwrap();
        let Attempt::Granted(fence) = answer else { panic!("it is still locked: {answer:?}") };
        fence.value()
    }
}

/// Of the machine's starts, the file has seen another one.
fn start_anew(path: &Path) {
    let file = Connection::open(path).unwrap();
    file.execute("UPDATE lockset_schema SET boot = 'earlier'", []).unwrap();
}

fn claim(name: &str) -> Claim {
    Claim::from(&Request::new(Name::new(name).unwrap(), MINUTE).unwrap())
}

#[test]
fn no_fence_is_handed_out_twice_whenever_the_power_goes_off() {
    let mut machine = Machine::on();
    for grant in 0..5 * u64::try_from(RESERVE).unwrap() / 2 {
        let syncs = machine.syncs;
        let (holder, next) = (claim("job"), claim("job"));
        let fence = machine.attempt(&holder).unwrap();
        // A copy takes long; between two syncs the last moment is the worst.
        if grant % 250 == 0 || machine.syncs > syncs {
            assert!(machine.fence_after_a_power_cut("job") > fence, "{fence} was handed out twice");
        }
        assert_eq!(machine.attempt(&next), None);
        // Handed over in the release.
        machine.write(|ledger| ledger.release(&holder));
        let handed_over = machine.attempt(&next).unwrap();
        assert_eq!(handed_over, fence + 1);
        if grant % 250 == 249 {
            assert!(machine.fence_after_a_power_cut("job") > handed_over);
        }
        machine.write(|ledger| ledger.release(&next));
    }
    // Five thousand grants, and a thousand of them for each sync.
    assert_eq!(machine.syncs, 5);
    // A quorum's fence is beyond any that were put aside.
    let holder = claim("job");
    machine.attempt(&holder).unwrap();
    machine.write(|ledger| ledger.raise(&holder, 1 << 40));
    assert!(machine.fence_after_a_power_cut("job") > 1 << 40);
}

/// Nothing is left of those that were not there before.
#[test]
fn new_locks_are_not_synced_and_go_on_all_the_same() {
    let mut machine = Machine::on();
    machine.attempt(&claim("job")).unwrap();
    for name in ["a", "b", "c"] {
        for fence in 1..=3 {
            let holder = claim(name);
            assert_eq!(machine.attempt(&holder), Some(fence));
            machine.write(|ledger| ledger.release(&holder));
        }
        assert!(machine.fence_after_a_power_cut(name) > 3);
    }
    assert_eq!(machine.syncs, 1);
}

/// Of a process that was killed, others may see what it has not synced yet.
#[test]
fn what_another_connection_has_put_aside_is_synced_before_it_is_relied_on() {
    let mut machine = Machine::on();
    let mut killed = Database::open(machine.disk.path().join(FILE)).unwrap();
    let (first, soon) = (claim("job"), Instant::now() + MINUTE);
    killed.write(soon, "", |ledger| ledger.attempt(&first, MINUTE)).unwrap();
    killed.write(soon, "", |ledger| ledger.release(&first)).unwrap();
    assert_eq!(machine.attempt(&claim("job")), Some(2));
    assert_eq!(machine.syncs, 1);
    assert!(machine.fence_after_a_power_cut("job") > 2);
}

#[test]
fn where_starts_of_the_machine_look_alike_each_grant_is_synced() {
    let mut machine = Machine::on();
    machine.database.reserve = Reserve::NONE;
    for grants in 1..10 {
        let holder = claim("job");
        machine.attempt(&holder).unwrap();
        assert_eq!(machine.syncs, grants);
        machine.write(|ledger| ledger.release(&holder));
        assert_eq!(machine.syncs, grants, "a release need not be synced");
    }
}
