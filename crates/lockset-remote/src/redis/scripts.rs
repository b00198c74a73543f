//! The scripts, each one atomic step on the server.

use redis::Script;

/// Each is loaded once by a server, and called by its hash after that.
pub(super) struct Scripts {
    pub(super) attempt: Script,
    pub(super) renew: Script,
    pub(super) release: Script,
    pub(super) inspect: Script,
    pub(super) raise: Script,
    pub(super) recall: Script,
    pub(super) enroll: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        let script = |parts: &[&str]| Script::new(&parts.join("\n"));
        let (basics, line) = (include_str!("scripts/basics.lua"), include_str!("scripts/line.lua"));
        let member = include_str!("scripts/member.lua");
        Self {
            attempt: script(&[
                member,
                include_str!("scripts/attempt_member.lua"),
                include_str!("scripts/attempt_quick.lua"),
                basics,
                line,
                include_str!("scripts/attempt.lua"),
            ]),
            renew: script(&[basics, include_str!("scripts/renew.lua")]),
            release: script(&[
                include_str!("scripts/release_quick.lua"),
                basics,
                member,
                line,
                include_str!("scripts/release.lua"),
            ]),
            inspect: script(&[basics, line, include_str!("scripts/inspect.lua")]),
            raise: script(&[basics, member, include_str!("scripts/raise.lua")]),
            recall: script(&[member, include_str!("scripts/recall.lua")]),
            enroll: script(&[basics, member, include_str!("scripts/enroll.lua")]),
        }
    }
}
