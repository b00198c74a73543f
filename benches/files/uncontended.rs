//! One thread that locks and unlocks a file that nobody else wants.

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use lockset_compare::files::{Bare, FdLock, Fs4, Fslock, Ours, Std};
use lockset_compare::{Place, Rival};

use crate::rivals::{OursAsync, for_rivals};
use crate::table::{Entry, table};

const PAIRS: u32 = 2_000;

pub(crate) fn report() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let mut entries = for_rivals!(entry, dir.path());
    table("An uncontended pair: time", 301, 0, &mut entries);
}

fn entry<'a, R: Rival>(name: &'static str, dir: &Path) -> Entry<'a> {
    let mut rival = R::open(&Place::of_file(&dir.join(name)));
    let round = move || {
        let start = Instant::now();
        for pair in 0..PAIRS {
            rival.section(|| black_box(pair));
        }
        start.elapsed().as_secs_f64()
    };
    (name, Box::new(round))
}
