//! The locks of other languages that `cargo xtask leases` compares with, installed where nothing
//! else finds them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::packages;
use crate::process::{run, target_dir};

/// The package of the comparison. It stays out of whatever is done with the whole workspace: its
/// manifest says why.
pub(crate) const PACKAGE: &str = "lockset-bench-leases";

/// What tells its program where the packages are.
pub(crate) const VARIABLE: &str = "LOCKSET_LEASES_PACKAGES";

struct Language {
    name: &'static str,
    packages: &'static [&'static str],
    install: fn(&Path) -> Command,
}

const LANGUAGES: &[Language] = &[
    Language {
        name: "python",
        packages: &[
            "redis==8.1.0",
            "python-redis-lock==4.0.1",
            "redlock-py==1.0.8",
            "pottery==3.0.1",
        ],
        install: |dir| {
            let mut pip = Command::new("python3");
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
            pip.args(["--root-user-action=ignore", "--target"]).arg(dir);
            pip
        },
    },
    Language {
        name: "node",
        packages: &[
            "redlock-4@npm:redlock@4.2.0",
            "redlock-5@npm:redlock@5.0.0-beta.2",
            "ioredis@5.11.1",
        ],
        install: |dir| {
            let mut npm = Command::new("npm");
            npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]);
            npm.arg(dir);
            npm
        },
    },
];

/// Installs what is not there yet into a folder of the target directory, and says which.
///
/// A language whose packages cannot be had stays without a folder. The program then says so in its
/// rows, and fails when the others have been measured.
pub(crate) fn install() -> Result<PathBuf> {
    packages::ensure(packages::FOR_BUILDS)?;
    packages::ensure(packages::FOR_LEASES)?;
    let home = target_dir()?.join("leases-packages");
    for language in LANGUAGES {
        let dir = home.join(language.name);
        if let Err(error) = install_into(&dir, language) {
            eprintln!("xtask: the locks of {}: {error}", language.name);
            if dir.exists() {
                fs::remove_dir_all(&dir)?;
            }
        }
    }
    Ok(home)
}

fn install_into(dir: &Path, language: &Language) -> Result<()> {
    let (list, wanted) = (dir.join("installed"), language.packages.join("\n"));
    if fs::read_to_string(&list).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    if dir.exists() {
        fs::remove_dir_all(dir)?;
    }
    fs::create_dir_all(dir)?;
    println!("The comparison needs locks of {}, in the target directory alone.", language.name);
    run((language.install)(dir).args(language.packages))?;
    Ok(fs::write(list, wanted)?)
}
