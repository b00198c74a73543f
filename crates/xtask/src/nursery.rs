//! A copy of the workspace, in which bugs do no harm.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::models::Models;
use crate::process::{files_of_the_tree, target_dir};

/// A bug may leave an import or a function unused; that is not what it is here for.
pub(crate) const QUIET: &str = "-A warnings";

pub(crate) struct Nursery {
    pub(crate) tree: PathBuf,
    /// Not the workspace's own: cargo gives a crate the same artifacts in every copy of its
    /// workspace, so a bug built there would be taken for the healthy crate afterwards.
    pub(crate) target_dir: PathBuf,
}

impl Nursery {
    /// A fresh copy of the tree, beside the build results of earlier ones.
    pub(crate) fn new() -> Result<Self> {
        Self::numbered(0)
    }

    /// Copies that have nothing in common, so that each can have a bug of its own.
    pub(crate) fn several(count: usize) -> Result<Vec<Self>> {
        (0..count).map(Self::numbered).collect()
    }

    fn numbered(number: usize) -> Result<Self> {
        let base = target_dir()?.join("mutants").join(number.to_string());
        let nursery = Self { tree: base.join("tree"), target_dir: base.join("target") };
        if nursery.tree.exists() {
            fs::remove_dir_all(&nursery.tree)?;
        }
        copy_the_tree(&nursery.tree)?;
        Ok(nursery)
    }

    /// A file of the copy, as it is now.
    pub(crate) fn read(&self, file: &str) -> Result<String> {
        Ok(fs::read_to_string(self.tree.join(file))?)
    }

    /// Does some work while a file has another text, and gives the file its own text back.
    pub(crate) fn with_planted<T>(
        &self,
        file: &str,
        text: &str,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let healthy = self.read(file)?;
        fs::write(self.tree.join(file), text)?;
        let result = work();
        fs::write(self.tree.join(file), healthy)?;
        result
    }

    /// Compiles the models of a crate in one test target, as the crate is now.
    pub(crate) fn models(&self, package: &str, target: &str) -> Result<Models> {
        Models::build(package, target, &self.tree, &self.target_dir, QUIET)
    }
}

fn copy_the_tree(to: &Path) -> Result<()> {
    for file in files_of_the_tree()? {
        let copy = to.join(&file);
        fs::create_dir_all(copy.parent().unwrap_or(to))?;
        fs::copy(&file, &copy)?;
    }
    Ok(())
}
