//! Masters on this machine, and on the same processor as their client: what the quorum costs its
//! client; and a quorum of something else.

use lockset_compare::stats::median;
use lockset_remote::redis::Redis;
use lockset_remote::sqlite::Sqlite;

use crate::fan_out::{FanOut, Replay, learn};
use crate::in_process::InProcess;
use crate::line::Line;
use crate::near::stay_on_one_processor;
use crate::ours::LocksetQuorum;
use crate::rival::{Measured, Rival};
use crate::rounds::{Effort, spread};

/// Prints a table: a quorum of five beside what it is made of.
pub(crate) fn report(effort: &Effort) {
    stay_on_one_processor();
    let (rounds, count) = effort.near_pairs;
    let count = count / 5;
    let mut line = Line::near_quorum();
    let urls = line.url();
    let first = urls.split(',').next().unwrap_or_default();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let files: Vec<String> =
        (1..=5).map(|nth| folder.path().join(format!("{nth}.db")).display().to_string()).collect();

    let (mut masters, mut master) = (quorum::<Redis>(&urls), quorum::<Redis>(first));
    learn(&mut line);
    let (mut bare, mut replay) = (InProcess::<FanOut>::new(&urls), InProcess::<Replay>::new(&urls));
    let (mut disks, mut disk) = (quorum::<Sqlite>(&files.join(",")), quorum::<Sqlite>(&files[0]));
    let (mut of_bare, mut of_own) = (Vec::new(), Vec::new());
    let (mut of_one, mut of_file) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let mut time = |measured: &mut dyn Measured, count| {
            let pairs = measured.pairs(&line.fresh_name(), count);
            median(pairs.expect("it is in this process"))
        };
        let five = time(&mut masters, count);
        of_bare.push(five / time(&mut bare, count));
        of_own.push(five / time(&mut replay, count));
        of_one.push(five / time(&mut master, count));
        // Each pair of these is synced to a disk, several times.
        of_file.push(time(&mut disks, count / 10) / time(&mut disk, count / 10));
    }
    println!("\n## Client and masters on one processor\n");
    println!("| a pair on a quorum of | as a multiple of a pair |");
    println!("|---|---|");
    let row = |of: &str, than: &str, ratios: Vec<f64>| {
        println!("| {of} | {} {than} |", spread(ratios.into_iter()));
    };
    row("five Redis masters", "by the bare client, on five", of_bare);
    row("five Redis masters", "by the bare client, with the same commands", of_own);
    row("five Redis masters", "on one of them", of_one);
    row("five SQLite files", "on one of them", of_file);
}

fn quorum<M>(addresses: &str) -> InProcess<LocksetQuorum<M>>
where
    LocksetQuorum<M>: Rival,
{
    InProcess::new(addresses)
}
