//! A file that refuses a stale fence.

use core::fmt;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{self, Path, PathBuf};

use lockset_api::{Deadline, Error, ErrorKind, Fence, Lock, StaleFence};

use crate::FileLock;

/// A file that keeps the fence of whoever wrote it last, and refuses a lower one.
///
/// The first line is the fence, and always 37 bytes long; behind it is what was written:
///
/// ```text
/// lockset-fence-1 00000000000000000034
/// ```
///
/// A write replaces the whole file. For a lock that a server keeps and time ends; between the
/// processes of one machine a [`FileLock`] alone will do, since it cannot be lost.
///
/// ```
/// use lockset_api::{ErrorKind, Fence};
/// use lockset_file::FencedFile;
///
/// # let dir = tempfile::tempdir().unwrap();
/// # let path = dir.path().join("report");
/// let report = FencedFile::open(&path)?;
/// report.write(Fence::new(34), "by the newer holder")?;
/// // The holder before, paused until now, comes too late.
/// let refused = report.write(Fence::new(33), "too late").unwrap_err();
/// assert_eq!(refused.kind(), ErrorKind::Lost);
///
/// let content = report.read()?.unwrap();
/// assert_eq!((content.fence, &content.bytes[..]), (Fence::new(34), &b"by the newer holder"[..]));
/// # Ok::<(), lockset_api::Error>(())
/// ```
///
/// # How it is done, and what that promises
///
/// Under the [`FileLock`] on `PATH.lock`, which is never removed: read the fence, and if it is not
/// higher, write fence and content to `PATH.new`, sync that to disk, rename it to `PATH`, and sync
/// the directory.
///
/// - **Accepted** means: it is on disk, with its fence, and no lower one will be accepted after it,
///   whatever crashes. For a power cut that is as true as the disk's word.
/// - **Refused** means: nothing was changed.
/// - **A crash in between** leaves the old file or the new one, whole; and perhaps a `PATH.new`,
///   which the next write removes. The kernel unlocks `PATH.lock`.
/// - **A reader** needs no lock, and sees one of the versions, whole: perhaps one so new that a
///   power cut would still undo it. To read the file with other tools, leave out its first line:
///   `tail -n +2`.
/// - **A writer that is paused inside a write** holds up all others until it goes on or is killed:
///   check and write are one step for that very reason. [`write_until`](Self::write_until) does not
///   wait for ever.
///
/// # How it fails
///
/// - It refuses those who write through it. To a program that just writes the file it is nothing.
/// - Whoever removes the file, or puts an older copy in its place, makes it forget its fence.
/// - It is for one machine: on a network file system `PATH.lock` is refused, as any [`FileLock`].
/// - The new file has the permissions of the old one, but is the writer's own; of a symbolic or
///   hard link, it takes the place. The directory has to be writable.
/// - Each write takes as long as two disk syncs, and as the whole content.
#[derive(Clone)]
pub struct FencedFile {
    path: PathBuf,
    lock: FileLock,
}

/// What is in a [`FencedFile`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Content {
    /// The fence of whoever wrote it.
    pub fence: Fence,
    /// What was written, without the first line.
    pub bytes: Vec<u8>,
}

/// What the first line begins with: what it is, and which version of the form.
const FORM: &[u8] = b"lockset-fence-1 ";
/// As many digits as the highest fence has.
const DIGITS: usize = 20;
/// The length of the first line, its end included.
const HEADER: usize = FORM.len() + DIGITS + 1;

impl FencedFile {
    /// The file at `path`, which need not be there yet: then any fence is accepted. `PATH.lock` is
    /// created.
    ///
    /// # Errors
    ///
    /// Those of [`FileLock::open`], for `PATH.lock`.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let found = path::absolute(path).map_err(|error| explain(path, "find", error))?;
        let lock = FileLock::open(beside(&found, ".lock"))?;
        Ok(Self { path: found, lock })
    }

    /// Its path, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was written last, and by whom; `None` if there is no file.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config) if it has no first line of this form;
    /// [`Denied`](ErrorKind::Denied) and [`Unavailable`](ErrorKind::Unavailable) if it cannot be
    /// read.
    pub fn read(&self) -> Result<Option<Content>, Error> {
        let Some((fence, mut file)) = self.newest()? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| explain(&self.path, "read", error))?;
        Ok(Some(Content { fence, bytes }))
    }

    /// Replaces what is in the file, as the holder of `fence`.
    ///
    /// # Errors
    ///
    /// [`Lost`](ErrorKind::Lost) if a newer holder has written: nothing was changed then, and the
    /// source is the [`StaleFence`]. [`Unknown`](ErrorKind::Unknown) if it was written, but may not
    /// outlast a power cut; it may be repeated. Otherwise nothing was changed:
    /// [`Config`](ErrorKind::Config) for a file without a fence, which is not overwritten,
    /// [`Denied`](ErrorKind::Denied), or [`Unavailable`](ErrorKind::Unavailable), on a full disk
    /// among others.
    pub fn write(&self, fence: Fence, bytes: impl AsRef<[u8]>) -> Result<(), Error> {
        let _guard = self.lock.lock()?;
        self.write_locked(fence, |_| Ok(bytes))
    }

    /// Replaces what is in the file by what `change` makes of it, which is given `None` if there is
    /// no file: in one step, so nothing is lost that others write.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write), and those of `change`, with which nothing was changed.
    pub fn update(
        &self,
        fence: Fence,
        change: impl FnOnce(Option<&[u8]>) -> Result<Vec<u8>, Error>,
    ) -> Result<(), Error> {
        let _guard = self.lock.lock()?;
        self.write_locked(fence, |old| {
            let Some(mut old) = old else { return change(None) };
            let mut bytes = Vec::new();
            let read = old.read_to_end(&mut bytes);
            read.map_err(|error| explain(&self.path, "read", error))?;
            change(Some(&bytes))
        })
    }

    /// [`write`](Self::write), but `None`, and nothing changed, if other writers keep it from its
    /// turn until `deadline`.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn write_until(
        &self,
        deadline: Deadline,
        fence: Fence,
        bytes: impl AsRef<[u8]>,
    ) -> Result<Option<()>, Error> {
        match self.lock.lock_until(deadline)? {
            Some(_guard) => self.write_locked(fence, |_| Ok(bytes)).map(Some),
            None => Ok(None),
        }
    }

    /// Writes what `content` makes of the old file, which stands at the end of its first line.
    fn write_locked<B: AsRef<[u8]>>(
        &self,
        fence: Fence,
        content: impl FnOnce(Option<&File>) -> Result<B, Error>,
    ) -> Result<(), Error> {
        let old = match self.newest()? {
            Some((newest, _)) if newest > fence => {
                let stale: Error = StaleFence::new(fence, newest).into();
                return Err(stale.with_lock(self.path.display()));
            }
            Some((_, file)) => Some(file),
            None => None,
        };
        let content = content(old.as_ref())?;
        let bytes = content.as_ref();
        let new = beside(&self.path, ".new");
        let replaced = write_new(&new, fence, bytes, old).and_then(|()| {
            // From here on it is the file's content, and not before all of it is on disk.
            fs::rename(&new, &self.path)
        });
        replaced.map_err(|error| explain(&self.path, "write", error))?;
        sync_directory_of(&self.path).map_err(|error| {
            let why = "the file was written, but may not outlast a power cut";
            let unknown = Error::new(ErrorKind::Unknown, why);
            unknown.with_lock(self.path.display()).with_source(error)
        })
    }

    /// The fence in the file, and the file at the end of its first line; `None` if there is none.
    fn newest(&self) -> Result<Option<(Fence, File)>, Error> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(explain(&self.path, "read", error)),
        };
        let mut header = [0; HEADER];
        let fence = match file.read_exact(&mut header) {
            Ok(()) => parse(&header),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => None,
            Err(error) => return Err(explain(&self.path, "read", error)),
        };
        let fence = fence.ok_or_else(|| {
            let why = "the file does not begin with a fence; to keep what is in it, write it anew";
            Error::new(ErrorKind::Config, why).with_lock(self.path.display())
        })?;
        Ok(Some((fence, file)))
    }
}

/// Writes a file beside the one that it is to replace, and returns once it is on disk.
fn write_new(new: &Path, fence: Fence, bytes: &[u8], old: Option<File>) -> io::Result<()> {
    // What a crash has left, or a link that somebody has put there: it is not written to.
    match fs::remove_file(new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    let mut file = match old {
        // Whom the old one keeps out, opens the new one at no moment.
        Some(old) => {
            let file = for_its_owner(&mut options).open(new)?;
            file.set_permissions(old.metadata()?.permissions())?;
            file
        }
        None => options.open(new)?,
    };
    file.write_all(&header(fence))?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn header(fence: Fence) -> Vec<u8> {
    let digits = format!("{:0DIGITS$}\n", fence.value());
    [FORM, digits.as_bytes()].concat()
}

fn parse(header: &[u8]) -> Option<Fence> {
    let digits = header.strip_prefix(FORM)?.strip_suffix(b"\n")?;
    let is_whole = digits.len() == DIGITS && digits.iter().all(u8::is_ascii_digit);
    let number = str::from_utf8(digits).ok()?.parse().ok()?;
    is_whole.then_some(Fence::new(number))
}

/// A file that is made will be its owner's alone.
#[cfg(unix)]
fn for_its_owner(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600)
}

/// Where a file has no such permissions, the directory's are all there is.
#[cfg(not(unix))]
fn for_its_owner(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// A rename is a change of the directory, which is on disk when that is.
#[cfg(unix)]
fn sync_directory_of(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(path))?.sync_all()
}

/// Windows has no such call; its file system's journal has to do.
#[cfg(not(unix))]
fn sync_directory_of(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The path with an ending behind its own.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut beside: OsString = path.into();
    beside.push(ending);
    beside.into()
}

fn explain(path: &Path, doing: &str, error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => ErrorKind::Denied,
        io::ErrorKind::InvalidFilename
        | io::ErrorKind::InvalidInput
        | io::ErrorKind::IsADirectory => ErrorKind::InvalidName,
        _ => ErrorKind::Unavailable,
    };
    let error_of = Error::new(kind, format!("cannot {doing} the file"));
    error_of.with_lock(path.display()).with_source(error)
}

impl fmt::Debug for FencedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FencedFile").field("path", &self.path).finish_non_exhaustive()
    }
}
