//! Rules about what must be explained: every `unsafe`, and every atomic ordering.

use std::collections::BTreeSet;

use super::Finding;
use super::source::{SourceFile, has_word};

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
    let (imports, imported) = imported_orderings(file);
    let used = |line: &str| {
        ORDERINGS.iter().any(|name| {
            has_word(line, &format!("Ordering::{name}"))
                || (imported.contains(name) && has_word(line, name))
        })
    };
    let is_bare = |index: &usize| {
        let near = index.saturating_sub(ORDERING_REACH)..=*index;
        !imports.contains(index) && !near.into_iter().any(|index| has_plain_comment(file, index))
    };
    let advice = "say which edge it makes, in a comment or under \"Notes about memory ordering\"";
    let bare = file.code_where(used).into_iter().filter(is_bare);
    bare.map(|index| file.finding(index, "ordering", advice)).collect()
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

/// The lines of `use` declarations for orderings, and the names that they import.
fn imported_orderings(file: &SourceFile) -> (BTreeSet<usize>, BTreeSet<&'static str>) {
    let (mut lines, mut names) = (BTreeSet::new(), BTreeSet::new());
    for start in file.code_where(|line| has_word(line, "use")) {
        let declaration = file.code_until(start, &[';']);
        if !declaration.contains("Ordering::") {
            continue;
        }
        let all = declaration.contains("Ordering::*");
        names.extend(ORDERINGS.iter().filter(|name| all || has_word(&declaration, name)));
        let length = file.code_lines[start..].iter().position(|line| line.contains(';'));
        lines.extend(start..=start + length.unwrap_or(0));
    }
    (lines, names)
}

/// Whether a line has a comment that is not a doc comment, which explains an item and not a line.
fn has_plain_comment(file: &SourceFile, index: usize) -> bool {
    let comment = file.comment_lines[index].trim_start();
    comment.starts_with("//") && !comment.starts_with("///") && !comment.starts_with("//!")
}
