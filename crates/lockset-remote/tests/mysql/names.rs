//! Names that the server takes for one another are locks of their own all the same.

use lockset_api::{Lock, Name};

use super::{SERVER, locks};

#[test]
fn each_name_is_a_lock_of_its_own() {
    let long = "n".repeat(Name::MAX_LEN - 1);
    let long = ["x", "X", "y"].map(|end| [&long, end].concat());
    let names = [
        "a",
        "A",
        "ä",
        "Ä",
        "a ",
        "a  ",
        " a",
        "a\\",
        "a'",
        "a\"",
        "a`",
        "a%",
        "a_",
        "a/*",
        "a*/ ;",
        "a\u{308}",
        "\u{e4}\u{308}",
        "ſ",
        "s",
        "S",
        "ß",
        "ss",
        "😀",
        "😁",
        "@a",
        "#a",
        "-- a",
        "?",
    ];
    let names = names.into_iter().chain(long.iter().map(String::as_str));
    let locks = locks(&SERVER.url());
    let named: Vec<_> = names.map(|name| locks.lock(name).unwrap()).collect();
    let leases: Vec<_> = named.iter().map(|lock| lock.try_lock().unwrap().expect("free")).collect();
    for lock in &named {
        let name = lock.name().as_str();
        assert!(lock.try_lock().unwrap().is_none(), "{name:?} is held twice");
        let status = locks.inspect(name).unwrap();
        assert_eq!(status.holders.len(), 1, "{name:?}");
        assert!(status.holders[0].holder.contains(&format!("pid {}", std::process::id())));
    }
    drop(leases);
}

#[test]
fn notes_come_back_as_they_were() {
    let note = "it's \"50 %\" of `a\\b` */ /* ?; -- 😀";
    let locks = locks(&SERVER.url());
    let lock = locks.lock("names/note").unwrap().with_note(note);
    let held = lock.lock().unwrap();
    let waiting = lock.acquire(lockset_api::Deadline::NEVER);
    super::until_waiting("names/note", 1);
    let status = locks.inspect("names/note").unwrap();
    assert_eq!(status.holders[0].note.as_deref(), Some(note));
    assert_eq!(status.waiters[0].note.as_deref(), Some(note));
    assert_eq!(status.waiters[0].holder, status.holders[0].holder);
    drop((held, waiting));
}
