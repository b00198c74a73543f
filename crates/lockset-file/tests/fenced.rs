//! Files that check fences: by the suite, against crashes, and with whatever may lie there.

use std::fs::{self, Permissions};
use std::hint;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lockset_api::{Deadline, Error, ErrorKind, Fence, Lock};
use lockset_conformance::{FencedSubject, suite};
use lockset_file::{FencedFile, FileLock};
use tempfile::TempDir;

struct Kept(TempDir);

impl Kept {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("kept")
    }

    fn open(&self) -> FencedFile {
        FencedFile::open(self.path()).expect("opens")
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).expect("a readable directory").flatten();
        let mut names: Vec<_> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

impl FencedSubject for Kept {
    /// Each waits for the disk twice.
    const ROUNDS: usize = 100;

    fn write(&self, fence: Fence, value: u64) -> Result<(), Error> {
        self.open().write(fence, value.to_string())
    }

    fn read(&self) -> u64 {
        let content = self.open().read().expect("readable").expect("written");
        String::from_utf8(content.bytes).expect("a text").parse().expect("a number")
    }
}

suite!(file: Kept::new() => fenced);

#[test]
fn the_first_line_is_the_fence_and_the_rest_is_what_was_written() {
    let kept = Kept::new();
    assert_eq!(kept.open().read().unwrap(), None);
    for (fence, bytes) in [(0, &b""[..]), (34, b"\0\xff\n"), (u64::MAX, b"last")] {
        kept.open().write(Fence::new(fence), bytes).unwrap();
        let whole = fs::read(kept.path()).unwrap();
        let line = format!("lockset-fence-1 {fence:020}\n");
        assert_eq!(whole, [line.as_bytes(), bytes].concat());
        assert_eq!(line.len(), 37);
        let content = kept.open().read().unwrap().unwrap();
        assert_eq!((content.fence, &content.bytes[..]), (Fence::new(fence), bytes));
    }
    assert_eq!(kept.names(), ["kept", "kept.lock"]);
}

/// It may be somebody's, who does not know of fences.
#[test]
fn a_file_without_a_fence_is_not_overwritten() {
    let whole = format!("lockset-fence-1 {:020}\n", 1);
    let long = "x".repeat(100);
    let mut others = vec!["", "hello\n", "lockset-fence-1 \n", &long, &whole[..36]];
    let too_high = whole.replace("00000000000000000001", "18446744073709551616");
    let (signed, next) = (whole.replace(" 0", " +"), whole.replace("-1", "-2"));
    others.extend([&too_high[..], &signed, &next]);
    for other in others {
        let kept = Kept::new();
        fs::write(kept.path(), other).unwrap();
        let refused = kept.open().write(Fence::new(5), "5").unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Config, "{other:?}");
        assert_eq!(kept.open().read().unwrap_err().kind(), ErrorKind::Config, "{other:?}");
        assert_eq!(fs::read_to_string(kept.path()).unwrap(), other);
    }
}

#[test]
fn the_new_file_has_the_permissions_of_the_old_one() {
    let kept = Kept::new();
    kept.write(Fence::new(1), 1).unwrap();
    fs::set_permissions(kept.path(), Permissions::from_mode(0o640)).unwrap();
    kept.write(Fence::new(2), 2).unwrap();
    assert_eq!(fs::metadata(kept.path()).unwrap().permissions().mode() & 0o777, 0o640);
}

/// What lies at the name of the new file is not written to: a link could lead anywhere.
#[test]
fn what_a_crash_or_somebody_left_is_in_nobodys_way() {
    let kept = Kept::new();
    let bystander = kept.0.path().join("bystander");
    fs::write(&bystander, "unharmed").unwrap();
    symlink(&bystander, kept.0.path().join("kept.new")).unwrap();
    kept.write(Fence::new(1), 1).unwrap();
    fs::write(kept.0.path().join("kept.new"), "half of a wri").unwrap();
    kept.write(Fence::new(2), 2).unwrap();
    assert_eq!(kept.read(), 2);
    assert_eq!(fs::read_to_string(&bystander).unwrap(), "unharmed");
    assert_eq!(kept.names(), ["bystander", "kept", "kept.lock"]);
}

#[test]
fn a_write_that_fails_changes_nothing() {
    let kept = Kept::new();
    kept.write(Fence::new(1), 1).unwrap();
    fs::create_dir(kept.0.path().join("kept.new")).unwrap();
    kept.write(Fence::new(2), 2).unwrap_err();
    assert_eq!(kept.read(), 1);
    kept.write(Fence::new(1), 1).unwrap_err();
    fs::remove_dir(kept.0.path().join("kept.new")).unwrap();
    kept.write(Fence::new(1), 11).unwrap();
    assert_eq!(kept.read(), 11);
    let nowhere = FencedFile::open(kept.0.path().join("no/such/dir/file")).unwrap_err();
    assert_eq!(nowhere.kind(), ErrorKind::Unavailable);
}

#[test]
fn nobody_waits_for_ever_for_a_writer_that_is_stopped() {
    let kept = Kept::new();
    // What a writer holds that is stopped inside a write.
    let other = FileLock::open(kept.0.path().join("kept.lock")).unwrap();
    let guard = other.lock().unwrap();
    let soon = Deadline::after(Duration::from_millis(20));
    assert_eq!(kept.open().write_until(soon, Fence::new(2), "2").unwrap(), None);
    assert_eq!(kept.open().read().unwrap(), None);
    drop(guard);
    let later = Deadline::after(Duration::from_secs(60));
    assert_eq!(kept.open().write_until(later, Fence::new(2), "2").unwrap(), Some(()));
    let stale = kept.open().write_until(later, Fence::new(1), "1").unwrap_err();
    assert_eq!(stale.kind(), ErrorKind::Lost);
}

/// Where a writer of the next test finds the file, and its first fence.
const PATH: &str = "LOCKSET_FENCED_FILE";
const FIRST: &str = "LOCKSET_FENCED_FIRST";

/// Long enough that a write takes several steps of the kernel's.
fn content(fence: u64) -> Vec<u8> {
    fence.to_string().repeat(100_000).into_bytes()
}

/// The body of a writer; does nothing in a process that is none.
#[test]
fn writer() {
    let (Ok(path), Ok(first)) = (std::env::var(PATH), std::env::var(FIRST)) else { return };
    let file = FencedFile::open(path).expect("opens");
    for fence in first.parse().expect("a number").. {
        file.write(Fence::new(fence), content(fence)).expect("accepted");
        writeln!(std::io::stdout(), "\naccepted {fence}").expect("the test still reads");
    }
}

#[test]
fn a_writer_that_is_killed_leaves_one_version_whole_and_none_is_undone() {
    let kept = Kept::new();
    let (mut newest, mut unfinished) = (0, 0);
    for round in 0.. {
        // Where disks are quick, it takes more of them to meet one inside a write.
        if (round >= 40 && unfinished > 0) || round >= 1_000 {
            break;
        }
        let mut writer = Command::new(std::env::current_exe().expect("the test has a program"))
            .args(["--exact", "writer", "--nocapture", "--test-threads=1"])
            .env(PATH, kept.path())
            .env(FIRST, (newest + 1).to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the test's program starts");
        let lines = BufReader::new(writer.stdout.take().expect("a pipe")).lines();
        let accepted = |line: &str| line.strip_prefix("accepted ").map(|n| n.parse().expect("n"));
        let mut fences = lines.map_while(Result::ok).filter_map(|line| accepted(&line));
        newest = fences.next().expect("it writes");
        // As long as a few writes, at random.
        let moment = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        for _ in 0..moment.subsec_nanos() % 500_000 {
            hint::spin_loop();
        }
        writer.kill().expect("it runs");
        writer.wait().expect("it ended");
        newest = fences.last().unwrap_or(newest);

        unfinished += usize::from(kept.0.path().join("kept.new").exists());
        let found = kept.open().read().expect("a whole header").expect("a file");
        assert!(found.fence.value() >= newest, "{} is kept, {newest} was accepted", found.fence);
        assert!(found.bytes == content(found.fence.value()), "not whole: {}", found.fence);
        let stale = kept.open().write(Fence::new(newest - 1), "stale").unwrap_err();
        assert_eq!(stale.kind(), ErrorKind::Lost);
        newest = found.fence.value();
    }
    assert!(unfinished > 0, "none was killed inside a write");
}

#[test]
fn updates_by_many_lose_nothing() {
    let kept = Kept::new();
    let count = |old: Option<&[u8]>| {
        let old = str::from_utf8(old.unwrap_or(b"0")).expect("a text").parse::<u32>();
        Ok((old.expect("a number") + 1).to_string().into_bytes())
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..10).for_each(|_| kept.open().update(Fence::new(1), count).unwrap()));
        }
    });
    assert_eq!(kept.open().read().unwrap().unwrap().bytes, b"40");
}

#[test]
fn an_update_that_fails_or_is_stale_changes_nothing() {
    let kept = Kept::new();
    kept.open().write(Fence::new(2), "before").unwrap();
    let failed = kept.open().update(Fence::new(3), |_| Err(Error::new(ErrorKind::Other, "no")));
    assert_eq!(failed.unwrap_err().kind(), ErrorKind::Other);
    let stale = kept.open().update(Fence::new(1), |_| unreachable!("it is not asked"));
    assert_eq!(stale.unwrap_err().kind(), ErrorKind::Lost);
    let content = kept.open().read().unwrap().unwrap();
    assert_eq!((content.fence, &content.bytes[..]), (Fence::new(2), &b"before"[..]));
}
