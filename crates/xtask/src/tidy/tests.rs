//! Each rule fires on a bad snippet and is silent on a good one.

use serde_json::json;

use super::source::SourceFile;
use super::{Finding, RULES, crates, layout};

const LIB: &str = "crates/lockset-mutex/src/lib.rs";
const TEST: &str = "crates/lockset-mutex/tests/mutex.rs";

fn file(path: &str, code: &str) -> SourceFile {
    SourceFile::new(path, &format!("//! What it is.\n{code}"))
}

fn rules_broken(file: &SourceFile) -> Vec<&'static str> {
    rule_names(RULES.iter().flat_map(|rule| rule(file)).collect())
}

fn rule_names(findings: Vec<Finding>) -> Vec<&'static str> {
    findings.into_iter().map(|finding| finding.rule).collect()
}

#[track_caller]
fn breaks(path: &str, code: &str, rule: &str) {
    assert_eq!(rules_broken(&file(path, code)), [rule], "{path}:\n{code}");
}

#[track_caller]
fn passes(path: &str, code: &str) {
    assert!(rules_broken(&file(path, code)).is_empty(), "{path}:\n{code}");
}

/// A function of this many lines, its signature and closing brace included.
fn function(lines: usize) -> String {
    format!("fn f(\n    a: u8,\n) -> u8 {{\n{}}}\n", "    a;\n".repeat(lines - 4))
}

#[test]
fn file_length() {
    passes(LIB, &"const A: u8 = 0;\n".repeat(399));
    breaks(LIB, &"const A: u8 = 0;\n".repeat(400), "file-length");
}

#[test]
fn function_length() {
    passes(LIB, &function(70));
    breaks(LIB, &function(71), "function-length");
    // Neither a declaration nor a type is the start of the long function below it.
    passes(LIB, &format!("trait T {{\n    fn g(\n        &self,\n    );\n}}\n{}", function(70)));
    passes(LIB, &format!("type F = fn(u8);\n{}", function(70)));
}

#[test]
fn line_length() {
    passes(LIB, &format!("// {}\n", "é".repeat(97)));
    breaks(LIB, &format!("// {}\n", "é".repeat(98)), "line-length");
}

#[test]
fn module_doc() {
    assert_eq!(rules_broken(&SourceFile::new(LIB, "use std::fs;\n")), ["module-doc"]);
    assert_eq!(rules_broken(&SourceFile::new(LIB, "")), ["module-doc"]);
}

#[test]
fn must_use() {
    for name in ["MutexGuard", "Permit<'a>", "Permits", "RedisLease"] {
        breaks(LIB, &format!("#[derive(Debug)]\npub struct {name};\n"), "must-use");
        passes(LIB, &format!("#[must_use = \"x\"]\n/// Doc.\npub struct {name};\n"));
    }
    breaks(LIB, "#[must_use]\npub struct Guard;\n\npub struct Lease;\n", "must-use");
    breaks(LIB, "pub struct Wait;\nimpl Future for Wait {}\n", "must-use");
    passes(LIB, "pub struct GuardRail;\npub(crate) struct Guard;\n");
}

#[test]
fn bool_parameter() {
    breaks(LIB, "pub fn f(a: u8, b: bool) {}\n", "bool-parameter");
    breaks(LIB, "pub fn f(a: Option<bool>) {}\n", "bool-parameter");
    breaks(LIB, "pub const fn f(\n    a: bool,\n) -> u8 {\n}\n", "bool-parameter");
    passes(LIB, "pub fn f(a: u8) -> bool {\n    let b: bool = g();\n}\nfn g(a: bool) {}\n");
}

#[test]
fn unsafety() {
    for item in ["fn f() { unsafe { g() } }", "unsafe impl Send for A {}", "unsafe fn f() {}"] {
        breaks(LIB, &format!("{item}\n"), "unsafe");
        passes(LIB, &format!("// SAFETY: A owns it,\n// alone.\n{item}\n"));
        passes(LIB, &format!("/// # Safety\n///\n/// Own it.\n#[inline]\n{item}\n"));
        passes(LIB, &format!("{item} // SAFETY: A owns it.\n"));
        breaks(LIB, &format!("// SAFETY: For B.\nconst B: u8 = 0;\n{item}\n"), "unsafe");
    }
    passes(LIB, "fn f() {\n    // SAFETY: Ours.\n    let a =\n        unsafe { g() };\n}\n");
    passes(LIB, "#![deny(unsafe_op_in_unsafe_fn)]\ntype F = unsafe fn(u8);\n");
}

#[test]
fn orderings() {
    let store = "a.store(1, Ordering::Release);\n";
    breaks(LIB, store, "ordering");
    passes(LIB, &format!("// Hands over the data.\n{store}"));
    passes(LIB, "a.store(1, Ordering::Release); // Hands over the data.\n");
    passes(LIB, &format!("/// # Notes about memory ordering\n\n\n\n\n{store}"));
    breaks(LIB, &format!("// Far away.\n\n\n\n{store}"), "ordering");
    breaks(LIB, &format!("/// Documents an item.\n{store}"), "ordering");
    let imported = "use std::sync::atomic::Ordering::{\n    Acquire, Relaxed,\n};\n";
    passes(LIB, imported);
    breaks(LIB, &format!("{imported}\na.load(Acquire);\n"), "ordering");
    passes(LIB, "struct Acquire;\nlet a = cmp::Ordering::Less;\n");
}

#[test]
fn words() {
    breaks(LIB, "pub fn get_name() {}\n", "get-prefix");
    breaks(LIB, "fn f() -> Result<bool, E> {}\n", "result-bool");
    breaks(LIB, "fn f() { todo!() }\n", "unfinished");
    breaks(LIB, "fn f() { unimplemented!() }\n", "unfinished");
    breaks(LIB, "fn f() { dbg!(1) }\n", "debug-print");
    breaks(TEST, "#[ignore = \"slow\"]\n", "ignored-test");
    breaks(TEST, "std::thread::sleep(t);\n", "sleep-in-test");
    breaks(TEST, "tokio::time::sleep(t).await;\n", "sleep-in-test");
    passes(LIB, "std::thread::sleep(t);\n");
    breaks(LIB, "println!();\n", "print");
    breaks(LIB, "eprintln!();\n", "print");
    for path in [TEST, "crates/lockset-cli/src/main.rs", "benches/mutex.rs"] {
        passes(path, "println!();\neprintln!();\n");
    }
    breaks(LIB, "#[cfg(not(lockset_loom))]\n", "loom-seam");
    passes("crates/lockset-mutex/src/sync.rs", "#[cfg(lockset_loom)]\n");
    passes("crates/lockset-sync/src/lib.rs", "#[cfg(lockset_loom)]\n");
    passes("crates/lockset-mutex/tests/loom.rs", "#![cfg(lockset_loom)]\n");
    breaks(LIB, "#[cfg(lockset_shuttle)]\n", "loom-seam");
    passes("crates/lockset-mutex/tests/shuttle.rs", "#![cfg(lockset_shuttle)]\n");
}

#[test]
fn comments_and_literals_are_no_code() {
    passes(LIB, "// dbg!(1)\n/* todo!( /* nested */ todo!( */\n/// todo!()\n");
    passes(
        LIB,
        "let a = \"dbg!( \\\" dbg!(\";\nlet b = r#\" \" dbg!( \"#;\nlet c = br\"dbg!(\";\n",
    );
    passes(LIB, "let a = \"first\ndbg!(\nlast\";\n");
    // After a char literal and a lifetime, the code is code again.
    breaks(LIB, "let a = ('\"', '\\'', '\\u{22}'); dbg!(a);\n", "debug-print");
    breaks(LIB, "fn f<'a>(a: &'a str) { dbg!(a) } // it's\n", "debug-print");
    breaks(LIB, "let a = \"//\"; dbg!(a);\n", "debug-print");
    breaks(LIB, "/* a */ dbg!(a);\n", "debug-print");
}

#[test]
fn dead_files() {
    let declared = [
        file(LIB, "pub mod spin;\nmod queue;\nmod sync;\n"),
        file("crates/lockset-mutex/src/spin.rs", ""),
        file("crates/lockset-mutex/src/queue/mod.rs", "mod node;\n"),
        file("crates/lockset-mutex/src/queue/node.rs", ""),
        file("crates/lockset-mutex/src/sync.rs", "#[path = \"sync/linux.rs\"]\nmod imp;\n"),
        file("crates/lockset-mutex/src/sync/linux.rs", ""),
        file("crates/lockset-mutex/src/bin/tool.rs", ""),
        file(TEST, ""),
    ];
    assert!(layout::dead_files(&declared).is_empty());
    let dead = [file(LIB, "// mod spin;\n"), file("crates/lockset-mutex/src/spin.rs", "")];
    assert_eq!(rule_names(layout::dead_files(&dead)), ["dead-file"]);
}

#[test]
fn book() {
    let pages = ["docs/src/SUMMARY.md", "docs/src/a.md", "docs/src/b/c.md"].map(String::from);
    assert!(layout::summary(&pages, "- [A](a.md)\n  - [C](./b/c.md)\n- [Draft]()\n").is_empty());
    assert_eq!(rule_names(layout::summary(&pages, "- [A](a.md)\n")), ["book"]);
    assert_eq!(layout::summary(&pages, "- [A](a.md)\n- [D](d.md)\n").len(), 2);
    assert!(layout::summary(&[], "").is_empty());
}

#[test]
fn crate_dependencies() {
    let package = |name: &str, folder: &str, kind: Option<&str>| {
        let manifest = format!("/home/me/lockset/crates/{folder}/Cargo.toml");
        let dependency = json!({ "name": "lockset-mutex", "kind": kind, "path": "/x" });
        let package =
            json!({ "name": name, "manifest_path": manifest, "dependencies": [dependency] });
        rule_names(crates::check_package(&package))
    };
    assert!(package("lockset-file", "lockset-file", None).is_empty());
    assert!(package("lockset-remote", "lockset-remote", Some("dev")).is_empty());
    assert_eq!(package("lockset-remote", "lockset-remote", None), ["crate-dependency"]);
    assert_eq!(package("lockset-remote", "lockset-remote", Some("build")), ["crate-dependency"]);
    assert_eq!(package("lockset-file", "file", None), ["crate-name"]);
    assert_eq!(package("lockset-new", "lockset-new", None), ["crate-table"]);
}

#[test]
fn light_trees() {
    let tree = "lockset-mutex v0.1.0 (/x)\nlock_api v0.5.0\nrustix v1.1.0\n";
    assert!(crates::check_tree("lockset-mutex", tree).is_empty());
    for heavy in ["tokio", "tokio-util", "rustls"] {
        let findings = crates::check_tree("lockset-mutex", &format!("{tree}{heavy} v1.0.0\n"));
        assert_eq!(rule_names(findings), ["light-tree"]);
    }
}
