//! How a protocol is put to [stateright], which goes through every state that it can come to.
//!
//! The protocols themselves are in `tests/`, one file each, and each reads like its documentation:
//! what the parties know, what can happen next, and what must never be. Each has *mutants*, too:
//! the protocol with one rule broken, for which the checker must find a counterexample.
//!
//! A model is not the code that ships. It says whether the rules are enough; that the code keeps
//! them is for the tests against real servers to say.

use core::fmt;
use core::hash::Hash;
use std::time::{Duration, Instant};

use stateright::{Checker, Expectation, HasDiscoveries, Model, Property};

/// As many as CI has processors.
const THREADS: usize = 2;

/// Whether more than the usual is asked for, as `cargo xtask test --deep` does.
#[must_use]
pub fn is_deep() -> bool {
    std::env::var("LOCKSET_DEEPER").is_ok_and(|deeper| deeper != "0")
}

/// What can be asked of a model: all that stateright wants, and to be shown.
pub trait Protocol:
    Model<State: Clone + PartialEq + Hash + Send + Sync, Action: Clone + PartialEq + fmt::Debug>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<M> Protocol for M
where
    M: Model + Clone + Send + Sync + 'static,
    M::State: Clone + PartialEq + Hash + Send + Sync,
    M::Action: Clone + PartialEq + fmt::Debug,
{
}

/// How far an exploration goes.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Extent {
    /// Through every state there is.
    Exhaustive,
    /// Through those of the fewest steps, until a state has been come to so many times.
    Nearest(usize),
}

/// What an exploration came to.
#[derive(Debug)]
pub struct Exploration {
    states: usize,
    depth: usize,
    took: Duration,
    refuted: Vec<String>,
    unreached: Vec<&'static str>,
}

/// Goes through the states of a protocol.
pub fn explore(model: &impl Protocol, extent: Extent) -> Exploration {
    let start = Instant::now();
    let checker = model.clone().checker().threads(THREADS);
    match extent {
        // Depth first, since that takes the least memory.
        Extent::Exhaustive => conclude(&checker.spawn_dfs().join(), start),
        Extent::Nearest(states) => {
            conclude(&checker.target_state_count(states).spawn_bfs().join(), start)
        }
    }
}

fn conclude<M: Protocol>(checker: &impl Checker<M>, start: Instant) -> Exploration {
    let discoveries = checker.discoveries();
    let model = checker.model();
    let (mut refuted, mut unreached) = (Vec::new(), Vec::new());
    for Property { expectation, name, .. } in model.properties() {
        match (expectation, discoveries.get(name)) {
            (Expectation::Sometimes, None) => unreached.push(name),
            (Expectation::Sometimes, Some(_)) | (_, None) => {}
            (_, Some(path)) => {
                let steps = path.clone().into_actions();
                refuted.push(Counterexample::new(model, name, &steps).to_string());
            }
        }
    }
    let (states, depth) = (checker.unique_state_count(), checker.max_depth());
    Exploration { states, depth, took: start.elapsed(), refuted, unreached }
}

impl Exploration {
    /// How many different states there are.
    #[must_use]
    pub fn states(&self) -> usize {
        self.states
    }

    /// That whatever must never be never was, and that whatever should be possible was met: a model
    /// in which nothing happens proves nothing.
    ///
    /// # Panics
    ///
    /// If not; a counterexample is shown step by step.
    pub fn expect_all_hold(&self) {
        assert!(self.refuted.is_empty(), "{}", self.refuted.join("\n"));
        assert!(self.unreached.is_empty(), "never came about: {:?}", self.unreached);
    }
}

impl fmt::Display for Exploration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { states, depth, took, .. } = self;
        write!(f, "{states} states, {depth} steps deep, in {:.1} s", took.as_secs_f64())
    }
}

/// How a protocol comes to what must never be.
#[derive(Debug)]
pub struct Counterexample {
    property: &'static str,
    steps: Vec<String>,
}

/// The shortest counterexample to a property of a protocol.
///
/// # Panics
///
/// If there is none.
pub fn refute(model: &impl Protocol, property: &'static str) -> Counterexample {
    // The checker goes on for a while after it has found one. So it is sent a step further each
    // time, and what it finds first is as short as can be.
    for depth in 1.. {
        let checker = model.clone().checker().target_max_depth(depth + 1);
        let is_found = HasDiscoveries::AnyOf([property].into());
        let checker = checker.finish_when(is_found).spawn_bfs().join();
        if let Some(path) = checker.discovery(property) {
            return Counterexample::new(checker.model(), property, &path.into_actions());
        }
        let states = checker.unique_state_count();
        assert!(checker.max_depth() >= depth, "nothing against `{property}` in {states} states");
    }
    unreachable!("the depth has no end")
}

impl Counterexample {
    fn new<M: Protocol>(model: &M, property: &'static str, steps: &[M::Action]) -> Self {
        Self { property, steps: steps.iter().map(|step| model.format_action(step)).collect() }
    }
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not so: {}", self.property)?;
        for (number, step) in (1..).zip(&self.steps) {
            write!(f, "\n{number:>4}. {step}")?;
        }
        Ok(())
    }
}

/// Whether every run of a protocol comes to an end, so that what holds at every end is what every
/// run comes to: no state is met again by going on from it.
pub fn always_ends<M>(model: &M) -> bool
where
    M: Model<State: Clone + Eq + Hash>,
{
    let mut done = std::collections::HashSet::new();
    let mut under_way = std::collections::HashSet::new();
    let mut path: Vec<(M::State, Vec<M::State>)> =
        model.init_states().into_iter().map(|state| visit(model, state)).collect();
    while let Some((state, rest)) = path.last_mut() {
        under_way.insert(state.clone());
        match rest.pop() {
            Some(next) if under_way.contains(&next) => return false,
            Some(next) if done.contains(&next) => {}
            Some(next) => path.push(visit(model, next)),
            None => {
                under_way.remove(state);
                done.insert(state.clone());
                path.pop();
            }
        }
    }
    true
}

fn visit<M: Model>(model: &M, state: M::State) -> (M::State, Vec<M::State>) {
    let next = model.next_states(&state);
    (state, next)
}
