//! Everything that a contributor or CI does, as `cargo xtask <verb>`.
//!
//! It is a program of this workspace, so a plain Rust toolchain is all that it needs, and the
//! same commands run on a laptop and in CI.

mod bench;
mod check;
mod compared;
mod contention;
mod features;
mod instructions;
mod micro;
mod models;
mod mutants;
mod nursery;
mod orderings;
mod packages;
mod process;
mod rivals;
mod side_by_side;
mod survivors;
mod tally;
mod targets;
mod test;
mod tidy;
mod tsan;

use std::env;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

/// What may go wrong in a verb is told to a person, so any error with a message will do.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// One thing to do; the table of them is the command line and its help text.
struct Verb {
    name: &'static str,
    flags: &'static [&'static str],
    about: &'static str,
    run: fn(flags: &[String]) -> Result<ExitCode>,
}

impl Verb {
    /// A flag with a value is listed as `--name=VALUE`, one with two as `--name=VALUE,VALUE`.
    fn takes(&self, flag: &str) -> bool {
        let values = self.values(flag);
        if values == 0 { self.flags.contains(&flag) } else { values_of(flag) >= values }
    }

    /// How many values a flag of this name has.
    fn values(&self, flag: &str) -> usize {
        let name = |flag: &str| flag.split('=').next().map(str::to_owned);
        let known = self.flags.iter().find(|known| name(known) == name(flag));
        known.map_or(0, |known| values_of(known))
    }
}

const VERBS: &[Verb] = &[
    Verb {
        name: "check",
        flags: &[],
        about: "format, lints, house rules and documentation",
        run: |_| check::run(),
    },
    Verb { name: "tidy", flags: &[], about: "the house rules alone", run: |_| tidy::run() },
    Verb {
        name: "test",
        flags: &["--deep"],
        about: "every test, model and mutant, with the servers that they need",
        run: |flags| test::run(if flags.is_empty() { &test::USUAL } else { &test::DEEP }),
    },
    Verb {
        name: "mutants",
        flags: &["--only=PART-OF-PACKAGE"],
        about: "the bugs that the loom models must find",
        run: mutants::run,
    },
    Verb {
        name: "orderings",
        flags: &["--write", "--only=PART-OF-PATH"],
        about: "every memory ordering, weakened, and the model that sees it",
        run: orderings::run,
    },
    Verb {
        name: "survivors",
        flags: &["--only=PART-OF-PATH"],
        about: "what cargo-mutants can do to the locks without a loom model seeing it",
        run: survivors::run,
    },
    Verb {
        name: "instructions",
        flags: &["--write", "--planted"],
        about: "what an uncontended lock costs, counted by callgrind and held to the book's table",
        run: instructions::run,
    },
    Verb {
        name: "tsan",
        flags: &[],
        about: "the shipped locks under ThreadSanitizer, and without their orderings",
        run: |_| tsan::run(),
    },
    Verb {
        name: "bench",
        flags: &[
            "--quick",
            "--only=KIND",
            "--against=RIVAL",
            "--scenario=WORDS",
            "--baseline=FILE",
            "--agree=FILE,FILE",
            "--planted",
            "--seed=NUMBER",
            "--out=DIR",
            "--write",
        ],
        about: "every lock beside every rival: tables, raw figures, and a page of pictures",
        run: bench::run,
    },
    Verb {
        name: "micro",
        flags: &["--quick"],
        about: "the benchmarks of criterion, as ratios",
        run: |flags| micro::run(if flags.is_empty() { &micro::FULL } else { &micro::QUICK }),
    },
    Verb {
        name: "contention",
        flags: &["--quick", "--table"],
        about: "the mutexes under contention: goals, or the table of the docs, written anew",
        run: contention::run,
    },
    Verb {
        name: "permits",
        flags: &["--quick", "--write"],
        about: "the semaphores beside their rivals: printed, or written into the book",
        run: |flags| compared::run(&compared::PERMITS, flags),
    },
    Verb {
        name: "files",
        flags: &["--write"],
        about: "the file locks beside their rivals: printed, or written into the book",
        run: |flags| compared::run(&compared::FILES, flags),
    },
    Verb {
        name: "leases",
        flags: &[
            "redlock",
            "etcd",
            "mysql",
            "postgres",
            "zookeeper",
            "servers",
            "sqlite",
            "--quick",
            "--write",
        ],
        about: "the locks kept by Redis, by five of it, or by another server, beside their rivals",
        run: compared::run_leases,
    },
    Verb {
        name: "features",
        flags: &["--write"],
        about: "what each kind of server costs to build in: printed, or written into the book",
        run: features::run,
    },
];

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let Some((name, flags)) = words.split_first() else {
        print!("{}", help());
        return ExitCode::from(2);
    };
    if ["help", "--help", "-h"].contains(&name.as_str()) {
        print!("{}", help());
        return ExitCode::SUCCESS;
    }
    let Some(verb) = VERBS.iter().find(|verb| verb.name == name) else {
        eprintln!("xtask: no verb `{name}`; `cargo xtask help` lists them");
        return ExitCode::from(2);
    };
    let flags = joined(verb, flags);
    if let Some(flag) = flags.iter().find(|flag| !verb.takes(flag)) {
        eprintln!("xtask: `{name}` takes no `{flag}`; `cargo xtask help` lists what it takes");
        return ExitCode::from(2);
    }
    match env::set_current_dir(root()).map_err(Into::into).and_then(|()| (verb.run)(&flags)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How many values a flag has, or is given.
fn values_of(flag: &str) -> usize {
    flag.split_once('=').map_or(0, |(_, values)| values.split(',').count())
}

/// `--name VALUE` as `--name=VALUE`, where the verb has such a flag; a second value after a comma.
fn joined(verb: &Verb, words: &[String]) -> Vec<String> {
    let mut joined: Vec<String> = Vec::new();
    for word in words {
        let wants_value =
            |last: &&mut String| !word.starts_with("--") && values_of(last) < verb.values(last);
        match joined.last_mut().filter(wants_value) {
            Some(last) => {
                let mark = if last.contains('=') { ',' } else { '=' };
                *last = format!("{last}{mark}{word}");
            }
            None => joined.push(word.clone()),
        }
    }
    joined
}

fn help() -> String {
    let mut text = String::from("usage: cargo xtask <verb>\n\n");
    for verb in VERBS {
        let flags: String = verb.flags.iter().map(|flag| format!(" [{flag}]")).collect();
        text += &format!("  {:<18} {}\n", format!("{}{flags}", verb.name), verb.about);
    }
    text
}

/// The workspace's root, which every verb has as its current directory.
fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

#[cfg(test)]
mod tests {
    use super::{VERBS, joined};

    #[test]
    fn values_go_to_the_flag_before_them() {
        let bench = VERBS.iter().find(|verb| verb.name == "bench").unwrap();
        let join = |words: &[&str]| {
            joined(bench, &words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(join(&["--agree", "a", "b", "--quick"]), ["--agree=a,b", "--quick"]);
        assert_eq!(join(&["--only=mutex", "--seed", "1"]), ["--only=mutex", "--seed=1"]);
        assert_eq!(join(&["--quick", "a"]), ["--quick", "a"]);
        for right in ["--agree=a,b", "--quick", "--scenario=contended, 8 threads"] {
            assert!(bench.takes(right), "{right}");
        }
        for wrong in ["--agree", "--agree=a", "--quick=a", "--seed", "a"] {
            assert!(!bench.takes(wrong), "{wrong}");
        }
    }
}
