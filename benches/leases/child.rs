//! Measures a lock of another language: in a process of its own, which measures inside itself.
//!
//! An order is a line to its standard input, the answer a line of numbers from its standard output.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child as Process, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::holds::Hold;
use crate::rival::{Figure, Measured};

/// Where `cargo xtask leases` has installed the packages of the other languages.
const PACKAGES: &str = "LOCKSET_LEASES_PACKAGES";

#[derive(Clone, Copy)]
pub(crate) enum Language {
    Python,
    Node,
}

impl Language {
    fn folder(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Node => "node",
        }
    }
}

pub(crate) struct Child {
    process: Process,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Child {
    /// # Errors
    ///
    /// If it does not start, or the packages are not there.
    pub(crate) fn start(language: Language, kind: &str, url: &str) -> Figure<Self> {
        let packages = env::var_os(PACKAGES).map(PathBuf::from);
        let packages = packages.ok_or("its packages are there in `cargo xtask leases` only")?;
        let packages = packages.join(language.folder());
        if !packages.exists() {
            return Err("its packages could not be installed".to_owned());
        }
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = match language {
            Language::Python => {
                let mut python = Command::new("python3");
                // Without a folder of byte code beside the script.
                python.env("PYTHONPATH", packages).arg("-B");
                python.arg(scripts.join("rivals.py"));
                python
            }
            Language::Node => {
                let mut node = Command::new("node");
                node.env("NODE_PATH", packages.join("node_modules"));
                node.arg(scripts.join("rivals.js"));
                node
            }
        };
        command.args([kind, url]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().map_err(|error| format!("does not start: {error}"))?;
        let (Some(orders), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
            return Err("it has no pipes".to_owned());
        };
        let mut child = Self { process, orders, answers: BufReader::new(answers) };
        match child.answer()?.as_str() {
            "ready" => Ok(child),
            other => Err(format!("said {other:?} instead of being ready")),
        }
    }

    fn ask(&mut self, order: &str) -> Figure<Vec<u64>> {
        writeln!(self.orders, "{order}").map_err(|error| error.to_string())?;
        let answer = self.answer()?;
        let numbers = answer.split_whitespace().map(str::parse);
        numbers.collect::<Result<_, _>>().map_err(|_| format!("said {answer:?}"))
    }

    fn answer(&mut self) -> Figure<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(|error| error.to_string())?;
        if line.is_empty() {
            return Err("it has ended; what it says is above".to_owned());
        }
        line.truncate(line.trim_end().len());
        Ok(line)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Measured for Child {
    fn pairs(&mut self, name: &str, count: usize) -> Figure<Vec<f64>> {
        Ok(self.ask(&format!("pairs {name} {count}"))?.into_iter().map(seconds).collect())
    }

    fn spells(
        &mut self,
        name: &str,
        spans: &[Duration],
        before: &mut dyn FnMut(usize),
    ) -> Figure<Vec<Vec<f64>>> {
        self.ask(&format!("open {name}"))?;
        let mut spells = Vec::new();
        for (nth, span) in spans.iter().enumerate() {
            before(nth);
            let times = self.ask(&format!("spell {}", span.as_nanos()))?;
            spells.push(times.into_iter().map(seconds).collect());
        }
        self.ask("close")?;
        Ok(spells)
    }

    fn hand_overs(&mut self, name: &str, pauses: &[Duration]) -> Figure<Vec<f64>> {
        let pauses: String = pauses.iter().map(|pause| format!(" {}", pause.as_nanos())).collect();
        Ok(self.ask(&format!("hand_overs {name}{pauses}"))?.into_iter().map(seconds).collect())
    }

    fn race(&mut self, name: &str, contenders: usize, span: Duration) -> Figure<Vec<Hold>> {
        let numbers = self.ask(&format!("race {name} {contenders} {}", span.as_nanos()))?;
        let hold = |four: &[u64]| Hold {
            contender: four[0] as usize,
            asked: four[1],
            acquired: four[2],
            released: four[3],
        };
        Ok(numbers.chunks_exact(4).map(hold).collect())
    }

    fn tasks(&mut self, name: &str, tasks: usize, span: Duration) -> Figure<f64> {
        match self.ask(&format!("tasks {name} {tasks} {}", span.as_nanos()))?[..] {
            [pairs, time] => Ok(pairs as f64 / seconds(time)),
            ref other => Err(format!("said {other:?}")),
        }
    }
}

fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}
