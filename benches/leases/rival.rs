//! What measuring a lock can ask.

use std::time::Duration;

pub(crate) use lockset_bench_leases::rival::{Kind, Rival, masters};

use crate::holds::Hold;

/// A measured figure, or what the row says instead.
pub(crate) type Figure<T> = Result<T, String>;

/// A lock that can be measured, in this process or in one of another language.
pub(crate) trait Measured {
    /// How long each of so many pairs of taking the lock and giving it back took, in seconds.
    /// Nobody else wants it, and the connection is warm.
    fn pairs(&mut self, name: &str, count: usize) -> Figure<Vec<f64>>;

    /// The same for as long as each of `spans`, all by the same connection. `before` is called
    /// before each of them, and has its number.
    fn spells(
        &mut self,
        name: &str,
        spans: &[Duration],
        before: &mut dyn FnMut(usize),
    ) -> Figure<Vec<Vec<f64>>>;

    /// How long it took each time from the release on one connection until a waiter on another had
    /// the lock, in seconds. The holder keeps it for each of `pauses` while the waiter waits.
    fn hand_overs(&mut self, name: &str, pauses: &[Duration]) -> Figure<Vec<f64>>;

    /// All that so many contenders held, each with a connection of its own, while they all asked
    /// for the lock again and again for as long as `span`.
    fn race(&mut self, name: &str, contenders: usize, span: Duration) -> Figure<Vec<Hold>>;

    /// Pairs in a second, by so many tasks, each with a lock of its own over one connection.
    fn tasks(&mut self, name: &str, tasks: usize, span: Duration) -> Figure<f64>;
}

/// A lock in the tables.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// As long as nothing went wrong.
    pub(crate) measured: Figure<Box<dyn Measured>>,
}

impl Entry {
    /// Measures it, unless something went wrong before. What goes wrong is what its rows say from
    /// then on, and the program fails in the end.
    pub(crate) fn measure<T>(
        &mut self,
        measure: impl FnOnce(&mut dyn Measured) -> Figure<T>,
    ) -> Figure<T> {
        let figure = match &mut self.measured {
            Ok(measured) => measure(measured.as_mut()),
            Err(error) => return Err(error.clone()),
        };
        if let Err(error) = &figure {
            eprintln!("{}: {error}", self.name);
            self.measured = Err(error.clone());
        }
        figure
    }
}
