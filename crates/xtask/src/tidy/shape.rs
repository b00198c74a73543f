//! Rules about the shape of a file and of what it declares.

use super::Finding;
use super::source::{SourceFile, has_word};

const FILE_LINES: usize = 400;
const FUNCTION_LINES: usize = 70;
const LINE_CHARS: usize = 100;

/// The endings of the names of what frees a lock when it is dropped, or does nothing by itself.
const MUST_USE_NAMES: &[&str] = &["Guard", "Permit", "Permits", "Lease", "Future"];

pub(super) fn file_length(file: &SourceFile) -> Vec<Finding> {
    let count = file.lines.len();
    if count <= FILE_LINES {
        return Vec::new();
    }
    let advice = format!("{count} lines; split it, {FILE_LINES} are the limit");
    vec![file.finding(FILE_LINES, "file-length", advice)]
}

pub(super) fn function_length(file: &SourceFile) -> Vec<Finding> {
    let too_long = |start: usize| {
        let count = last_line_of(file, start) - start + 1;
        let advice = format!("{count} lines; split it, {FUNCTION_LINES} are the limit");
        (count > FUNCTION_LINES).then(|| file.finding(start, "function-length", advice))
    };
    file.code_where(starts_function).into_iter().filter_map(too_long).collect()
}

pub(super) fn line_length(file: &SourceFile) -> Vec<Finding> {
    let too_long = |(index, line): (usize, &String)| {
        let count = line.chars().count();
        let advice = format!("{count} characters; wrap it, {LINE_CHARS} are the limit");
        (count > LINE_CHARS).then(|| file.finding(index, "line-length", advice))
    };
    file.lines.iter().enumerate().filter_map(too_long).collect()
}

pub(super) fn module_doc(file: &SourceFile) -> Vec<Finding> {
    if file.lines.first().is_some_and(|line| line.starts_with("//!")) {
        return Vec::new();
    }
    vec![file.finding(0, "module-doc", "begin with `//!`: what the file is, and why it is there")]
}

pub(super) fn must_use(file: &SourceFile) -> Vec<Finding> {
    let forgotten = |index: usize| {
        let name = struct_name(&file.code_lines[index])?;
        let is_future = || {
            let futures = format!("Future for {name}");
            file.code_lines.iter().any(|line| has_word(line, &futures))
        };
        let has_attribute = || {
            let above = file.code_lines[..index].iter().zip(&file.lines).rev();
            let attributes = above.take_while(|(code, line)| {
                !line.trim().is_empty() && !code.ends_with([';', '{', '}'])
            });
            attributes.into_iter().any(|(code, _)| code.contains("#[must_use"))
        };
        let needs = MUST_USE_NAMES.iter().any(|end| name.ends_with(end)) || is_future();
        let advice = format!("`{name}` needs #[must_use = \"why\"]");
        (needs && !has_attribute()).then(|| file.finding(index, "must-use", advice))
    };
    (0..file.code_lines.len()).filter_map(forgotten).collect()
}

pub(super) fn bool_parameter(file: &SourceFile) -> Vec<Finding> {
    let is_public = |line: &str| line.trim_start().starts_with("pub ") && starts_function(line);
    let has_bool = |index: &usize| {
        let signature = file.code_until(*index, &['{', ';']);
        // The parameters end where the result begins; those of a closure among them count, too.
        let parameters = signature.split_once(") ->").map_or(signature.as_str(), |(list, _)| list);
        has_word(parameters, ": bool") || has_word(parameters, ": Option<bool>")
    };
    let advice = "a call cannot say what `true` means; take an enum, or make two functions";
    let functions = file.code_where(is_public).into_iter().filter(has_bool);
    functions.map(|index| file.finding(index, "bool-parameter", advice)).collect()
}

/// Whether a function is declared in this line; `fn(` would be a type.
fn starts_function(code: &str) -> bool {
    has_word(code, "fn ")
}

/// Where the function that starts at a line ends, by the indentation that rustfmt gives it.
fn last_line_of(file: &SourceFile, start: usize) -> usize {
    let first = &file.code_lines[start];
    if first.ends_with(['}', ';']) {
        return start;
    }
    let indent = first.len() - first.trim_start().len();
    let below = file.code_lines.iter().enumerate().skip(start + 1);
    let mut same_indent = below
        .filter(|(_, line)| line.len() > indent && line.len() - line.trim_start().len() == indent);
    let is_end = |line: &str| line.trim() == "}" || line.ends_with(';');
    same_indent.find(|(_, line)| is_end(line)).map_or(start, |(index, _)| index)
}

fn struct_name(code: &str) -> Option<&str> {
    let rest = code.trim_start().strip_prefix("pub struct ")?;
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}
