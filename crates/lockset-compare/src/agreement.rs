//! Whether two runs say the same of our locks and their rivals.
//!
//! A comparison that is called significant is one that a reader may repeat. So the other run has
//! to have the same lock ahead, whether it calls that significant or not.

use std::fmt::Write;

use crate::report::Report;
use crate::verdict::{Comparison, comparisons};

/// One of ours beside one rival in one scenario, in two runs, of which at least one calls the
/// difference significant.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Called {
    /// Who, and in which scenario.
    pub what: String,
    /// The rate of ours as a multiple of the rival's, in each of the runs.
    pub ratios: [f64; 2],
    /// Which of the runs call it significant.
    pub by: [bool; 2],
}

impl Called {
    /// Whether ours is ahead in one run and behind in the other.
    #[must_use]
    pub fn is_reversed(&self) -> bool {
        self.ratios[0].ln() * self.ratios[1].ln() < 0.0
    }

    /// Whether both runs call it significant.
    #[must_use]
    pub fn is_by_both(&self) -> bool {
        self.by == [true, true]
    }
}

/// Two runs, by the comparisons that at least one of them calls significant.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Agreement {
    /// Those that both runs have measured.
    pub called: Vec<Called>,
    /// How many comparisons there are in both, significant or not.
    pub compared: usize,
}

impl Agreement {
    /// Of two runs, whichever was first.
    #[must_use]
    pub fn between(one: &Report, other: &Report) -> Self {
        let others = comparisons(other);
        let is_same = |a: &Comparison, b: &Comparison| {
            (&a.ours, &a.rival, &a.scenario) == (&b.ours, &b.rival, &b.scenario)
        };
        let in_both = comparisons(one).into_iter().filter_map(|a| {
            let b = others.iter().find(|b| is_same(&a, b))?;
            Some(Called {
                what: format!("{} beside {}, {}", a.ours, a.rival, a.scenario),
                ratios: [a.log_ratio.exp(), b.log_ratio.exp()],
                by: [a.is_significant, b.is_significant],
            })
        });
        let all: Vec<Called> = in_both.collect();
        let compared = all.len();
        let called = all.into_iter().filter(|called| called.by != [false, false]).collect();
        Self { called, compared }
    }

    /// Whether every comparison that is called significant has the same sign in both.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.reversed().next().is_none()
    }

    /// The comparisons that the runs disagree about.
    pub fn reversed(&self) -> impl Iterator<Item = &Called> {
        self.called.iter().filter(|called| called.is_reversed())
    }

    /// How many there are of each sort, in a sentence.
    #[must_use]
    pub fn summary(&self) -> String {
        let (all, compared) = (self.called.len(), self.compared);
        let both = self.called.iter().filter(|called| called.is_by_both()).count();
        let (one, reversed) = (all - both, self.reversed().count());
        format!(
            "Of {compared} comparisons with rivals, {both} are significant in both runs and {one} \
             in one only; {reversed} of these point the other way in the other run."
        )
    }

    /// For a terminal: all of them by name.
    #[must_use]
    pub fn in_words(&self) -> String {
        let by_both = |called: &&Called| called.is_by_both() && !called.is_reversed();
        let by_one = |called: &&Called| !called.is_by_both() && !called.is_reversed();
        let mut text = String::new();
        list(&mut text, "Significant in both", self.called.iter().filter(by_both));
        list(&mut text, "Significant in one only", self.called.iter().filter(by_one));
        list(&mut text, "THE OTHER WAY ROUND", self.reversed());
        text + &self.summary() + "\n"
    }
}

fn list<'c>(text: &mut String, title: &str, called: impl Iterator<Item = &'c Called>) {
    let mark = |is_significant| if is_significant { '*' } else { ' ' };
    let mut called = called.peekable();
    if called.peek().is_none() {
        return;
    }
    let _ = writeln!(text, "{title} (ours as a multiple of the rival's; *: significant)");
    for Called { what, ratios: [one, other], by: [in_one, in_other] } in called {
        let (in_one, in_other) = (mark(*in_one), mark(*in_other));
        let _ = writeln!(text, "  {one:>8.2}{in_one} {other:>8.2}{in_other}  {what}");
    }
    text.push('\n');
}
