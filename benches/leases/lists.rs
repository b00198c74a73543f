//! All the locks, as rows of the tables.

use crate::bare::SetAndEval;
use crate::child::{Child, Language};
use crate::crates::{DistributedLockRedis, Redlock, Rslock};
use crate::in_process::InProcess;
use crate::ours::{Lockset, LocksetBlocking};
use crate::rival::{Entry, Kind, Measured, Rival};

/// The simplest lock of all, which bounds the others.
pub(crate) const SIMPLEST: &str = "redis-rs alone";

/// Those that can be had, for the server at this URL.
pub(crate) fn entries(url: &str) -> Vec<Entry> {
    vec![
        rust::<Lockset>("**Lockset**", url),
        rust::<LocksetBlocking>("**Lockset**, blocking", url),
        rust::<SetAndEval>(SIMPLEST, url),
        rust::<Rslock>("rslock", url),
        rust::<DistributedLockRedis>("distributed-lock-redis", url),
        rust::<Redlock>("redlock (Rust)", url),
        child("redis-py", Language::Python, "redis-py", Kind::BLOCKING, url),
        child("python-redis-lock", Language::Python, "python-redis-lock", Kind::BLOCKING, url),
        child("redlock 4 (Node)", Language::Node, "redlock-4", Kind::ASYNC, url),
        child("redlock 5 beta (Node)", Language::Node, "redlock-5", Kind::ASYNC, url),
    ]
}

fn rust<R: Rival>(name: &'static str, url: &str) -> Entry {
    Entry { name, kind: R::KIND, measured: Ok(Box::new(InProcess::<R>::new(url))) }
}

fn child(name: &'static str, language: Language, lock: &str, kind: Kind, url: &str) -> Entry {
    let child = Child::start(language, lock, url);
    let boxed = |child| Box::new(child) as Box<dyn Measured>;
    Entry { name, kind, measured: child.map(boxed).inspect_err(|e| eprintln!("{name}: {e}")) }
}
