//! Rules about what must be explained: every `unsafe`, and every atomic ordering.

use std::collections::BTreeSet;

use super::Finding;
use super::source::{SourceFile, has_word, words};

const ORDERINGS: &[&str] = &["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"];

/// The heading of the block that explains all orderings of a file at once.
const ORDERING_BLOCK: &str = "Notes about memory ordering";

/// How far above an ordering its comment may be: as far as rustfmt splits one call.
const ORDERING_REACH: usize = 3;

pub(super) fn unsafety(file: &SourceFile) -> Vec<Finding> {
    let needs = |line: &str| {
        let forms = ["unsafe {", "unsafe impl", "unsafe trait", "unsafe extern", "unsafe fn"];
        forms.iter().any(|form| has_word(line, form)) && !line.contains("unsafe fn(")
    };
    let advice = "say which invariant makes it sound, and who keeps it: `// SAFETY: ...`";
    let bare = file.code_where(needs).into_iter().filter(|index| !says_safety(file, *index));
    bare.map(|index| file.finding(index, "unsafe", advice)).collect()
}

pub(super) fn orderings(file: &SourceFile) -> Vec<Finding> {
    if file.comment_lines.iter().any(|line| line.contains(ORDERING_BLOCK)) {
        return Vec::new();
    }
    let orderings = Orderings::of(file);
    let is_bare = |index: &usize| {
        let near = index.saturating_sub(ORDERING_REACH)..=*index;
        !near.into_iter().any(|index| has_plain_comment(file, index))
    };
    let advice = "say which edge it makes, in a comment or under \"Notes about memory ordering\"";
    let used = (0..file.code_lines.len()).filter(|line| !orderings.in_line(file, *line).is_empty());
    used.filter(is_bare).map(|index| file.finding(index, "ordering", advice)).collect()
}

/// Whether the comments at, or directly above, the statement at this line have the word.
fn says_safety(file: &SourceFile, index: usize) -> bool {
    let says = |index: usize| {
        let comment = &file.comment_lines[index];
        comment.contains("SAFETY:") || comment.contains("# Safety")
    };
    // Above are attributes, comments and the beginning of the statement, but nothing that ends
    // another statement or opens a block.
    let is_part = |index: &usize| {
        let code = file.code_lines[*index].trim();
        let blank = file.lines[*index].trim().is_empty();
        !blank && (code.starts_with('#') || !code.ends_with([';', '{', '}', ',']))
    };
    says(index) || (0..index).rev().take_while(is_part).any(says)
}

/// Where a file uses the orderings of atomics.
pub(crate) struct Orderings {
    /// The lines of `use` declarations for orderings, which use none.
    import_lines: BTreeSet<usize>,
    /// The names that they import.
    imported: BTreeSet<&'static str>,
}

impl Orderings {
    pub(crate) fn of(file: &SourceFile) -> Self {
        let (mut import_lines, mut imported) = (BTreeSet::new(), BTreeSet::new());
        for start in file.code_where(|line| has_word(line, "use")) {
            let declaration = file.code_until(start, &[';']);
            if !declaration.contains("Ordering::") {
                continue;
            }
            let all = declaration.contains("Ordering::*");
            imported.extend(ORDERINGS.iter().filter(|name| all || has_word(&declaration, name)));
            let length = file.code_lines[start..].iter().position(|line| line.contains(';'));
            import_lines.extend(start..=start + length.unwrap_or(0));
        }
        Self { import_lines, imported }
    }

    /// The orderings in a line, each with its column in characters.
    pub(crate) fn in_line(&self, file: &SourceFile, line: usize) -> Vec<(usize, &'static str)> {
        if self.import_lines.contains(&line) {
            return Vec::new();
        }
        let code = &file.code_lines[line];
        let mut found: Vec<_> = ORDERINGS
            .iter()
            .flat_map(|name| words(code, name).map(move |at| (at, *name)))
            .filter(|(at, name)| {
                self.imported.contains(name) || code[..*at].ends_with("Ordering::")
            })
            .map(|(at, name)| (code[..at].chars().count(), name))
            .collect();
        found.sort_unstable();
        found
    }
}

/// Whether a line has a comment that is not a doc comment, which explains an item and not a line.
fn has_plain_comment(file: &SourceFile, index: usize) -> bool {
    let comment = file.comment_lines[index].trim_start();
    comment.starts_with("//") && !comment.starts_with("///") && !comment.starts_with("//!")
}
