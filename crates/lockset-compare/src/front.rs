//! The whole of a comparison as a program does it: measure, tell, write down.

use std::fs;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::Command;

use crate::agreement::Agreement;
use crate::baseline::Changes;
use crate::options::Options;
use crate::report::Report;
use crate::run::{Entries, Progress, run};
use crate::{Result, Server, page, table};

/// Compares as the options say: progress to stderr, tables to `out`, the page and the raw figures
/// into the folder. Or, if they say so, looks at two runs that are over.
///
/// # Errors
///
/// As [`run`], and if something cannot be read or written. All that can be known before the long
/// measurement is found out before. That two runs do not agree is an error, too.
pub fn compare(
    options: &Options,
    entries: Entries,
    servers: &[Server],
    command: impl Fn() -> Result<Command>,
    out: &mut impl Write,
) -> Result<()> {
    if let [one, other] = &options.agree[..] {
        return agree(&Report::load(one)?, &Report::load(other)?, out);
    }
    let baseline = options.baseline.as_deref().map(Report::load).transpose()?;
    fs::create_dir_all(&options.out).map_err(cannot_write(&options.out))?;
    let mut shown = Shown::default();
    let report = run(options, entries, servers, command, |progress| shown.show(&progress))?;
    shown.end();
    let against = options.against.as_deref();
    let tables = table(&report, against);
    write!(out, "{tables}")?;
    if let Some(baseline) = baseline {
        write!(out, "{}", Changes::between(&baseline, &report).in_words())?;
    }
    let figures = options.out.join("figures.json");
    fs::write(&figures, serde_json::to_string(&report)?).map_err(cannot_write(&figures))?;
    let path = options.out.join("table.txt");
    fs::write(&path, tables).map_err(cannot_write(&path))?;
    let path = options.out.join("index.html");
    fs::write(&path, page(&report, against)).map_err(cannot_write(&path))?;
    let shown = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let (path, figures) = (shown(&path), shown(&figures));
    writeln!(out, "\nThe pictures: {}\nThe figures: {}", path.display(), figures.display())?;
    Ok(())
}

fn agree(one: &Report, other: &Report, out: &mut impl Write) -> Result<()> {
    let agreement = Agreement::between(one, other);
    write!(out, "{}", agreement.in_words())?;
    match (agreement.compared, agreement.reversed().count()) {
        (0, _) => Err("the two runs have no comparison in common".into()),
        (_, 0) => Ok(()),
        (_, reversed) => Err(format!("the runs disagree about {reversed} comparisons").into()),
    }
}

fn cannot_write(path: &Path) -> impl FnOnce(std::io::Error) -> String {
    move |error| format!("cannot write {}: {error}", path.display())
}

/// What the user sees while it takes its time: a line that changes, or in a log a line for each
/// tenth.
#[derive(Default)]
struct Shown {
    tenth: usize,
}

impl Shown {
    fn show(&mut self, progress: &Progress<'_>) {
        let (done, all) = progress.done;
        let left = progress.elapsed.mul_f64((all - done) as f64 / done.max(1) as f64);
        let (lock, scenario) = progress.last;
        let percent = done * 100 / all.max(1);
        let line = format!("{percent:>3} %, {:>3} s left: {lock}, {scenario}", left.as_secs());
        let mut stderr = std::io::stderr();
        // Whoever does not look at it misses nothing.
        let _ = if stderr.is_terminal() {
            write!(stderr, "\r\x1b[K{line:.100}").and_then(|()| stderr.flush())
        } else if percent / 10 > self.tenth {
            self.tenth = percent / 10;
            writeln!(stderr, "{line}")
        } else {
            Ok(())
        };
    }

    fn end(&self) {
        if std::io::stderr().is_terminal() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
