//! Rules about which files there are: no source that nothing compiles, no page of the book that
//! nothing links.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::source::{SourceFile, has_word};

/// The book's table of contents.
pub(super) const SUMMARY: &str = "docs/src/SUMMARY.md";

/// Every file under a crate's `src/` is a root or declared as a module by the file above it.
pub(super) fn dead_files(files: &[SourceFile]) -> Vec<Finding> {
    let by_path: BTreeMap<&str, &SourceFile> =
        files.iter().map(|file| (file.path.as_str(), file)).collect();
    let by_attribute: BTreeSet<String> = files.iter().flat_map(path_attributes).collect();
    let is_declared = |file: &&SourceFile| {
        by_attribute.contains(&file.path)
            || declared_by(&file.path).is_none_or(|(name, parents)| {
                let declaration = format!("mod {name};");
                let mut parents = parents.iter().filter_map(|path| by_path.get(path.as_str()));
                parents
                    .any(|parent| parent.code_lines.iter().any(|line| has_word(line, &declaration)))
            })
    };
    let dead = files.iter().filter(|file| !is_declared(file));
    dead.map(|file| file.finding(0, "dead-file", "no `mod` declares it; do that, or remove it"))
        .collect()
}

/// The files that a file names in `#[path = "..."]`, which is relative to its own folder.
fn path_attributes(file: &SourceFile) -> impl Iterator<Item = String> {
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let attributes = file.lines.iter().filter_map(|line| line.trim().strip_prefix("#[path = \""));
    let targets = attributes.filter_map(|rest| rest.strip_suffix("\"]"));
    targets.map(move |target| format!("{folder}/{target}"))
}

/// The module's name and the files that may declare it; none for a file that needs no `mod`.
fn declared_by(path: &str) -> Option<(&str, Vec<String>)> {
    let (package, inside) = path.strip_prefix("crates/")?.split_once("/src/")?;
    let is_root = ["lib.rs", "main.rs"].contains(&inside) || inside.starts_with("bin/");
    if is_root {
        return None;
    }
    let src = format!("crates/{package}/src");
    let module = inside.strip_suffix("/mod.rs").or(inside.strip_suffix(".rs"))?;
    Some(match module.rsplit_once('/') {
        Some((parent, name)) => {
            (name, vec![format!("{src}/{parent}.rs"), format!("{src}/{parent}/mod.rs")])
        }
        None => (module, vec![format!("{src}/lib.rs"), format!("{src}/main.rs")]),
    })
}

/// The book's table of contents names exactly the pages that exist.
pub(super) fn summary(paths: &[String], summary: &str) -> Vec<Finding> {
    let pages: BTreeSet<&str> = paths
        .iter()
        .filter_map(|path| path.strip_prefix("docs/src/"))
        .filter(|page| page.ends_with(".md") && *page != "SUMMARY.md")
        .collect();
    let links = summary.lines().enumerate().flat_map(|(index, line)| {
        let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        targets.map(move |target| (target.trim_start_matches("./"), index))
    });
    // A page may be linked twice; a link without a target is mdBook's draft chapter.
    let links: BTreeMap<&str, usize> = links.filter(|(target, _)| !target.is_empty()).collect();

    let finding = |index: usize, advice: String| Finding {
        path: SUMMARY.into(),
        line: index + 1,
        rule: "book",
        advice,
    };
    let missing = links.iter().filter(|(target, _)| !pages.contains(*target));
    let missing = missing.map(|(target, index)| finding(*index, format!("no page `{target}`")));
    let unlinked = pages.iter().filter(|page| !links.contains_key(*page));
    let unlinked = unlinked.map(|page| finding(0, format!("`{page}` is not linked here")));
    missing.chain(unlinked).collect()
}
