//! Masters that hang: they are stopped, so that connections stay open and nobody answers.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use lockset_compare::stats::median;
use testbed::Redis;

use crate::line::Line;
use crate::rival::{Entry, Figure, Measured};
use crate::rounds::{Effort, digits, interleaved, table};

/// How long a pair may take that began while masters hang. Then they go on, so that one that waits
/// for them comes to its end.
const PATIENCE: Duration = Duration::from_secs(2);

/// From when they hang to the next pair: what was still on its way to others has arrived.
const REST: Duration = Duration::from_millis(100);

/// What became of the pairs while some masters hung.
struct Spell {
    /// Of those that were done before the masters went on, as multiples of a healthy pair's median.
    times: Vec<f64>,
    /// How long the masters hung, in seconds, if the last pair was not done before they went on.
    hung: Option<f64>,
}

pub(crate) fn pairs(effort: &Effort, line: &mut Line, entries: &mut [Entry]) {
    let (healthy, ill) = effort.hung;
    let spans = [healthy, ill, ill];
    let figures = interleaved(
        entries,
        |_| true,
        1,
        |entry| {
            let name = line.fresh_name();
            entry.measure(|measured| spells(measured, line.servers(), &name, &spans))
        },
    );
    println!("\n## Masters that hang: acquire and release, as a multiple of the healthy pair");
    table(" one of five | two of five ", entries, &figures, "", |rounds| {
        rounds.iter().flatten().map(cell).collect()
    });
}

fn cell(spell: &Spell) -> String {
    let hung = spell.hung.map(|time| format!("hung until they went on, after {time:.0} s"));
    let worst = spell.times.iter().copied().fold(0.0, f64::max);
    let middle = median(spell.times.iter().copied());
    let figures = format!("**{}** (worst {})", digits(middle), digits(worst));
    match (spell.times.len(), hung) {
        (0, Some(hung)) => hung,
        (count, Some(hung)) => format!("{figures} in {count} pairs; then it {hung}"),
        (_, None) => figures,
    }
}

/// Pairs while none, one and two masters hang.
fn spells(
    measured: &mut dyn Measured,
    servers: &[Redis],
    name: &str,
    spans: &[Duration; 3],
) -> Figure<Vec<Spell>> {
    let (order, orders) = channel();
    let (ready, is_ready) = channel();
    let times = thread::scope(|scope| {
        scope.spawn(move || keep_hung(servers, &orders, &ready));
        let spells = measured.spells(name, spans, &mut |nth| {
            order.send((nth, spans[nth] + PATIENCE)).expect("it listens");
            is_ready.recv().expect("it answers");
        });
        // Whatever hangs goes on.
        drop(order);
        spells
    })?;
    let healthy = median(times[0].iter().copied());
    let spell = |(times, span): (&Vec<f64>, &Duration)| {
        let bound = (*span + PATIENCE).as_secs_f64();
        let mut end = 0.0;
        let in_time = times.iter().take_while(|time| {
            end += **time;
            end < bound
        });
        let in_time: Vec<f64> = in_time.map(|time| time / healthy).collect();
        let hung = (in_time.len() < times.len()).then_some(bound);
        Spell { times: in_time, hung }
    };
    Ok(times.iter().zip(spans).skip(1).map(spell).collect())
}

/// Has as many servers hang as it is told, no longer than it is told, until nobody tells any more.
fn keep_hung(servers: &[Redis], orders: &Receiver<(usize, Duration)>, ready: &Sender<()>) {
    let go_on = || servers.iter().for_each(|server| server.resume().expect("it is there"));
    let mut next = orders.recv().ok();
    while let Some((count, bound)) = next {
        servers[..count].iter().for_each(|server| server.pause().expect("it is there"));
        thread::sleep(REST);
        if ready.send(()).is_err() {
            break;
        }
        // Somewhat later, so that whatever ends with it is told from what ended before.
        next = match orders.recv_timeout(bound + REST) {
            Ok(order) => Some(order),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                go_on();
                orders.recv().ok()
            }
        };
    }
    go_on();
}
