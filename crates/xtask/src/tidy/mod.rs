//! `cargo xtask tidy`: the house rules, executable.
//!
//! A rule that only reviewers know is kept only when they remember it. Each rule here is a
//! small function over a [`SourceFile`] or over the list of files, and says what to do instead.
//! The rules match text, not syntax: they see the code as rustfmt leaves it, without comments
//! and the contents of literals, which is enough and keeps each of them readable.

mod crates;
mod explained;
mod layout;
mod shape;
mod source;
#[cfg(test)]
mod tests;
mod words;

use std::fmt;
use std::fs;
use std::process::ExitCode;

use crate::Result;
use crate::process::files_of_the_tree;
pub(crate) use explained::Orderings;
pub(crate) use source::SourceFile;

/// A place that breaks a rule, and how to mend it.
#[derive(Debug)]
struct Finding {
    path: String,
    line: usize,
    rule: &'static str,
    advice: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path, self.line, self.rule, self.advice)
    }
}

/// The rules that look at one file at a time.
const RULES: &[fn(&SourceFile) -> Vec<Finding>] = &[
    shape::file_length,
    shape::function_length,
    shape::line_length,
    shape::module_doc,
    shape::must_use,
    shape::bool_parameter,
    explained::unsafety,
    explained::orderings,
    words::forbidden,
];

pub(crate) fn run() -> Result<ExitCode> {
    let mut paths = Vec::new();
    for path in files_of_the_tree()? {
        paths.push(path.into_os_string().into_string().map_err(|_| "a path is not UTF-8")?);
    }
    let mut files = Vec::new();
    for path in paths.iter().filter(|path| path.ends_with(".rs")) {
        files.push(SourceFile::new(path, &fs::read_to_string(path)?));
    }
    let mut findings: Vec<Finding> =
        files.iter().flat_map(|file| RULES.iter().flat_map(|rule| rule(file))).collect();
    findings.extend(layout::dead_files(&files));
    let has_summary = paths.iter().any(|path| path == layout::SUMMARY);
    let summary = if has_summary { fs::read_to_string(layout::SUMMARY)? } else { String::new() };
    findings.extend(layout::summary(&paths, &summary));
    findings.extend(crates::dependencies()?);
    findings.extend(crates::light_trees()?);

    for finding in &findings {
        println!("{finding}");
    }
    println!("tidy: {} files, {} findings", files.len(), findings.len());
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
