//! The uncontended path of each lock, alone and so many times: what callgrind counts.
//!
//! `cargo xtask instructions` runs a path once so many times and once twice as many, and takes the
//! difference, in which the start of the process and the making of the lock are gone. What calls
//! the path is gone as well: a path that does nothing is counted, too.
//!
//! # What these numbers favour
//!
//! - Every instruction counts as one. An exchange costs as much as many others, a system call as
//!   hundreds, and a cache line that another processor has is not seen at all. So exchanges and
//!   system calls have columns of their own, and nothing here says how fast a lock is.
//! - A path that is not taken costs nothing, however large it is.

mod condvars;
mod files;
mod mutexes;
mod path;
mod semaphores;

use std::env;
use std::process::ExitCode;

use path::{Group, NOTHING};

const GROUPS: &[&[Group]] = &[mutexes::GROUPS, condvars::GROUPS, semaphores::GROUPS, files::GROUPS];

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let groups = || [&NOTHING].into_iter().chain(GROUPS.iter().copied().flatten());
    match words[..] {
        ["list"] => {
            for Group { what, baseline, paths } in groups() {
                paths.iter().for_each(|path| println!("{what}\t{baseline}\t{}", path.who));
            }
            ExitCode::SUCCESS
        }
        [what, who, times] => {
            let group = groups().find(|group| group.what == what);
            let path = group.and_then(|group| group.paths.iter().find(|path| path.who == who));
            let (Some(path), Ok(times)) = (path, times.parse()) else {
                eprintln!("instructions: no path `{who}` of `{what}`, or no number: {times}");
                return ExitCode::from(2);
            };
            (path.run)(times);
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("usage: instructions list | instructions WHAT WHO TIMES");
            ExitCode::from(2)
        }
    }
}
