//! The bugs of the leases' engine and quorum that the seeds of the simulation must find.

use super::{Area, Mutant};

const ACQUIRE: &str = "crates/lockset-remote/src/engine/acquire.rs";
const BALLOT: &str = "crates/lockset-remote/src/redlock/ballot.rs";
const END: &str = "crates/lockset-remote/src/redlock/ballot/end.rs";
const LEASE: &str = "crates/lockset-remote/src/engine/lease.rs";
const QUORUM: &str = "crates/lockset-remote/src/redlock/quorum.rs";

/// The one test of all seeds: it ends with the first that fails.
const SEEDS: &str = "all_seeds_keep_the_rules";

const fn area(mutants: &'static [Mutant]) -> Area {
    Area { package: "lockset-seeds", target: "seeds", mutants }
}

pub(super) const EXCLUSION: Area = area(&[
    Mutant {
        name: "half counted as a majority",
        file: QUORUM,
        from: "self.nodes.len() / 2 + 1",
        to: "self.nodes.len() / 2",
        test: SEEDS,
    },
    Mutant {
        name: "renewed by a minority",
        file: QUORUM,
        from: "            if yes >= self.majority() {",
        to: "            if yes >= 1 {",
        test: SEEDS,
    },
    Mutant {
        name: "one id for all tries",
        file: BALLOT,
        from: "(quorum.draw()?, Some(quorum.floor()))",
        to: "(wanted.id, Some(quorum.floor()))",
        test: SEEDS,
    },
    Mutant {
        name: "lease that counts from the answer",
        file: ACQUIRE,
        from: "self.request.id = id;\n                    return self.granted(reply, fence, asked)",
        to: "self.request.id = id;\n                    return self.granted(reply, fence, now())",
        test: SEEDS,
    },
    Mutant {
        name: "greatest fence of the majority, and no more",
        file: BALLOT,
        from: "votes.iter().for_each(|&(node, vote)| self.agree(node, vote));\n            \
               }\n        }\n        let agreed = |vote: &Vote| self.fence.is_none_or(|fence| \
               vote.fence == fence);",
        to: "}\n        }\n        let agreed = |_: &Vote| true;",
        test: SEEDS,
    },
]);

pub(super) const GIVING_UP: Area = area(&[
    Mutant {
        name: "attempt forgotten by who gives up",
        file: ACQUIRE,
        from: "        withdraw(&*self.port.store, &request, self.terms).await;\n        None",
        to: "        let _ = request;\n        None",
        test: SEEDS,
    },
    Mutant {
        name: "place in line kept by who gives up",
        file: ACQUIRE,
        from: "if news.is_none() && queued {",
        to: "if false && queued {",
        test: SEEDS,
    },
    Mutant {
        name: "lease dropped and not given back",
        file: LEASE,
        from: "drop(self.give_back(drop));",
        to: "self.held.settle();",
        test: SEEDS,
    },
    Mutant {
        name: "late vote not given back",
        file: END,
        from: "let Some(told) = bid.answered(node) else { return };",
        to: "let Some(told) = bid.answered(node).filter(|_| false) else { return };",
        test: SEEDS,
    },
]);
