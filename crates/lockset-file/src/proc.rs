//! What Linux tells about locks and processes below `/proc`. To read it disturbs nobody.

use std::fs::{self, File};
use std::io::{self, Read};
use std::sync::OnceLock;

use crate::files::Files;
use crate::status::Scope;
use crate::sys::{Identity, Mode, Process};

/// A line of `/proc/locks`, or of a descriptor's `fdinfo`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) mode: Mode,
    /// Who asked for the lock. It may have ended since, and left the lock to its child.
    pub(crate) pid: u32,
    pub(crate) waits: Waits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    No,
    Yes,
}

/// A file as `/proc/locks` names it: the numbers of its device, in hexadecimal, and its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name(String);

impl Name {
    /// The device is that of the mount, which `stat` shows differently on some file systems.
    #[cfg(target_os = "linux")]
    pub(crate) fn of(identity: &Identity, files: &Files) -> Self {
        let (major, minor) = mounted_device(files).unwrap_or_else(|| {
            let device = identity.device();
            (rustix::fs::major(device), rustix::fs::minor(device))
        });
        Self(format!("{major:02x}:{minor:02x}:{}", identity.inode()))
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn of(_identity: &Identity, _files: &Files) -> Self {
        Self(String::new())
    }
}

/// How far the kernel's list of locks reaches: it leaves out those of whom this namespace has no
/// number, and even that there are any.
pub(crate) fn scope() -> Scope {
    match fs::read_link("/proc/self/ns/pid") {
        Ok(namespace) if namespace.as_os_str() == FIRST_NAMESPACE => Scope::Machine,
        _ => Scope::Namespace,
    }
}

/// The one that the machine starts with. Its number is a constant of the kernel,
/// `PROC_PID_INIT_INO` (`include/linux/proc_ns.h`).
const FIRST_NAMESPACE: &str = "pid:[4026531836]";

/// How often `/proc/locks` is read at most, until two readings agree.
const READINGS: usize = 8;

/// Who holds the file by `flock`, and who waits for it, in the kernel's order.
///
/// The kernel writes its list anew for each call that reads a part of it, and goes on from a number
/// of lines. If locks of others come and go in between, lines are left out or come twice. So it is
/// read in parts as large as it gives, and again until what concerns this file stays the same.
pub(crate) fn locks(name: &Name) -> io::Result<Vec<Line>> {
    let mut found = read_locks(name)?;
    for _ in 1..READINGS {
        let again = read_locks(name)?;
        if again == found {
            break;
        }
        found = again;
    }
    Ok(found)
}

fn read_locks(name: &Name) -> io::Result<Vec<Line>> {
    let mut file = File::open("/proc/locks")?;
    let (mut text, mut part) = (Vec::new(), [0; 1 << 14]);
    loop {
        match file.read(&mut part) {
            Ok(0) => break,
            Ok(length) => text.extend_from_slice(&part[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let text = String::from_utf8_lossy(&text);
    Ok(text.lines().filter_map(|line| parse(line, name)).collect())
}

/// The processes that have a descriptor through which the file is locked, and how, by looking at
/// all of them that may be looked at. For a lock whose owner has ended.
pub(crate) fn keepers(name: &Name) -> io::Result<Vec<(u32, Mode)>> {
    let mut keepers = Vec::new();
    for process in fs::read_dir("/proc")? {
        let process = process?;
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // It may end meanwhile, or belong to somebody else.
        let Ok(descriptors) = fs::read_dir(process.path().join("fdinfo")) else { continue };
        let lock = descriptors.flatten().find_map(|descriptor| {
            let text = fs::read_to_string(descriptor.path()).unwrap_or_default();
            let mut locks = text.lines().filter_map(|line| line.strip_prefix("lock:"));
            locks.find_map(|line| parse(line, name))
        });
        keepers.extend(lock.map(|lock| (pid, lock.mode)));
    }
    Ok(keepers)
}

/// The line's lock, if it is a `flock` on this file.
fn parse(line: &str, name: &Name) -> Option<Line> {
    // "1: FLOCK  ADVISORY  WRITE 4123 08:01:131 0 EOF", or with "->" before "FLOCK".
    let mut words = line.split_whitespace().skip(1).peekable();
    let waits = if words.next_if_eq(&"->").is_some() { Waits::Yes } else { Waits::No };
    let mut next = || words.next();
    let (kind, _, mode, pid, file) = (next()?, next()?, next()?, next()?, next()?);
    if kind != "FLOCK" || file != name.0 {
        return None;
    }
    let mode = match mode {
        "WRITE" => Mode::Exclusive,
        "READ" => Mode::Shared,
        _ => return None,
    };
    // A remote one has a negative number, and one of another namespace has 0 in `fdinfo`.
    Some(Line { mode, pid: pid.parse().unwrap_or(0), waits })
}

/// How much of a command line is read.
const LONGEST_COMMAND: u64 = 1024;

/// The command line of a process, or its name if it hides that; `None` if there is no such one.
pub(crate) fn command(pid: u32) -> Option<String> {
    let mut words = Vec::new();
    let file = File::open(format!("/proc/{pid}/cmdline")).ok()?;
    file.take(LONGEST_COMMAND).read_to_end(&mut words).ok()?;
    let words = String::from_utf8_lossy(&words).trim_end_matches('\0').replace('\0', " ");
    if !words.is_empty() {
        return Some(words);
    }
    Some(fs::read_to_string(format!("/proc/{pid}/comm")).ok()?.trim_end().into())
}

/// When a process started, in ticks since the machine did.
pub(crate) fn start(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the name, in parentheses, with anything in it. This is the 22nd.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

/// When this process started; 0 where that is not to be found out.
pub(crate) fn own_start() -> u64 {
    static OWN: OnceLock<(Process, u64)> = OnceLock::new();
    let find = || start(std::process::id()).unwrap_or(0);
    let (process, start) = OWN.get_or_init(|| (Process::current(), find()));
    if process.is_gone() { find() } else { *start }
}

#[cfg(target_os = "linux")]
fn mounted_device(files: &Files) -> Option<(u32, u32)> {
    use std::os::fd::AsRawFd;
    let descriptor = files.main().as_raw_fd();
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{descriptor}")).ok()?;
    let mount = info.lines().find_map(|line| line.strip_prefix("mnt_id:"))?.trim();
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let mut lines = mounts.lines().map(|line| line.split(' '));
    let mut line = lines.find(|line| line.clone().next() == Some(mount))?;
    let (major, minor) = line.nth(2)?.split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    //! Lines that a test cannot make the kernel print at will.

    use super::{Line, Mode, Name, Waits, parse};

    #[test]
    fn lines_of_this_file_are_read_and_all_others_are_not() {
        let name = Name("fd:01:131".into());
        let read = |line| parse(line, &name).map(|line: Line| (line.mode, line.pid, line.waits));
        let holds = Some((Mode::Exclusive, 4123, Waits::No));
        assert_eq!(read("1: FLOCK  ADVISORY  WRITE 4123 fd:01:131 0 EOF"), holds);
        let waits = Some((Mode::Shared, 4170, Waits::Yes));
        assert_eq!(read("1: -> FLOCK  ADVISORY  READ 4170 fd:01:131 0 EOF"), waits);
        let hidden = Some((Mode::Exclusive, 0, Waits::No));
        assert_eq!(read("1: FLOCK  ADVISORY  WRITE -1 fd:01:131 0 EOF"), hidden);
        for other in [
            "1: POSIX  ADVISORY  WRITE 4123 fd:01:131 0 EOF",
            "1: FLOCK  ADVISORY  WRITE 4123 fd:01:1310 0 EOF",
            "1: FLOCK  ADVISORY",
            "1: -> ",
            "",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
