//! All machines, and the time that passes for them.

use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use turmoil::Sim;

use crate::card::Card;
use crate::check::{self, Holders};
use crate::faults::{self, Fault, Link};
use crate::history::{Entry, History, What};
use crate::master::Master;
use crate::plan::Plan;
use crate::process::{Process, Shared, Valid};
use crate::storage::Storage;
use crate::table::Table;
use crate::time::{STEP, Steps, duration};
use crate::{Reached, Run};

pub(crate) struct World {
    sim: Sim<'static>,
    history: History,
    masters: Vec<Rc<Master>>,
    /// Which of them do not run.
    down: Vec<bool>,
    processes: Vec<Process>,
    calm: Steps,
    plan: Plan,
    /// When a clock was set forward.
    jumps: Vec<u64>,
    excused: usize,
}

/// A new quorum is of use after this time.
const START: Duration = Duration::from_secs(2);
/// So long after the last give-back nothing is left.
const SETTLE: Duration = Duration::from_millis(200);

impl World {
    pub(crate) fn new(mut plan: Plan) -> Self {
        let steps = Steps::default();
        let history = History::new(steps.clone());
        let mut sim = turmoil::Builder::new()
            .epoch(SystemTime::UNIX_EPOCH)
            .rng_seed(plan.rng.u64(..))
            .tick_duration(STEP)
            .simulation_duration(Duration::from_secs(3600))
            .tcp_capacity(1024)
            .enable_random_order()
            .build();
        let mut masters = Vec::new();
        for (number, clock) in plan.clocks.iter().enumerate() {
            let table = Table::new(plan.has_lines);
            let name = format!("master-{number}");
            let master = Master::new(name.clone(), *clock, table, history.clone());
            masters.push(Rc::clone(&master));
            sim.host(name, move || Rc::clone(&master).serve());
        }
        let storage = Storage::new(history.clone());
        sim.host(Storage::NAME, move || Rc::clone(&storage).serve());
        let calm = Steps::default();
        let mut processes = Vec::new();
        for number in 0..plan.processes {
            let (card, work) = Card::new(format!("card-{number}"));
            sim.client(card.name.clone(), work);
            let shared = Shared {
                history: history.clone(),
                ttl: plan.ttl,
                masters: masters.iter().map(|master| master.name.clone()).collect(),
                has_lines: plan.has_lines,
                missed: Steps::default(),
                day: Arc::new(Mutex::new(plan.days[number])),
                calm: calm.clone(),
            };
            processes.push(Process::new(format!("client {number}"), card, shared, plan.rng.fork()));
        }
        let down = vec![false; masters.len()];
        let jumps = Vec::new();
        let world = Self { sim, history, masters, down, processes, calm, plan, jumps, excused: 0 };
        world.links().into_iter().for_each(|link| world.quick(link));
        world
    }

    pub(crate) fn run(mut self) -> Run {
        let violation = self.live().err();
        if let Some(violation) = &violation {
            self.history.add("check", What::Violation(violation.clone()));
        }
        let entries = self.history.entries().clone();
        let violation = violation.or_else(|| check::violation(&entries));
        let reached = reached(&entries, self.excused);
        Run { history: self.history.to_string(), violation, reached }
    }

    fn live(&mut self) -> Result<(), String> {
        let all_belong =
            |world: &Self| world.masters.iter().all(|master| master.table.borrow().is_member());
        self.pass(START, "a new quorum is of no use", all_belong)?;
        // What was sent to make it one has come or gone: it must not come after a restart.
        self.pass_all(SETTLE)?;
        let faults = faults::draw(&mut self.plan);
        let began = self.history.steps.count();
        for (at, fault) in faults {
            while self.history.steps.count() < began + at {
                self.step()?;
            }
            self.strike(fault);
        }
        self.heal();
        // Whoever has died holds it for its TTL; who forgot abstains as long; then all in turn.
        let bound = self.plan.ttl * 10 + Duration::from_secs(5);
        let all_ended = |world: &Self| world.processes.iter().all(Process::has_ended);
        self.pass(bound, "somebody does not get the lock, though nothing breaks", all_ended)?;
        self.pass_all(SETTLE)?;
        for master in &self.masters {
            let now = master.clock.get().read(duration(self.history.steps.count()));
            // What a message that was late has come to own ends by itself, and soon.
            let ttl = self.plan.ttl * 2;
            if let Some(left) = master.table.borrow().left_over(now, ttl).next() {
                let left = self.history.name_of(left);
                return Err(format!("{left} was left behind on {}", master.name));
            }
        }
        Ok(())
    }

    /// Until `is_so`; an error after `limit`.
    fn pass(
        &mut self,
        limit: Duration,
        otherwise: &str,
        is_so: impl Fn(&Self) -> bool,
    ) -> Result<(), String> {
        let began = self.history.steps.count();
        while !is_so(self) {
            if duration(self.history.steps.count() - began) > limit {
                return Err(format!("{otherwise}, within {limit:?}"));
            }
            self.step()?;
        }
        Ok(())
    }

    fn pass_all(&mut self, time: Duration) -> Result<(), String> {
        let began = self.history.steps.count();
        while duration(self.history.steps.count() - began) < time {
            self.step()?;
        }
        Ok(())
    }

    /// What is sent in a step arrives in a later one.
    fn step(&mut self) -> Result<(), String> {
        self.processes.iter_mut().for_each(Process::exchange);
        self.processes.iter_mut().for_each(Process::step);
        let valid: Vec<Valid> = self.processes.iter().filter_map(Process::valid).collect();
        match check::holders(&valid, &self.jumps) {
            Holders::One => {}
            Holders::Excused => self.excused += 1,
            Holders::Two(violation) => return Err(violation),
        }
        self.sim.step().map_err(|error| format!("the simulation: {error}"))?;
        self.history.steps.add(1);
        Ok(())
    }

    fn links(&self) -> Vec<Link> {
        let servers = 0..=self.masters.len();
        let of = |process| servers.clone().map(move |server| Link { process, server });
        (0..self.processes.len()).flat_map(of).collect()
    }

    /// The names of a link's ends.
    fn ends(&self, link: Link) -> (&str, &str) {
        let server = self.masters.get(link.server).map_or(Storage::NAME, |master| &master.name);
        (&self.processes[link.process].card.name, server)
    }

    fn quick(&self, link: Link) {
        let (card, server) = self.ends(link);
        let way = self.plan.ways[link.process].get(link.server).copied();
        let (least, more) = way.unwrap_or((STEP, STEP));
        self.sim.set_link_latency(card, server, least);
        self.sim.set_link_max_message_latency(card, server, least + more);
    }

    fn strike(&mut self, fault: Fault) {
        self.history.add("", What::Fault(fault.to_string()));
        match fault {
            Fault::Stop { process } => self.processes[process].stop(),
            Fault::GoOn { process } => self.processes[process].go_on(),
            Fault::Kill { process } => self.processes[process].kill(),
            Fault::Start { process } => self.processes[process].start(),
            Fault::Skew { process, to } => self.processes[process].set(to),
            Fault::Crash { master } => {
                self.down[master] = true;
                self.sim.crash(self.masters[master].name.as_str());
            }
            Fault::Restart { master, empty } => self.restart(master, empty && self.may_forget()),
            Fault::Forward { master, by } => {
                self.jumps.push(self.history.steps.count());
                self.masters[master].set(|offset| offset + by);
            }
            Fault::Back { master, by } => {
                self.masters[master].set(|offset| offset.saturating_sub(by));
            }
            Fault::Hold(link)
            | Fault::Release(link)
            | Fault::Lose(link)
            | Fault::Sever { link, .. }
            | Fault::Mend { link, .. }
            | Fault::Slow { link, .. }
            | Fault::Quick(link)
            | Fault::Shake { link, .. }
            | Fault::Calm(link) => self.strike_link(link, fault),
        }
    }

    fn strike_link(&mut self, link: Link, fault: Fault) {
        let (card, server) = self.ends(link);
        let (card, server) = (card.to_owned(), server.to_owned());
        let (card, server) = (card.as_str(), server.as_str());
        let direction = |to_master| if to_master { (card, server) } else { (server, card) };
        match fault {
            Fault::Hold(_) => self.sim.hold(card, server),
            Fault::Release(_) => self.sim.release(card, server),
            Fault::Lose(_) => {
                self.sim.partition(card, server);
                self.sim.repair(card, server);
            }
            Fault::Sever { to_master, .. } => {
                let (from, to) = direction(to_master);
                self.sim.partition_oneway(from, to);
            }
            Fault::Mend { to_master, .. } => {
                let (from, to) = direction(to_master);
                self.sim.repair_oneway(from, to);
            }
            Fault::Slow { way, .. } => self.sim.set_link_latency(card, server, way.max(STEP)),
            Fault::Shake { rate, .. } => self.sim.set_link_fail_rate(card, server, rate),
            Fault::Calm(_) => {
                self.sim.set_link_fail_rate(card, server, 0.0);
                self.sim.release(card, server);
            }
            _ => self.quick(link),
        }
    }

    /// Whether one more may forget what it knows: a minority may have, at once.
    fn may_forget(&self) -> bool {
        let strangers = self.masters.iter().filter(|master| !master.table.borrow().is_member());
        strangers.count() < self.masters.len() / 2
    }

    fn restart(&mut self, master: usize, empty: bool) {
        if !core::mem::take(&mut self.down[master]) {
            return;
        }
        let mut table = self.masters[master].table.borrow_mut();
        table.restart();
        if empty {
            table.wipe();
            self.history.add(&self.masters[master].name, What::Note("is empty".into()));
        }
        drop(table);
        self.sim.bounce(self.masters[master].name.as_str());
    }

    /// Repairs everything.
    fn heal(&mut self) {
        self.history.add("", What::Fault("nothing breaks any more".into()));
        for link in self.links() {
            self.strike_link(link, Fault::Calm(link));
            self.quick(link);
        }
        (0..self.masters.len()).for_each(|master| self.restart(master, false));
        self.processes.iter_mut().for_each(Process::go_on);
        self.processes.iter_mut().for_each(Process::start);
        self.calm.add(1);
    }
}

fn reached(entries: &[Entry], excused: usize) -> Reached {
    let count = |is_so: &dyn Fn(&What) -> bool| {
        entries.iter().filter(|Entry { what, .. }| is_so(what)).count()
    };
    let answered = |asked: &str, answered: &str| {
        count(&|what| {
            let What::Answered { question, answer } = what else { return false };
            question.contains(asked) && answer.contains(answered)
        })
    };
    Reached {
        grants: count(&|what| matches!(what, What::Granted { .. })),
        pushed: answered(": wait", "Granted"),
        losses: count(&|what| matches!(what, What::Lost)),
        given_up: count(&|what| matches!(what, What::GaveUp)),
        raised: answered(": raise", "Yes"),
        strangers: answered("enroll", "In"),
        refused: count(&|what| matches!(what, What::Write { accepted: false, .. })),
        excused,
    }
}
