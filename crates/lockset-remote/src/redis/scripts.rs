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
        let script = |own| Script::new(&format!("{}\n{own}", include_str!("scripts/common.lua")));
        Self {
            attempt: script(include_str!("scripts/attempt.lua")),
            renew: script(include_str!("scripts/renew.lua")),
            release: script(include_str!("scripts/release.lua")),
            inspect: script(include_str!("scripts/inspect.lua")),
        }
    }
}
