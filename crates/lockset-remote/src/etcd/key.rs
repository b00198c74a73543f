//! Where everything is kept: names, requests and modes as keys.

use core::fmt::Write;

use lockset_api::Name;

use crate::{Mode, Request, RequestId};

/// What all keys start with: one permission on this prefix is all that a user needs.
const ROOT: &str = "lockset/";

/// What the keys of all requests for this lock start with, and of none for another.
pub(super) fn line(name: &Name) -> String {
    let mut key = format!("{ROOT}lock/");
    for char in name.as_str().chars() {
        match char {
            // A slash ends the name, so that `billing/nightly` does not stand in the line of
            // `billing`.
            '/' => key.push_str("%2F"),
            '%' => key.push_str("%25"),
            char => key.push(char),
        }
    }
    key.push('/');
    key
}

/// The key of one request.
pub(super) fn of(request: &Request) -> String {
    let mut key = line(&request.names[0]);
    // Writing to a string cannot fail.
    let _ = match request.mode {
        Mode::Exclusive => write!(key, "{}/exclusive", request.id),
        Mode::Shared => write!(key, "{}/shared", request.id),
        Mode::Permits { n, of } => write!(key, "{}/{n}-of-{of}", request.id),
    };
    key
}

/// The key that counts how often a session has called off what may still be on its way.
pub(super) fn recalls(session: i64) -> String {
    format!("{ROOT}session/{session:016x}")
}

/// The request and its mode in a key of this line; none if it is not one of ours.
pub(super) fn parse(key: &[u8], line: &str) -> Option<(RequestId, Mode)> {
    let rest = core::str::from_utf8(key).ok()?.strip_prefix(line)?;
    let (id, mode) = rest.split_once('/')?;
    let mode = match mode {
        "exclusive" => Mode::Exclusive,
        "shared" => Mode::Shared,
        permits => {
            let (n, of) = permits.split_once("-of-")?;
            Mode::Permits { n: n.parse().ok()?, of: of.parse().ok()? }
        }
    };
    Some((id.parse().ok()?, mode))
}
