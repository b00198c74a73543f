//! The mutex against its rivals, over the whole grid.

use crate::cell::{Cell, Effort, grid};
use crate::locks::{ASYMMETRIC, BARGING, BOUNDED, Lock, PARKING_LOT, SPIN, STD, USYNC};
use crate::race::{Outcome, Waits};
use lockset_bench::stats::{geometric_mean, mean, median};

const RIVALS: &[Lock] = &[PARKING_LOT, STD, USYNC, SPIN];
const OURS: &[Lock] = &[BOUNDED, BARGING, ASYMMETRIC];

/// The medians of one lock in one cell.
struct Medians {
    rate: f64,
    cpu: f64,
    jain: f64,
    longest: f64,
}

pub(crate) fn run(effort: &Effort) {
    let locks: Vec<Lock> = RIVALS.iter().chain(OURS).copied().collect();
    uncontended(&locks);
    println!(
        "\nOne line a cell: threads, section ns, think ns; throughput as a ratio to parking_lot"
    );
    println!("(Jain's index) processor time for a section as a ratio, longest wait in ms.\n");
    let cells: Vec<Vec<Medians>> = grid().map(|cell| measure(&locks, cell, effort)).collect();
    println!(
        "\n| over {} cells | throughput: parking_lot | std | best rival | worst cell | at |",
        cells.len()
    );
    println!("|---|---|---|---|---|---|");
    let names: Vec<Cell> = grid().collect();
    for (index, lock) in locks.iter().enumerate() {
        throughput(lock, index, &cells, &names);
    }
    println!(
        "\n| over {} cells | cpu: parking_lot | std | Jain | longest wait: parking_lot |",
        cells.len()
    );
    println!("|---|---|---|---|---|");
    for (index, lock) in locks.iter().enumerate() {
        let ratios = |rival: usize| -> f64 {
            geometric_mean(&each(&cells, |cell| cell[index].cpu / cell[rival].cpu))
        };
        let jain = mean(&each(&cells, |cell| cell[index].jain));
        let longest = geometric_mean(&each(&cells, |cell| cell[index].longest / cell[0].longest));
        println!(
            "| {} | {:.2} | {:.2} | {jain:.3} | {longest:.2} |",
            lock.name,
            ratios(0),
            ratios(1)
        );
    }
}

fn each(cells: &[Vec<Medians>], figure: impl Fn(&[Medians]) -> f64) -> Vec<f64> {
    cells.iter().map(|cell| figure(cell)).collect()
}

fn throughput(lock: &Lock, index: usize, cells: &[Vec<Medians>], names: &[Cell]) {
    let ratio =
        |rival: usize| geometric_mean(&each(cells, |cell| cell[index].rate / cell[rival].rate));
    let best = |cell: &[Medians]| {
        let rivals = (0..RIVALS.len()).filter(|rival| *rival != index);
        rivals.map(|rival| cell[rival].rate).fold(0.0, f64::max)
    };
    let to_best = geometric_mean(&each(cells, |cell| cell[index].rate / best(cell)));
    // The better of the two that a program would otherwise use.
    let worst = each(cells, |cell| cell[index].rate / cell[0].rate.max(cell[1].rate));
    let (at, worst) = worst
        .into_iter()
        .enumerate()
        .min_by(|(_, a), (_, b)| a.total_cmp(b))
        .expect("the grid has cells");
    let Cell { threads, section, think } = names[at];
    println!(
        "| {} | {:.2} | {:.2} | {to_best:.2} | {worst:.2} | {threads}, {section}, {think} |",
        lock.name,
        ratio(0),
        ratio(1)
    );
}

fn measure(locks: &[Lock], cell: Cell, effort: &Effort) -> Vec<Medians> {
    let rates =
        interleave(locks, effort.rounds, |lock| (lock.race)(cell, effort.span, Waits::Untimed));
    let waits = interleave(locks, effort.wait_rounds, |lock| {
        (lock.race)(cell, effort.wait_span, Waits::Timed)
    });
    let medians: Vec<Medians> = rates
        .iter()
        .zip(&waits)
        .map(|(rates, waits)| Medians {
            rate: median(rates.iter().map(|outcome| outcome.rate)),
            cpu: median(rates.iter().map(|outcome| outcome.cpu)),
            // Over the longer span: in a short one it is the system that is unfair.
            jain: median(waits.iter().map(|outcome| outcome.jain)),
            longest: median(waits.iter().map(|outcome| outcome.waits.longest() as f64 / 1e6)),
        })
        .collect();
    print!("{:>2}, {:>5}, {:>5} |", cell.threads, cell.section, cell.think);
    for (lock, figures) in locks.iter().zip(&medians) {
        let (rate, cpu) = (figures.rate / medians[0].rate, figures.cpu / medians[0].cpu);
        let Medians { jain, longest, .. } = figures;
        print!(" {} {rate:.2} ({jain:.2}) {cpu:.2}, {longest:.1} |", lock.name);
    }
    println!();
    medians
}

/// The outcomes of each lock, from rounds in which each has one turn.
fn interleave(locks: &[Lock], rounds: usize, run: impl Fn(&Lock) -> Outcome) -> Vec<Vec<Outcome>> {
    let mut outcomes = vec![Vec::new(); locks.len()];
    for _ in 0..rounds {
        locks.iter().zip(&mut outcomes).for_each(|(lock, outcomes)| outcomes.push(run(lock)));
    }
    outcomes
}

/// One thread, with the lock in the nearest cache; the spread is of the rounds.
fn uncontended(locks: &[Lock]) {
    const ROUNDS: usize = 31;
    let mut times = vec![Vec::new(); locks.len()];
    for _ in 0..ROUNDS {
        locks.iter().zip(&mut times).for_each(|(lock, times)| times.push((lock.uncontended)()));
    }
    println!("| uncontended pair | parking_lot = 1 | spread of the rounds | bytes |");
    println!("|---|---|---|---|");
    for (lock, own) in locks.iter().zip(&times) {
        let mut ratios: Vec<f64> =
            own.iter().zip(&times[0]).map(|(own, base)| own / base).collect();
        ratios.sort_by(f64::total_cmp);
        let (low, high) = (ratios[ROUNDS / 4], ratios[ROUNDS - 1 - ROUNDS / 4]);
        let middle = median(ratios);
        println!("| {} | {middle:.2} | {low:.2}..{high:.2} | {} |", lock.name, lock.bytes);
    }
}
