//! The book's page of counts: made from a run, and what the next run has to find.

use std::fs;
use std::process::Command;

use crate::Result;
use crate::process::output_of;
use crate::tally::Tally;

use super::{Counts, Lane};

const PAGE: &str = "docs/src/instructions.md";
const REMEDY: &str = "cargo xtask instructions --write";

/// What the line begins with that says how a page was made.
const COUNTED_WITH: &str = "Counted with ";
const HEADING: &str = "## ";

const INTRODUCTION: &str = "\
# Instructions, counted

<!-- Written by `cargo xtask instructions --write`. -->

What a lock costs that nobody else wants, as [callgrind] counts it: no clock, no noise, and the same
numbers on every day. `cargo xtask test --deep` counts again and fails if one of them has changed,
so an instruction more in `Mutex::unlock` is seen that no clock would show.

Each path is a function of its own, in the release profile, and what calling it takes is subtracted.
*Exchanges* are atomic read-modify-writes, each of which takes far longer than other instructions; a
plain load or store is none. *System calls* have the calls of the clock in them, since valgrind
makes a program ask the kernel for the time; without it, that is no call.

Fewer instructions are not a faster lock. These numbers see neither what an exchange costs, nor a
cache line that another processor has; [the clock's tables](bias.md) do.

[callgrind]: https://valgrind.org/docs/manual/cl-manual.html
";

/// What the counts depend on, besides the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Conditions(String);

impl Conditions {
    pub(super) fn here() -> Result<Self> {
        let rustc = output_of(Command::new("rustc").arg("--version").arg("--verbose"))?;
        let field = |name: &str| rustc.lines().find_map(|line| line.strip_prefix(name));
        let version = rustc.lines().next().unwrap_or_default();
        let (host, llvm) = (field("host: "), field("LLVM version: "));
        let host = host.ok_or("rustc does not say for which host it is")?;
        let llvm = llvm.ok_or("rustc does not say which LLVM it has")?;
        let libc = output_of(Command::new("getconf").arg("GNU_LIBC_VERSION"))?;
        let valgrind = output_of(Command::new("valgrind").arg("--version"))?;
        let (libc, valgrind) = (libc.trim(), valgrind.trim());
        Ok(Self(format!("{version}, LLVM {llvm}, {host}, {libc}, {valgrind}")))
    }

    fn of(page: &str) -> Option<Self> {
        let line = page.lines().find_map(|line| line.strip_prefix(COUNTED_WITH))?;
        Some(Self(line.trim_end_matches('.').to_owned()))
    }
}

pub(super) fn write(conditions: &Conditions, counted: &[(Lane, Counts)]) -> Result<()> {
    fs::write(PAGE, page(conditions, counted))?;
    println!("instructions: wrote {PAGE}");
    Ok(())
}

/// One failure for each count that is not the page's; none at all if the page says nothing about a
/// compiler like this one.
pub(super) fn compare(conditions: &Conditions, counted: &[(Lane, Counts)]) -> Result<Tally> {
    let (tally, text) = verdict(&fs::read_to_string(PAGE)?, conditions, counted);
    print!("{text}");
    Ok(tally)
}

/// The same, and what there is to say about it.
fn verdict(page: &str, here: &Conditions, counted: &[(Lane, Counts)]) -> (Tally, String) {
    if let Some(Conditions(there)) = Conditions::of(page).filter(|there| there != here) {
        let Conditions(here) = here;
        let text = format!(
            "instructions: NOT COMPARED with {PAGE}: the counts depend on the compiler\n  there: \
             {there}\n  here:  {here}\nTo keep these counts instead: {REMEDY}\n"
        );
        return (Tally::default(), text);
    }
    let kept = rows(page);
    let (mut tally, mut text) = (Tally::default(), String::new());
    for (lane, counts) in counted {
        let old = kept.iter().find(|(what, who, _)| *what == lane.what && *who == lane.who);
        let complaint = match old {
            Some((_, _, old)) if old == counts => None,
            Some((_, _, old)) if counts.has_more_than(old) => {
                Some(format!("MORE: {counts}; there were {old}"))
            }
            Some((_, _, old)) => Some(format!("less: {counts}; there were {old}")),
            None => Some(format!("new: {counts}")),
        };
        tally += if complaint.is_none() { Tally::PASSED } else { Tally::FAILED };
        text.extend(complaint.map(|complaint| format!("instructions: {lane}: {complaint}\n")));
    }
    for (what, who, _) in &kept {
        if !counted.iter().any(|(lane, _)| lane.what == *what && lane.who == *who) {
            tally += Tally::FAILED;
            text += &format!("instructions: {what}: {who}: is gone\n");
        }
    }
    if tally.failed > 0 {
        text += &format!("If that is meant: {REMEDY}\n");
    }
    (tally, text)
}

fn page(Conditions(conditions): &Conditions, counted: &[(Lane, Counts)]) -> String {
    let mut text = format!("{INTRODUCTION}\n{COUNTED_WITH}{conditions}.\n");
    let mut before = "";
    for (lane, counts) in counted {
        let Lane { what, baseline, who } = lane;
        if what != before {
            text += &format!("\n{HEADING}{what}\n\n| | instructions | of {baseline}'s ");
            text += "| exchanges | system calls |\n|---|---|---|---|---|\n";
            before = what;
        }
        let Counts { instructions, exchanges, system_calls } = counts;
        let of = counted.iter().find(|(of, _)| of.what == *what && of.who == *baseline);
        let ratio = of.map_or(f64::NAN, |(_, of)| *instructions as f64 / of.instructions as f64);
        text +=
            &format!("| `{who}` | {instructions} | {ratio:.2} | {exchanges} | {system_calls} |\n");
    }
    text
}

/// The counts of a page: what is done, by whom, and what it takes.
fn rows(page: &str) -> Vec<(&str, &str, Counts)> {
    let (mut rows, mut what) = (Vec::new(), "");
    for line in page.lines() {
        what = line.strip_prefix(HEADING).unwrap_or(what);
        rows.extend(row(line).map(|(who, counts)| (what, who, counts)));
    }
    rows
}

fn row(line: &str) -> Option<(&str, Counts)> {
    let (who, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
    let mut cells = rest.trim_end_matches(" |").split(" | ");
    let instructions = cells.next()?.parse().ok()?;
    let _ratio = cells.next()?;
    let exchanges = cells.next()?.parse().ok()?;
    let system_calls = cells.next()?.parse().ok()?;
    Some((who, Counts { instructions, exchanges, system_calls }))
}

#[cfg(test)]
mod tests {
    use super::{Conditions, Counts, Lane, Tally, page, rows, verdict};

    fn counted(instructions: u64) -> Vec<(Lane, Counts)> {
        let lane =
            |who: &str| Lane { what: "a pair".into(), baseline: "b".into(), who: who.into() };
        let counts = |instructions| Counts { instructions, exchanges: 2, system_calls: 0 };
        vec![(lane("a<x>"), counts(instructions)), (lane("b"), counts(20))]
    }

    fn compiler(version: &str) -> Conditions {
        Conditions(format!("rustc {version}, LLVM 1.2"))
    }

    #[test]
    fn a_page_is_read_as_it_was_written() {
        let page = page(&compiler("1.0"), &counted(10));
        assert!(page.contains("| `a<x>` | 10 | 0.50 | 2 | 0 |\n"), "{page}");
        let read: Vec<_> = rows(&page).into_iter().map(|(_, who, counts)| (who, counts)).collect();
        let written = counted(10);
        let written: Vec<_> = written.iter().map(|(lane, counts)| (&*lane.who, *counts)).collect();
        assert_eq!(read, written);
        let (tally, text) = verdict(&page, &compiler("1.0"), &counted(10));
        assert_eq!((tally, text.as_str()), (Tally { passed: 2, failed: 0 }, ""));
    }

    #[test]
    fn one_instruction_more_is_a_failure_and_so_is_one_less() {
        let page = page(&compiler("1.0"), &counted(10));
        for (now, word) in [(11, "a<x>: MORE: 11"), (9, "a<x>: less: 9")] {
            let (tally, text) = verdict(&page, &compiler("1.0"), &counted(now));
            assert_eq!(tally, Tally { passed: 1, failed: 1 });
            assert!(text.contains(word), "{text}");
        }
    }

    #[test]
    fn a_row_that_has_come_or_gone_is_a_failure() {
        let (conditions, all) = (compiler("1.0"), counted(10));
        for (kept, now, word) in
            [(&all[..], &all[..1], "b: is gone"), (&all[..1], &all[..], "b: new")]
        {
            let (tally, text) = verdict(&page(&conditions, kept), &conditions, now);
            assert_eq!(tally, Tally { passed: 1, failed: 1 });
            assert!(text.contains(word), "{text}");
        }
    }

    #[test]
    fn another_compiler_is_named_and_nothing_is_compared() {
        let page = page(&compiler("1.0"), &counted(10));
        let (tally, text) = verdict(&page, &compiler("2.0"), &counted(99));
        assert_eq!(tally, Tally::default());
        assert!(text.contains("NOT COMPARED") && text.contains("rustc 2.0"), "{text}");
    }
}
