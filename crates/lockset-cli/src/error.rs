//! What went wrong, as one line for whoever ran the command.

use std::error::Error;
use std::fmt;
use std::io::{self, Write};

/// Whatever was done, or why it was not.
///
/// Nobody matches on the errors of a command: they are told to a person, so a boxed one will do.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// An error, and what we were about when it happened.
#[derive(Debug)]
struct InContext {
    what: String,
    source: Box<dyn Error + Send + Sync>,
}

/// Says what we were about when something failed.
pub(crate) trait Context<T> {
    /// Puts `what` before the cause.
    fn context(self, what: impl fmt::Display) -> Result<T>;
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> Context<T> for std::result::Result<T, E> {
    fn context(self, what: impl fmt::Display) -> Result<T> {
        self.map_err(|error| InContext { what: what.to_string(), source: error.into() }.into())
    }
}

/// The error and its causes, joined by colons.
pub(crate) fn in_one_line(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        // Some libraries repeat the cause in their own message.
        if !line.contains(&text) {
            line += ": ";
            line += &text;
        }
        cause = error.source();
    }
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Tells the user. If nobody reads it, there is nobody left to tell.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "lockset: {line}");
}

impl fmt::Display for InContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Error for InContext {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}
