//! The page of a whole run, as a browser shows it: every plot is there, and can be read.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use lockset_compare::{CROWD, Group, Origin, Primitive, Report, TABLE, page};

/// A run whose figures are kept, with all locks and servers.
const FIGURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/comparison/figures.json");

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
    "--window-size=1200,2000",
    "--dump-dom",
];

/// Asks the browser where each text is, and notes what could not be read. The page itself has no
/// script; this one is put into the test's copy.
const SURVEY: &str = "<script>
const flaws = [];
for (const svg of document.querySelectorAll('svg')) {
  const frame = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll('text')]
    .map(t => [t.textContent, t.getBoundingClientRect()]);
  for (const [text, box] of texts) {
    const name = svg.dataset.plot + ': ' + text;
    if (box.height < 11) flaws.push('too small: ' + name);
    if (box.left < frame.left - 1 || box.right > frame.right + 1
        || box.top < frame.top - 1 || box.bottom > frame.bottom + 1) flaws.push('cut off: ' + name);
  }
  texts.forEach(([text, a], nth) => texts.slice(nth + 1).forEach(([other, b]) => {
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (wide > 2 && high > 5) flaws.push('overlap: ' + text + ' / ' + other);
  }));
}
const luminance = colour => colour.match(/[0-9.]+/g).slice(0, 3).map(Number)
  .map(c => c / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  .reduce((sum, c, nth) => sum + c * [0.2126, 0.7152, 0.0722][nth], 0);
const ground = luminance(getComputedStyle(document.querySelector('figure')).backgroundColor);
const worst = Math.min(...[...document.querySelectorAll('svg text')].map(t => {
  const ink = luminance(getComputedStyle(t).fill);
  return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
}));
document.body.dataset.flaws = flaws.join('; ');
document.body.dataset.contrast = worst.toFixed(2);
document.body.dataset.ground = ground < 0.2 ? 'dark' : 'light';
</script></body>";

#[test]
fn every_plot_is_there_with_its_labels() {
    let report = Report::load(Path::new(FIGURES)).unwrap();
    let dom = dom_of(&page(&report, None), "light");
    let plots = |id: &str| dom.matches(&format!("data-plot=\"{id}\"")).count();
    assert_eq!(plots("progression"), 1);
    for primitive in Primitive::ALL {
        assert!(dom.contains(&format!("<section id=\"{primitive}\">")), "{primitive}");
    }
    for id in ["threads", "waits", "fairness", "cpu", "timed", "cancelled"] {
        assert_eq!(plots(id), Primitive::ALL.len(), "{id}: one for each kind of lock");
    }
    assert!(plots("handover") >= Primitive::ALL.len() && plots("real") >= 3);
    let label = |name: &str| dom.matches(&format!(">{name}</text>")).count();
    for lock in &report.locks {
        assert!(lock.fault.is_none(), "{}: {:?}", lock.name, lock.fault);
        let rows = TABLE.iter().filter(|scenario| lock.row(scenario).is_some());
        // Each of its rows, and its waits, shares and costs in the crowd.
        let shown =
            rows.filter(|row| row.group != Group::Contended && row.group != Group::Uncontended);
        let in_crowd = if lock.row(&CROWD).is_some() { 3 } else { 0 };
        assert!(label(&lock.name) >= shown.count() + in_crowd, "{} is missing", lock.name);
        if ![Origin::Stage, Origin::Twin].contains(&lock.origin) {
            let id = format!("{}/{}", lock.primitive, lock.name);
            assert_eq!(label(&id), 1, "{id} in the progression");
        }
    }
}

#[test]
fn every_label_can_be_read_in_light_and_dark() {
    let report = Report::load(Path::new(FIGURES)).unwrap();
    let page = page(&report, None);
    assert!(!page.contains("<script") && !page.contains("http://"), "it needs nothing else");
    for scheme in ["light", "dark"] {
        let dom = dom_of(&page.replace("</body>", SURVEY), scheme);
        let noted = |name: &str| {
            let rest = dom.split(&format!("data-{name}=\"")).nth(1).expect("the survey ran");
            rest.split('"').next().unwrap_or_default().to_owned()
        };
        assert_eq!(noted("ground"), scheme);
        assert_eq!(noted("flaws"), "", "{scheme}");
        // What the guidelines for accessible pages ask of text (WCAG 2.1, level AA).
        assert!(
            noted("contrast").parse::<f64>().unwrap() >= 4.5,
            "{scheme}: {}",
            noted("contrast")
        );
    }
}

/// The page's elements after the browser has read it, on a system of this colour scheme.
fn dom_of(page: &str, scheme: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index.html");
    fs::write(&path, page).unwrap();
    let preferred = if scheme == "dark" { 0 } else { 1 };
    let mut browser = Command::new("chromium-headless-shell");
    browser.args(FLAGS).arg(format!("--user-data-dir={}", dir.path().join("browser").display()));
    browser.arg(format!("--blink-settings=preferredColorScheme={preferred}"));
    let done = browser.arg(format!("file://{}", path.display())).output();
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
