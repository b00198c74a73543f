//! A Rust file taken apart into code and comments, so that a rule for code is not set off by a
//! comment or a string literal, such as those in the rules' own source.

use super::Finding;

pub(crate) struct SourceFile {
    /// From the workspace's root.
    pub(crate) path: String,
    /// The lines as they are.
    pub(crate) lines: Vec<String>,
    /// The same lines without comments and without the contents of string and char literals.
    pub(crate) code_lines: Vec<String>,
    /// The same lines with nothing but comments.
    pub(crate) comment_lines: Vec<String>,
}

impl SourceFile {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let (code, comments) = split(text);
        // What is blanked out at the end of a line must not hide how its code or comment ends.
        let trimmed = |text: &str| text.lines().map(|line| line.trim_end().into()).collect();
        Self {
            path: path.into(),
            lines: text.lines().map(Into::into).collect(),
            code_lines: trimmed(&code),
            comment_lines: trimmed(&comments),
        }
    }

    /// A finding at a line, counted from zero.
    pub(super) fn finding(
        &self,
        index: usize,
        rule: &'static str,
        advice: impl Into<String>,
    ) -> Finding {
        Finding { path: self.path.clone(), line: index + 1, rule, advice: advice.into() }
    }

    /// The numbers of the lines, from zero, whose code satisfies `matches`.
    pub(crate) fn code_where(&self, matches: impl Fn(&str) -> bool) -> Vec<usize> {
        let lines = self.code_lines.iter().enumerate();
        lines.filter(|(_, line)| matches(line)).map(|(index, _)| index).collect()
    }

    /// The code from a line to the first `end` in or below it, as one line.
    pub(crate) fn code_until(&self, index: usize, end: &[char]) -> String {
        let mut text = String::new();
        for line in &self.code_lines[index..] {
            text.push_str(line.trim());
            text.push(' ');
            if line.contains(end) {
                break;
            }
        }
        text
    }
}

/// Whether `text` has `word` with no letter, digit or underscore before and after it.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    words(text, word).next().is_some()
}

/// Where it does.
pub(crate) fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    // A word that begins or ends with punctuation, such as `dbg!(`, has its own boundary there.
    let (first, last) = (word.starts_with(is_part), word.ends_with(is_part));
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let (before, after) = (&text[..*at], &text[at + word.len()..]);
        let continues = first && before.ends_with(is_part) || last && after.starts_with(is_part);
        !continues
    })
}

/// What the text at some place is part of.
#[derive(Clone, Copy)]
enum Part {
    Code,
    LineComment,
    BlockComment {
        depth: usize,
    },
    /// A string literal that ends with a quote and this many hashes.
    Literal {
        hashes: usize,
        escapes: bool,
    },
}

/// The text's code and its comments, each with blanks in the other's place.
fn split(text: &str) -> (String, String) {
    let (mut code, mut comments) = (String::new(), String::new());
    let mut part = Part::Code;
    let mut rest = text;
    while !rest.is_empty() {
        let (length, next) = step(part, rest, &code);
        let (piece, tail) = rest.split_at(length);
        // Comment marks belong to the comment, quotes to the code.
        let is_comment = |part| matches!(part, Part::LineComment | Part::BlockComment { .. });
        let to_comments = is_comment(part) || is_comment(next);
        let hidden = matches!((part, next), (Part::Literal { .. }, Part::Literal { .. }))
            || (matches!(part, Part::Code) && piece.starts_with('\''));
        for c in piece.chars() {
            let blank = if c == '\n' { '\n' } else { ' ' };
            code.push(if to_comments || hidden { blank } else { c });
            comments.push(if to_comments { c } else { blank });
        }
        (rest, part) = (tail, next);
    }
    (code, comments)
}

/// The length of the next piece of `rest`, and what follows it.
fn step(part: Part, rest: &str, code_before: &str) -> (usize, Part) {
    let one = rest.chars().next().map_or(0, char::len_utf8);
    match part {
        Part::Code if rest.starts_with("//") => (2, Part::LineComment),
        Part::Code if rest.starts_with("/*") => (2, Part::BlockComment { depth: 1 }),
        Part::Code if rest.starts_with('"') => (1, Part::Literal { hashes: 0, escapes: true }),
        Part::Code => match raw_string(rest, code_before) {
            Some(hashes) => (hashes + 2, Part::Literal { hashes, escapes: false }),
            None => (char_literal(rest).unwrap_or(one), Part::Code),
        },
        Part::LineComment if rest.starts_with('\n') => (0, Part::Code),
        Part::BlockComment { depth } if rest.starts_with("/*") => {
            (2, Part::BlockComment { depth: depth + 1 })
        }
        Part::BlockComment { depth: 1 } if rest.starts_with("*/") => (2, Part::Code),
        Part::BlockComment { depth } if rest.starts_with("*/") => {
            (2, Part::BlockComment { depth: depth - 1 })
        }
        Part::Literal { escapes: true, .. } if rest.starts_with('\\') => {
            (one + rest[one..].chars().next().map_or(0, char::len_utf8), part)
        }
        Part::Literal { hashes, .. }
            if rest.starts_with('"')
                && rest[1..].bytes().take_while(|byte| *byte == b'#').count() >= hashes =>
        {
            (1 + hashes, Part::Code)
        }
        _ => (one, part),
    }
}

/// The number of hashes, if a raw string literal starts here.
fn raw_string(rest: &str, code_before: &str) -> Option<usize> {
    // The letter must not be the end of a name; `br` and `cr` are the exceptions.
    let name = code_before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    let after = rest.strip_prefix('r').filter(|_| ["", "b", "c"].contains(&name))?;
    let hashes = after.bytes().take_while(|byte| *byte == b'#').count();
    after[hashes..].starts_with('"').then_some(hashes)
}

/// The length of the char literal that starts here, if it is one and not a lifetime.
fn char_literal(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix('\'')?;
    let first = inside.chars().next()?;
    // The first character is part of the literal even where it is a quote after a backslash.
    let skipped =
        if first == '\\' { 1 + inside[1..].chars().next()?.len_utf8() } else { first.len_utf8() };
    let length = inside[skipped..].find('\'')?;
    let is_literal = if first == '\\' { length <= "u{10FFFF}".len() } else { length == 0 };
    is_literal.then_some(1 + skipped + length + 1)
}
