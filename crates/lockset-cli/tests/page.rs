//! The page, as a browser shows it.

mod common;

use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use common::tour;

/// Each of them keeps the browser from doing something that a test has no use for.
const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--dump-dom",
];

#[test]
fn a_browser_shows_every_lane() {
    let out = tempfile::tempdir().unwrap();
    let report = tour(out.path(), &[]);
    let dom = dom_of(Path::new(report["page"].as_str().unwrap()), out.path());

    let lanes = |actor: &str| dom.matches(&format!(">{actor}</text>")).count();
    assert_eq!(dom.matches("class=\"lane").count(), 4 * 8 + 4 * 4 + 2 * 2);
    assert_eq!(lanes("thread 8"), 4, "a lane in each of the parts with threads");
    assert_eq!(lanes("process 4"), 4, "a lane in each of the parts with processes");
    assert_eq!(lanes("process A"), 2, "a lane in each of the parts with a pause");
    assert_eq!(dom.matches("class=\"verdict verdict-broken\"").count(), 5);
    assert_eq!(dom.matches("class=\"verdict verdict-ok\"").count(), 5);
    assert!(dom.contains("class=\"overlap\"") && dom.contains("class=\"refused\""));
}

/// The page's elements after the browser has read it.
fn dom_of(page: &Path, dir: &Path) -> String {
    let mut browser = Command::new("chromium-headless-shell");
    browser.args(FLAGS).arg(format!("--user-data-dir={}", dir.join("browser").display()));
    let done = browser.arg(format!("file://{}", page.display())).output();
    let done = done.unwrap_or_else(|error| match error.kind() {
        ErrorKind::NotFound => panic!(
            "chromium-headless-shell is not in PATH; to get it: \
             apt-get install chromium-headless-shell"
        ),
        _ => panic!("cannot run chromium-headless-shell: {error}"),
    });
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}
