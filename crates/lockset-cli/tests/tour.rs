//! The tour shows what it promises: losses without a lock, none with it.

mod common;

use common::{figure, lockset, part, tour};

#[test]
fn the_whole_tour() {
    let out = tempfile::tempdir().unwrap();
    let report = tour(out.path(), &[]);
    assert_eq!(report["ok"], true, "{report:#}");
    assert_eq!(report["payments"], 4000);
    assert_eq!(report["parts"].as_array().unwrap().len(), 10);

    for step in ["none", "file"] {
        let without = part(&report, step, "without");
        assert!(figure(without, "payments_lost") > 0, "{without:#}");
        assert!(figure(without, "accounts_out_of_balance") > 0, "{without:#}");
        assert_eq!(without["trace"]["held"], false, "{without:#}");
    }
    for step in ["mutex", "file"] {
        let with = part(&report, step, "with");
        for name in ["payments_lost", "accounts_out_of_balance", "cents_out_of_balance"] {
            assert_eq!(figure(with, name), 0, "{with:#}");
        }
        assert_eq!(with["trace"]["grants"], 4000, "{with:#}");
    }

    let without = part(&report, "semaphore", "without");
    assert!(figure(without, "peak_concurrency") > 3, "{without:#}");
    assert!(figure(without, "refused") > 0, "{without:#}");
    let with = part(&report, "semaphore", "with");
    assert_eq!(figure(with, "peak_concurrency"), 3, "{with:#}");
    assert_eq!(figure(with, "refused"), 0, "{with:#}");

    let without = part(&report, "remote", "without");
    assert!(figure(without, "jobs_run_twice") > 0, "{without:#}");
    let with = part(&report, "remote", "with");
    assert_eq!(figure(with, "jobs_run_twice"), 0, "{with:#}");
    assert_eq!(figure(with, "jobs_never_run"), 0, "{with:#}");

    let without = part(&report, "lease", "without");
    assert_eq!(figure(without, "stale_writes_accepted"), 1, "{without:#}");
    assert_eq!(figure(without, "payments_lost"), 1, "{without:#}");
    let with = part(&report, "lease", "with");
    assert_eq!(figure(with, "stale_writes_accepted"), 0, "{with:#}");
    assert_eq!(figure(with, "stale_writes_refused"), 1, "{with:#}");
    assert_eq!(figure(with, "payments_lost"), 0, "{with:#}");

    for part in report["parts"].as_array().unwrap() {
        assert!(part["waits_us"]["max"].as_f64().unwrap() >= 0.0, "{part:#}");
        for file in ["picture", "log"] {
            let name = part[file].as_str().unwrap();
            assert!(out.path().join(name).metadata().unwrap().len() > 0, "{name} is empty");
        }
    }
    let page = std::fs::read_to_string(report["page"].as_str().unwrap()).unwrap();
    assert_eq!(page.matches("<svg ").count(), 10, "one picture a part");
}

#[test]
fn one_step_runs_alone_and_tells_people_about_it() {
    let out = tempfile::tempdir().unwrap();
    let done = lockset(&["tour", "mutex", "--out", out.path().to_str().unwrap()]);
    let stdout = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success(), "{stdout}");
    assert!(stdout.contains("all 4,000 payments booked; all 12 accounts right"), "{stdout}");
    let page = stdout.lines().last().unwrap().rsplit(": ").next().unwrap();
    assert!(std::fs::read_to_string(page).unwrap().contains("<svg "), "{stdout}");
    let stderr = String::from_utf8(done.stderr).unwrap();
    assert!(stderr.contains("mutex"), "progress names the step: {stderr}");
}

#[test]
fn a_ledger_of_ones_own() {
    let out = tempfile::tempdir().unwrap();
    let ledger = out.path().join("mine.csv");
    let lines = (0..500).map(|n| format!("anna,ben,{},\"no. {n}, with a comma\"\n", n + 1));
    let header = ["from,to,cents,note\n".to_owned()];
    std::fs::write(&ledger, header.into_iter().chain(lines).collect::<String>()).unwrap();
    let report = tour(out.path(), &["--ledger", ledger.to_str().unwrap()]);
    assert_eq!((&report["payments"], &report["accounts"]), (&500.into(), &2.into()));
}

#[test]
fn a_part_that_shows_nothing_is_a_failure() {
    let out = tempfile::tempdir().unwrap();
    let ledger = out.path().join("strangers.csv");
    // No two payments touch one account, so nobody can overwrite anybody's balance.
    let lines = (0..400).map(|n| format!("payer{n},paid{n},100,alone\n"));
    let header = ["from,to,cents,note\n".to_owned()];
    std::fs::write(&ledger, header.into_iter().chain(lines).collect::<String>()).unwrap();
    let [ledger, out] = [ledger.as_path(), out.path()].map(|path| path.to_str().unwrap());
    let done = lockset(&["tour", "none", "--json", "--ledger", ledger, "--out", out]);
    assert_eq!(done.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(report["ok"], false, "{report:#}");
    let stderr = String::from_utf8(done.stderr).unwrap();
    let complaint =
        "lockset: step none (no lock) should have shown losses: all 400 payments booked";
    assert!(stderr.lines().last().unwrap().starts_with(complaint), "{stderr}");
}
