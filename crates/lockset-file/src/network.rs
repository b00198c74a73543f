//! File systems that other machines see as well, and what to do about them.

use std::path::Path;

use lockset_api::{Error, ErrorKind};

use crate::explain::explain;
use crate::files::Files;
use crate::sys::{self, Answer, Extent, Mode};

/// What to do if a lock file is on a network file system.
///
/// There, `flock` is emulated by the server, or by nobody: it may exclude other machines, only this
/// one, or nothing at all (a mount with `nolock`), or hang while the server is away. On NFS it is a
/// POSIX lock on the whole file, which a process on the server that uses `flock` does not see.
///
/// Known by their magic numbers are NFS, SMB, AFS, Coda, Ceph, 9P, NCP, Lustre, GFS2, OCFS2, GPFS,
/// BeeGFS, and the folders that a virtual machine shares with its host by VirtualBox, VMware or
/// Parallels. FUSE is not among them, since most of what it serves is local; and on other systems
/// than Linux none is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetworkFs {
    /// Opening the lock is an error.
    #[default]
    Refuse,
    /// Opening the lock tries whether two openings of the file exclude each other on this machine,
    /// and is an error if they do not. Whether other machines are excluded cannot be found out so.
    Try,
    /// As on any other file system.
    Allow,
}

/// Applies the policy to a file that was just opened.
pub(crate) fn admit(files: &Files, path: &Path, policy: NetworkFs) -> Result<(), Error> {
    if policy == NetworkFs::Allow {
        return Ok(());
    }
    let found = name_of(files).map_err(|error| explain(path, "look at", error))?;
    match found {
        None => Ok(()),
        Some(_) if policy == NetworkFs::Try && excludes_itself(files, path)? == Answer::Busy => {
            Ok(())
        }
        Some(name) => Err(Error::new(
            ErrorKind::Unsupported,
            format!(
                "the lock file is on {name}, where flock does not reliably exclude anybody; put \
                 it on a local disk, take a remote lock, or say `Options::network`"
            ),
        )
        .with_lock(path.display())),
    }
}

/// Whether somebody with another opening of the file is kept out, as [`Answer::Busy`].
fn excludes_itself(files: &Files, path: &Path) -> Result<Answer, Error> {
    let explained = |error| explain(path, "try", error);
    let one = sys::open_again(files.main(), path).map_err(explained)?;
    let other = sys::open_again(files.main(), path).map_err(explained)?;
    if sys::try_lock(&one, Extent::Whole, Mode::Exclusive).map_err(explained)? == Answer::Busy {
        // By whoever holds it.
        return Ok(Answer::Busy);
    }
    let answer = sys::try_lock(&other, Extent::Whole, Mode::Exclusive).map_err(explained);
    let unlock = |file| sys::unlock(file, Extent::Whole);
    let unlocked = unlock(&one).and_then(|()| unlock(&other)).map_err(explained);
    unlocked.and(answer)
}

#[cfg(target_os = "linux")]
fn name_of(files: &Files) -> std::io::Result<Option<&'static str>> {
    let magic = rustix::fs::fstatfs(files.main())?.f_type;
    // The type of the field differs between processors; the number has 32 bits.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "see above")]
    let magic = magic as u32;
    Ok(MAGIC.iter().find(|(number, _)| *number == magic).map(|(_, name)| *name))
}

#[cfg(not(target_os = "linux"))]
fn name_of(_files: &Files) -> std::io::Result<Option<&'static str>> {
    Ok(None)
}

/// From Linux's `magic.h`, `fs/vboxsf` and statfs(2), and for the last four from coreutils' `stat`.
#[cfg(target_os = "linux")]
const MAGIC: &[(u32, &str)] = &[
    (0x0000_6969, "NFS"),
    (0x0000_517B, "SMB"),
    (0xFF53_4D42, "SMB (CIFS)"),
    (0xFE53_4D42, "SMB 2"),
    (0x5346_414F, "AFS"),
    (0x6B41_4653, "AFS"),
    (0x7375_7245, "Coda"),
    (0x00C3_6400, "Ceph"),
    (0x0102_1997, "9P"),
    (0x0000_564C, "NCP"),
    (0x786F_4256, "a VirtualBox shared folder"),
    (0x0BD0_0BD0, "Lustre"),
    (0x0116_1970, "GFS2"),
    (0x7461_636F, "OCFS2"),
    (0x4750_4653, "GPFS"),
    (0x1983_0326, "BeeGFS"),
    (0xBACB_ACBC, "a VMware shared folder"),
    (0x7C7C_6673, "a Parallels shared folder"),
];
