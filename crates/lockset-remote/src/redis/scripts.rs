//! The scripts, each one atomic step on the server.

use redis::Script;

/// Each is loaded once by a server, and called by its hash after that.
pub(super) struct Scripts {
    pub(super) attempt: Script,
    pub(super) renew: Script,
    pub(super) release: Script,
    pub(super) inspect: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        let script = |parts: &[&str]| Script::new(&parts.join("\n"));
        let (basics, line) = (include_str!("scripts/basics.lua"), include_str!("scripts/line.lua"));
        Self {
            attempt: script(&[
                include_str!("scripts/attempt_quick.lua"),
                basics,
                line,
                include_str!("scripts/attempt.lua"),
            ]),
            renew: script(&[basics, include_str!("scripts/renew.lua")]),
            release: script(&[
                include_str!("scripts/release_quick.lua"),
                basics,
                line,
                include_str!("scripts/release.lua"),
            ]),
            inspect: script(&[basics, line, include_str!("scripts/inspect.lua")]),
        }
    }
}
