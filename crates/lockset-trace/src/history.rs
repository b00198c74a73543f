//! A history: the events of one run in the order of their stamps, in and out of JSON lines.
//!
//! One JSON object a line is a format that several processes can write apart and anyone can merge
//! by concatenation; the order comes from the stamps, not from the lines.

use std::fmt;

use crate::timeline::Timeline;
use crate::{Event, Hold};

/// The events of a run, in order of time.
///
/// Events with one stamp keep the order in which they were given, so an actor's own events never
/// change places.
///
/// # Examples
///
/// ```
/// use lockset_trace::History;
///
/// let log = r#"
/// {"at":9000,"actor":"worker 1","lock":"ledger","what":"released"}
/// {"at":1000,"actor":"worker 1","lock":"ledger","what":"want"}
/// {"at":4000,"actor":"worker 1","lock":"ledger","what":"got","fence":7}
/// "#;
/// let history = History::from_jsonl(log)?;
/// let [hold] = &history.holds()[..] else { panic!("one hold") };
/// assert_eq!((hold.actor, hold.fence), ("worker 1", Some(7)));
/// assert_eq!(hold.waited().unwrap().as_micros(), 3);
/// # Ok::<(), lockset_trace::ParseError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    events: Vec<Event>,
}

impl History {
    /// The events, in order of time.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Reads a log of one JSON object a line; empty lines are skipped.
    ///
    /// # Errors
    ///
    /// [`ParseError`] names the first line that is no event.
    pub fn from_jsonl(log: &str) -> Result<Self, ParseError> {
        log.lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(n, line)| {
                serde_json::from_str(line).map_err(|source| ParseError { line: n + 1, source })
            })
            .collect()
    }

    /// Writes the log that [`from_jsonl`](Self::from_jsonl) reads.
    #[must_use]
    pub fn to_jsonl(&self) -> String {
        self.events.iter().map(json_line).collect()
    }

    /// One history of two, as of two processes of one machine.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockset_trace::{Event, History, Stamp, What};
    ///
    /// let at = |nanos, who| Event::new(Stamp::from_nanos(nanos), who, "ledger", What::Want);
    /// let ours = History::from_iter([at(1, "a"), at(3, "a")]);
    /// let theirs = History::from_iter([at(2, "b")]);
    /// let actors: Vec<_> = ours.merge(theirs).events().iter().map(|e| e.actor.clone()).collect();
    /// assert_eq!(actors, ["a", "b", "a"]);
    /// ```
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        self.events.into_iter().chain(other.events).collect()
    }

    /// Every hold, in the order in which they began.
    #[must_use]
    pub fn holds(&self) -> Vec<Hold<'_>> {
        let timeline = Timeline::new(self);
        let mut holds: Vec<_> = timeline.lanes.into_iter().flat_map(|lane| lane.holds).collect();
        holds.sort_by_key(|hold| hold.from);
        holds
    }
}

impl FromIterator<Event> for History {
    fn from_iter<I: IntoIterator<Item = Event>>(events: I) -> Self {
        let mut events: Vec<_> = events.into_iter().collect();
        events.sort_by_key(|event| event.at);
        Self { events }
    }
}

fn json_line(event: &Event) -> String {
    let mut line = serde_json::to_string(event).expect("an event is only strings and numbers");
    line.push('\n');
    line
}

/// A line of a log is no event.
#[derive(Debug)]
#[non_exhaustive]
pub struct ParseError {
    /// The number of the line, from 1.
    pub line: usize,
    source: serde_json::Error,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of the event log is no event", self.line)
    }
}

impl std::error::Error for ParseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
