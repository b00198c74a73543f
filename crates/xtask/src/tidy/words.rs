//! Rules about words that must not be there, or only in some places.

use super::Finding;
use super::source::{SourceFile, has_word};

/// A piece of code that is not allowed outside of some files.
struct Forbidden {
    code: &'static str,
    rule: &'static str,
    advice: &'static str,
    allowed_in: fn(path: &str) -> bool,
}

const FORBIDDEN: &[Forbidden] = &[
    never("Result<bool", "result-bool", "say what it means: an Option or an enum"),
    never("#[ignore", "ignored-test", "repair the test or remove it; none is skipped"),
    never("todo!(", "unfinished", "finish it"),
    never("unimplemented!(", "unfinished", "finish it"),
    never("dbg!(", "debug-print", "remove it"),
    outside("thread::sleep(", "sleep-in-test", "wait for the event itself", outside_tests),
    outside("time::sleep(", "sleep-in-test", "wait for the event itself", outside_tests),
    outside("println!(", "print", "a library returns what it has to say", may_print),
    outside("eprintln!(", "print", "a library returns what it has to say", may_print),
    outside("lockset_loom", "loom-seam", "only the `sync` seams swap the atomics", is_seam),
    outside("lockset_shuttle", "loom-seam", "only the `sync` seams swap the atomics", is_seam),
];

pub(super) fn forbidden(file: &SourceFile) -> Vec<Finding> {
    let rules = FORBIDDEN.iter().filter(|rule| !(rule.allowed_in)(&file.path));
    let found = rules.flat_map(|rule| {
        let lines = file.code_where(|line| has_word(line, rule.code));
        lines.into_iter().map(|index| file.finding(index, rule.rule, rule.advice))
    });
    found.chain(getters(file)).collect()
}

/// The one word that is not a whole one: a getter is called by what it gets.
fn getters(file: &SourceFile) -> impl Iterator<Item = Finding> {
    let lines = file.code_where(|line| line.contains("fn get_"));
    let advice = "leave out the `get_`";
    lines.into_iter().map(move |index| file.finding(index, "get-prefix", advice))
}

const fn never(code: &'static str, rule: &'static str, advice: &'static str) -> Forbidden {
    outside(code, rule, advice, |_| false)
}

const fn outside(
    code: &'static str,
    rule: &'static str,
    advice: &'static str,
    allowed_in: fn(&str) -> bool,
) -> Forbidden {
    Forbidden { code, rule, advice, allowed_in }
}

fn outside_tests(path: &str) -> bool {
    !path.contains("/tests/")
}

fn may_print(path: &str) -> bool {
    let programs = ["crates/xtask/", "crates/lockset-cli/", "benches/"];
    programs.iter().any(|program| path.starts_with(program))
        // That is how a build script talks to Cargo.
        || path.ends_with("/build.rs")
        || ["/benches/", "/examples/", "/tests/"].iter().any(|folder| path.contains(folder))
}

fn is_seam(path: &str) -> bool {
    let seam = ["/sync/", "/lockset-sync/", "/tests/loom", "/tests/shuttle"];
    path.ends_with("/sync.rs") || seam.iter().any(|part| path.contains(part))
}
