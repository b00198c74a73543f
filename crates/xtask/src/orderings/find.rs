//! Finds every ordering in a file, and the ways to weaken it by one step.
//!
//! One step is enough: an ordering that is weaker by two is weaker than one of these, and what
//! refutes the one refutes the other. It works on text, as the house rules do: on the code as
//! rustfmt leaves it, without comments and the contents of literals.

use std::ops::Range;

use crate::tidy::{Orderings, SourceFile};

/// One ordering, weakened by one step.
pub(crate) struct Weakening {
    /// From the workspace's root.
    pub(crate) file: String,
    /// Counted from one.
    pub(crate) line: usize,
    /// The function that it is in.
    pub(crate) function: String,
    /// The call that it is an argument of, on one line.
    pub(crate) operation: String,
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
    /// The whole file, with this one change.
    pub(crate) text: String,
}

/// What `to` says of a fence that is not there any more.
const NO_FENCE: &str = "no fence";

/// What an ordering is an argument of; it decides which weaker ones there are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Load,
    Store,
    ReadModifyWrite,
    Fence,
}

/// Every way to weaken one ordering of a file by one step, from the top down.
pub(crate) fn weakenings(path: &str, text: &str) -> Vec<Weakening> {
    let file = SourceFile::new(path, text);
    let orderings = Orderings::of(&file);
    let layout = Layout::new(&file);
    let mut found = Vec::new();
    for line in 0..file.code_lines.len() {
        for (column, from) in orderings.in_line(&file, line) {
            let at = layout.starts[line] + column;
            let call = layout.call_around(at);
            for to in weaker(from, call.as_ref().map_or(Use::ReadModifyWrite, |call| call.r#use)) {
                found.push(Weakening {
                    file: path.into(),
                    line: line + 1,
                    function: function_around(&file, line),
                    operation: call.as_ref().map_or(from.into(), |call| call.text.clone()),
                    from,
                    to,
                    text: layout.weakened(at, from, to, call.as_ref()),
                });
            }
        }
    }
    found
}

/// The file without any releasing half: whoever relied on one of them has a data race.
pub(crate) fn without_releases(path: &str, text: &str) -> String {
    let is_release = |step: &Weakening| {
        matches!((step.from, step.to), ("Release" | "SeqCst", _) | ("AcqRel", "Acquire"))
    };
    let mut text = text.to_owned();
    while let Some(step) = weakenings(path, &text).into_iter().find(is_release) {
        text = step.text;
    }
    text
}

/// The next weaker orderings that the operation takes.
fn weaker(order: &str, r#use: Use) -> &'static [&'static str] {
    match (order, r#use) {
        ("Acquire" | "Release", Use::Fence) => &[NO_FENCE],
        ("Acquire" | "Release", _) => &["Relaxed"],
        ("AcqRel", _) => &["Acquire", "Release"],
        ("SeqCst", Use::Load) => &["Acquire"],
        ("SeqCst", Use::Store) => &["Release"],
        ("SeqCst", Use::ReadModifyWrite | Use::Fence) => &["AcqRel"],
        _ => &[],
    }
}

/// The name of the function that a line is in: the nearest one above.
fn function_around(file: &SourceFile, line: usize) -> String {
    let name = |code: &String| {
        let (_, rest) = code.split_once("fn ")?;
        Some(rest.split(|c: char| !is_name(c)).next()?.to_owned())
    };
    file.code_lines[..=line].iter().rev().find_map(name).unwrap_or_default()
}

/// A call, found by its parentheses.
struct Call {
    r#use: Use,
    text: String,
    /// Where it starts, with the path before its name, and ends.
    range: Range<usize>,
}

/// The file as characters, so that code and text have the same positions.
struct Layout {
    text: Vec<char>,
    code: Vec<char>,
    /// Where each line starts.
    starts: Vec<usize>,
}

impl Layout {
    fn new(file: &SourceFile) -> Self {
        let (mut text, mut code, mut starts) = (Vec::new(), Vec::new(), Vec::new());
        for (line, code_line) in file.lines.iter().zip(&file.code_lines) {
            starts.push(text.len());
            text.extend(line.chars().chain(['\n']));
            code.extend(code_line.chars());
            // What follows the code on this line is comment.
            code.resize(text.len() - 1, ' ');
            code.push('\n');
        }
        Self { text, code, starts }
    }

    /// The innermost call that a position is inside of.
    fn call_around(&self, at: usize) -> Option<Call> {
        let open = self.unbalanced((0..at).rev(), ')', '(')?;
        let close = self.unbalanced(at..self.code.len(), '(', ')')?;
        let back = |from: usize, is: fn(char) -> bool| {
            from - self.code[..from].iter().rev().take_while(|c| is(**c)).count()
        };
        let name: String = self.code[back(open, is_name)..open].iter().collect();
        let start = back(open, |c| is_name(c) || c == ':');
        let argument = self.commas(open + 1..at);
        let r#use = match name.as_str() {
            "load" => Use::Load,
            "fence" | "compiler_fence" => Use::Fence,
            // What a failed attempt is ordered by is the ordering of a load.
            _ if name.starts_with("compare_exchange") && argument == 3 => Use::Load,
            _ if name.ends_with("update") && argument == 1 => Use::Load,
            _ if name.starts_with("store") => Use::Store,
            _ => Use::ReadModifyWrite,
        };
        let text: String = self.code[start..=close].iter().collect();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = text.replace("( ", "(").replace(", )", ")").replace(" )", ")");
        Some(Call { r#use, text, range: start..close + 1 })
    }

    /// The first `wanted` on the way that no `other` on the way belongs to.
    fn unbalanced(
        &self,
        mut way: impl Iterator<Item = usize>,
        other: char,
        wanted: char,
    ) -> Option<usize> {
        let mut depth = 0_usize;
        way.find(|at| match self.code[*at] {
            c if c == other => {
                depth += 1;
                false
            }
            c if c == wanted && depth == 0 => true,
            c if c == wanted => {
                depth -= 1;
                false
            }
            _ => false,
        })
    }

    /// The commas that are in no parentheses of their own.
    fn commas(&self, range: Range<usize>) -> usize {
        let mut depth = 0_i32;
        let mut count = 0;
        for c in &self.code[range] {
            match c {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                ',' if depth == 0 => count += 1,
                _ => {}
            }
        }
        count
    }

    fn weakened(&self, at: usize, from: &str, to: &str, call: Option<&Call>) -> String {
        let (range, by) = match call {
            Some(call) if to == NO_FENCE => (call.range.clone(), "()".to_owned()),
            // A name that the file may not have imported, unless the path is there already.
            _ if self.code[..at].ends_with(&[':', ':']) => (at..at + from.len(), to.to_owned()),
            _ => (at..at + from.len(), format!("core::sync::atomic::Ordering::{to}")),
        };
        let (before, after) = (&self.text[..range.start], &self.text[range.end..]);
        before.iter().copied().chain(by.chars()).chain(after.iter().copied()).collect()
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::{weakenings, without_releases};

    /// What is weakened in a line of code: operation, from, to.
    fn found(line: &str) -> Vec<(String, &'static str, &'static str)> {
        let text = format!("use core::sync::atomic::Ordering::*;\nfn f() {{\n{line}\n}}\n");
        let all = weakenings("a.rs", &text);
        assert!(all.iter().all(|one| one.function == "f" && one.line >= 3));
        all.into_iter().map(|one| (one.operation, one.from, one.to)).collect()
    }

    /// What the line looks like with its first ordering weakened.
    fn first(line: &str) -> String {
        let text = format!("use core::sync::atomic::Ordering::*;\n{line}\n");
        let all = weakenings("a.rs", &text);
        all[0].text.lines().nth(1).expect("two lines").replace("core::sync::atomic::", "")
    }

    #[test]
    fn each_ordering_is_weakened_by_one_step() {
        assert_eq!(
            found("a.swap(1, Release);"),
            [("swap(1, Release)".into(), "Release", "Relaxed")]
        );
        let steps = |line: &str| found(line).into_iter().map(|(_, _, to)| to).collect::<Vec<_>>();
        assert_eq!(steps("a.load(SeqCst);"), ["Acquire"]);
        assert_eq!(steps("a.store(f(1), SeqCst);"), ["Release"]);
        assert_eq!(steps("a.fetch_add(1, SeqCst);"), ["AcqRel"]);
        assert_eq!(steps("a.fetch_add(1, AcqRel);"), ["Acquire", "Release"]);
        assert_eq!(steps("fence(SeqCst);"), ["AcqRel"]);
        assert_eq!(steps("fence(Acquire);"), ["no fence"]);
        assert_eq!(steps("a.compare_exchange(f(1, 2), 3, SeqCst, SeqCst);"), ["AcqRel", "Acquire"]);
        assert_eq!(steps("a.compare_exchange(\n0,\n3,\nAcquire,\nRelaxed,\n);"), ["Relaxed"]);
        assert!(steps("a.load(Relaxed); // Acquire\n\"Acquire\";").is_empty());
    }

    #[test]
    fn the_rest_of_the_line_stays() {
        assert_eq!(first("a.swap('é', Release) // b"), "a.swap('é', Ordering::Relaxed) // b");
        assert_eq!(first("a.load(Ordering::Acquire)"), "a.load(Ordering::Relaxed)");
        assert_eq!(first("g(); sync::fence(Release); h()"), "g(); (); h()");
    }

    #[test]
    fn no_release_is_left_over() {
        let healthy = "use core::sync::atomic::Ordering::*;\n\
            f(a.load(SeqCst), a.swap(1, AcqRel), a.store(2, Release));\nfence(SeqCst);\n";
        let weak = without_releases("a.rs", healthy).replace("core::sync::atomic::Ordering::", "");
        let weak = weak.lines().skip(1).collect::<Vec<_>>().join(" ");
        assert_eq!(
            weak,
            "f(a.load(Acquire), a.swap(1, Acquire), a.store(2, Relaxed)); fence(Acquire);"
        );
    }
}
