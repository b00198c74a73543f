//! What holds the book and the code together, besides the snippets that compile.

use std::fs;
use std::path::{Path, PathBuf};

use lockset_trace::{History, SvgOptions};

/// Marks a block that quotes a file of the workspace; the path follows.
const QUOTED: &str = "<!-- quoted from ";

/// Whether a block of this language is a quote.
fn is_quote(language: &str) -> bool {
    ["rs", "lua"].contains(&language)
}

/// The pages, by name and text.
fn pages() -> Vec<(String, String)> {
    let entries = fs::read_dir(docs().join("src")).expect("the book has pages");
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            (name, fs::read_to_string(path).expect("a readable page"))
        })
        .collect()
}

fn docs() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn workspace() -> PathBuf {
    docs().join("..")
}

/// What stands behind the opening fence of each block.
fn languages(page: &str) -> Vec<&str> {
    let fences = page.lines().filter_map(|line| line.strip_prefix("```"));
    // Every second fence closes a block.
    fences.step_by(2).collect()
}

#[test]
fn every_page_with_a_snippet_is_compiled() {
    let lib = fs::read_to_string(docs().join("lib.rs")).expect("the package has a library");
    for (name, page) in pages() {
        let is_rust = |language: &&str| language.is_empty() || language.starts_with("rust");
        let compiled = lib.contains(&format!("include_str!(\"src/{name}\")"));
        let has_rust = languages(&page).iter().any(is_rust);
        assert!(compiled || !has_rust, "give {name} its module in docs/lib.rs");
    }
}

/// An ignored snippet would look as if it had been compiled, and rot.
#[test]
fn no_snippet_is_ignored() {
    for (name, page) in pages() {
        for language in languages(&page) {
            let is_ignored = language.contains("ignore") || language.contains("no_run");
            assert!(!is_ignored, "{name} has a snippet that nobody runs: {language}");
        }
    }
}

#[test]
fn every_quote_is_still_in_the_code() {
    let mut quotes = 0;
    for (name, page) in pages() {
        for quoted in page.split(QUOTED).skip(1) {
            let (file, rest) = quoted.split_once(" -->\n```").expect("a block follows");
            let (_, rest) = rest
                .split_once('\n')
                .filter(|(language, _)| is_quote(language))
                .expect("the block is of a language that only quotes are in");
            let (quote, _) = rest.split_once("```").expect("the block ends");
            let code = fs::read_to_string(workspace().join(file)).expect("a file of the workspace");
            assert!(code.contains(quote), "{name} quotes what is not in {file} any more:\n{quote}");
            quotes += 1;
        }
        let blocks = languages(&page).into_iter().filter(|language| is_quote(language)).count();
        assert_eq!(blocks, page.matches(QUOTED).count(), "{name}");
    }
    assert!(quotes > 0, "the marker of quotes has changed");
}

/// A test that stands behind a claim is named as `PACKAGE/tests/FILE.rs::NAME`.
#[test]
fn every_test_that_a_page_names_is_there() {
    let mut tests = 0;
    for (name, page) in pages() {
        let spans = page.split('`').skip(1).step_by(2);
        for (file, test) in spans.filter_map(|span| span.split_once(".rs::")) {
            let path = workspace().join(format!("crates/{file}.rs"));
            let code = fs::read_to_string(&path).unwrap_or_default();
            assert!(code.contains(&format!("fn {test}()")), "{name} names {test} of {file}.rs");
            tests += 1;
        }
    }
    assert!(tests > 0, "the names of tests have changed");
}

/// To draw a picture anew after a change of the drawing, set `LOCKSET_REDRAW`.
#[test]
fn every_picture_is_drawn_from_its_log() {
    let lanes = docs().join("src/lanes");
    let paths = fs::read_dir(&lanes).expect("the book has pictures");
    let mut pictures = 0;
    for log in paths.map(|entry| entry.expect("a readable folder").path()) {
        if log.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        let text = fs::read_to_string(&log).expect("a readable log");
        let history = History::from_jsonl(&text).expect("a log of lockset-trace");
        assert!(history.check(1).grants > 0, "{} shows nothing", log.display());
        let drawn = history.to_svg(&SvgOptions::new(1));
        let picture = log.with_extension("svg");
        if std::env::var_os("LOCKSET_REDRAW").is_some() {
            fs::write(&picture, &drawn).expect("a writable picture");
        }
        let kept = fs::read_to_string(&picture).unwrap_or_default();
        assert!(kept == drawn, "{} is not what its log draws: LOCKSET_REDRAW=1", picture.display());
        pictures += 1;
    }
    assert!(pictures > 0, "the pictures have moved");
}
