//! The holder's record: a few lines in the lock file that say who holds it.
//!
//! It is written after locking and cleared before unlocking, so what stands in a file that nobody
//! has locked is the word of one who died. And a file may have anything in it. So a record is a
//! hint: [`Status`](crate::Status) believes it only of a process that holds the lock.

use std::fs::File;
use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::proc;

/// The first line.
const HEAD: &str = "lockset-file 1";
/// The last line, without which the record was cut short.
const END: &str = "end";
/// How much of a file is read.
const LONGEST: usize = 1024;
/// How much of a note is kept, in characters, each of which takes four bytes at most.
const LONGEST_NOTE: usize = 200;

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) pid: u32,
    /// When the process started, in the kernel's ticks: tells it from a later one of this number.
    pub(crate) start: u64,
    pub(crate) since: SystemTime,
    pub(crate) note: String,
}

impl Record {
    /// The record at the beginning of the file; `None` if what is there is none, or not all of it.
    pub(crate) fn read(file: &File) -> io::Result<Option<Self>> {
        let mut buffer = [0; LONGEST];
        let length = read_at_start(file, &mut buffer)?;
        Ok(Self::parse(&buffer[..length]))
    }

    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        // What follows the end is of no interest, and need not be text.
        let text = bytes.utf8_chunks().next()?.valid();
        let mut lines = text.lines();
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let version = field("lockset-file")?;
        let pid = field("pid")?.parse().ok()?;
        let start = field("start")?.parse().ok()?;
        let since: u64 = field("since")?.parse().ok()?;
        let note = field("note")?.into();
        let is_whole = HEAD.ends_with(version) && lines.next() == Some(END);
        let since = UNIX_EPOCH.checked_add(Duration::from_millis(since))?;
        is_whole.then_some(Self { pid, start, since, note })
    }

    pub(crate) fn to_text(&self) -> String {
        let since = self.since.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let Self { pid, start, note, .. } = self;
        format!("{HEAD}\npid {pid}\nstart {start}\nsince {since}\nnote {note}\n{END}\n")
    }
}

/// Writes this process's record.
#[cold]
pub(crate) fn write(file: &File, note: &str) -> io::Result<()> {
    let note = note.lines().next().unwrap_or_default().chars().take(LONGEST_NOTE).collect();
    let pid = std::process::id();
    let record = Record { pid, start: proc::own_start(), since: SystemTime::now(), note };
    let text = record.to_text();
    write_at_start(file, text.as_bytes())?;
    // What was longer before must not be taken for a part of it by whoever reads the file.
    file.set_len(text.len() as u64)
}

/// Clears the record, whoever's it is.
#[cold]
pub(crate) fn clear(file: &File) -> io::Result<()> {
    file.set_len(0)
}

#[cfg(unix)]
fn read_at_start(file: &File, buffer: &mut [u8]) -> io::Result<usize> {
    use std::os::unix::fs::FileExt;
    let mut length = 0;
    // A signal, or the end of the file, may make a read shorter.
    while length < buffer.len() {
        match file.read_at(&mut buffer[length..], length as u64) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

#[cfg(unix)]
fn write_at_start(file: &File, text: &[u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, text, 0)
}

/// Where locks are mandatory, nobody could read a record in the locked file.
#[cfg(not(unix))]
fn read_at_start(_file: &File, _buffer: &mut [u8]) -> io::Result<usize> {
    Ok(0)
}

#[cfg(not(unix))]
fn write_at_start(_file: &File, _text: &[u8]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    //! What may be in a file, which no other crate can put to `parse` so quickly.

    use super::{Duration, Record, UNIX_EPOCH};

    fn record() -> Record {
        let since = UNIX_EPOCH + Duration::from_millis(1_700_000_000_123);
        Record { pid: 4123, start: 99, since, note: "the nightly report".into() }
    }

    #[test]
    fn what_was_written_is_read() {
        assert_eq!(Record::parse(record().to_text().as_bytes()), Some(record()));
        let followed = [record().to_text().as_bytes(), b"\xFF\0 old data"].concat();
        assert_eq!(Record::parse(&followed), Some(record()));
    }

    #[test]
    fn a_record_that_is_cut_short_is_none() {
        let text = record().to_text();
        for length in 0..text.len() - 1 {
            assert_eq!(Record::parse(&text.as_bytes()[..length]), None, "{length} bytes");
        }
    }

    /// Read without its last line, a note that was cut short would be taken for the whole.
    #[test]
    fn naively_read_a_record_that_is_cut_short_is_believed() {
        let text = record().to_text();
        let cut = text.find("report").expect("a part of the note");
        let closed = [&text.as_bytes()[..cut], b"\nend\n"].concat();
        let read = Record::parse(&closed).expect("a record");
        assert_eq!((read.pid, read.note.as_str()), (4123, "the nightly "));
    }

    /// Whatever the bytes are: no panic, and what is read is what a record could say.
    #[test]
    fn garbage_is_no_record_or_a_different_one() {
        let text = record().to_text().into_bytes();
        let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
        let mut random = move || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed
        };
        for _ in 0..100_000 {
            let mut bytes = text.clone();
            for _ in 0..=random() % 4 {
                let place = random() as usize % bytes.len();
                match random() % 3 {
                    0 => bytes[place] = random() as u8,
                    1 => bytes.truncate(place.max(1)),
                    _ => bytes.insert(place, random() as u8),
                }
            }
            if let Some(read) = Record::parse(&bytes) {
                assert_eq!(Record::parse(read.to_text().as_bytes()), Some(read));
            }
        }
    }
}
