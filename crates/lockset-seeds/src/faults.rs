//! What breaks, when, and for how long: drawn at the start, and carried out as time goes by.

use core::fmt;
use std::time::Duration;

use fastrand::Rng;

use crate::plan::Plan;
use crate::time::STEP;

/// Something that breaks, or is repaired. Processes and masters go by their numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    Stop {
        process: usize,
    },
    GoOn {
        process: usize,
    },
    Kill {
        process: usize,
    },
    Start {
        process: usize,
    },
    /// What is sent is not delivered until it is released, or is lost then.
    Hold(Link),
    Release(Link),
    Lose(Link),
    /// What is sent this way is lost.
    Sever {
        link: Link,
        to_master: bool,
    },
    Mend {
        link: Link,
        to_master: bool,
    },
    /// What is sent takes longer.
    Slow {
        link: Link,
        way: Duration,
    },
    Quick(Link),
    /// Connections break now and then.
    Shake {
        link: Link,
        rate: f64,
    },
    Calm(Link),
    /// The process dies; what it has written down stays.
    Crash {
        master: usize,
    },
    /// It starts with what it has written down, or with nothing.
    Restart {
        master: usize,
        empty: bool,
    },
    /// Its clock is set, by so much.
    Forward {
        master: usize,
        by: Duration,
    },
    Back {
        master: usize,
        by: Duration,
    },
    /// Its time of day is set.
    Skew {
        process: usize,
        to: Duration,
    },
}

/// Between a process and a master, or the storage, which comes after the masters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Link {
    pub(crate) process: usize,
    pub(crate) server: usize,
}

/// Faults in their order, each with its step, counted from when trouble begins.
pub(crate) fn draw(plan: &mut Plan) -> Vec<(u64, Fault)> {
    let rng = &mut plan.rng;
    let steps = plan.trouble.div_duration_f64(STEP);
    let rounds = plan.trouble.div_duration_f64(plan.ttl);
    let count = (rounds * rng.f64() * 5.0) as usize + 1;
    let mut draft = Draft {
        masters: plan.clocks.len(),
        processes: plan.processes,
        // One master whose clock may be set, and which never forgets: what it would have to
        // abstain for, it would count by that clock.
        unsteady: rng.usize(..plan.clocks.len()),
        may_set_clocks: rng.u8(..3) == 0,
        ttl: plan.ttl,
        faults: Vec::new(),
    };
    for _ in 0..count {
        let at = (steps * rng.f64()) as u64;
        let length = plan.ttl.mul_f64(rng.f64() * 2.5).div_duration_f64(STEP) as u64 + 1;
        draft.add(rng, at, length);
    }
    draft.faults.sort_by_key(|(at, _)| *at);
    draft.faults
}

struct Draft {
    masters: usize,
    processes: usize,
    unsteady: usize,
    may_set_clocks: bool,
    ttl: Duration,
    faults: Vec<(u64, Fault)>,
}

impl Draft {
    fn add(&mut self, rng: &mut Rng, at: u64, length: u64) {
        let process = rng.usize(..self.processes);
        let master = rng.usize(..self.masters);
        let mut pair = |from, to| self.faults.extend([(at, from), (at + length, to)]);
        match rng.u8(..20) {
            0..=2 => pair(Fault::Stop { process }, Fault::GoOn { process }),
            3 | 12 => pair(Fault::Kill { process }, Fault::Start { process }),
            4..=10 => self.disturb(rng, at, length),
            11 => pair(Fault::Crash { master }, Fault::Restart { master, empty: false }),
            13 | 17 if master != self.unsteady => {
                pair(Fault::Crash { master }, Fault::Restart { master, empty: true });
            }
            14 | 18..=19 if self.may_set_clocks => {
                let (master, by) = (self.unsteady, self.ttl.mul_f64(rng.f64() * 2.0));
                let fault = if rng.u8(..3) == 0 {
                    Fault::Back { master, by }
                } else {
                    Fault::Forward { master, by }
                };
                self.faults.push((at, fault));
            }
            15 => {
                let link = Link { process, server: self.masters };
                pair(Fault::Hold(link), Fault::Release(link));
            }
            16 => {
                let to = Duration::from_millis(rng.u64(..30_000));
                self.faults.push((at, Fault::Skew { process, to }));
            }
            _ => {}
        }
    }

    /// One process and some servers, or one server and some processes, each chosen by a coin.
    fn disturb(&mut self, rng: &mut Rng, at: u64, length: u64) {
        let (process, server) = (rng.usize(..self.processes), rng.usize(..=self.masters));
        let of_process = rng.bool();
        let links: Vec<Link> = if of_process {
            (0..=self.masters).map(|server| Link { process, server }).collect()
        } else {
            (0..self.processes).map(|process| Link { process, server }).collect()
        };
        let kind = rng.u8(..6);
        let (to_master, lost) = (rng.bool(), rng.bool());
        let way = self.ttl.mul_f64(rng.f64() / 4.0);
        let rate = rng.f64() / 10.0;
        for link in links {
            if rng.u8(..3) == 0 {
                continue;
            }
            let (from, to) = match kind {
                0..=2 if lost => (Fault::Hold(link), Fault::Lose(link)),
                0..=2 => (Fault::Hold(link), Fault::Release(link)),
                3 => (Fault::Sever { link, to_master }, Fault::Mend { link, to_master }),
                4 => (Fault::Slow { link, way }, Fault::Quick(link)),
                _ => (Fault::Shake { link, rate }, Fault::Calm(link)),
            };
            self.faults.extend([(at, from), (at + length, to)]);
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
