//! Two runs compared: a change is called, and noise is not. The figures are made up, so that what
//! is true of them is known.

use lockset_compare::{Agreement, CROWD, Changes, Report};
use serde_json::{Value, json};

const ROUNDS: usize = 7;

/// Numbers between -1 and 1 that look random.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / f64::from(1_u32 << 30) - 1.0
    }
}

/// A run of a mutex, its twin, and three rivals. Each round has a speed of the machine, which is
/// everybody's, and each figure a noise of its own, of so much at most.
fn run(seed: u64, ours: f64, machine: f64, noise: f64) -> Report {
    let mut random = Noise(seed);
    let moods: Vec<f64> = (0..ROUNDS).map(|_| machine * (1.0 + 0.3 * random.next())).collect();
    let mut lock = |name: &str, origin: &str, speed: f64| -> Value {
        let rate: Vec<f64> =
            moods.iter().map(|mood| 1e6 * mood * speed * (1.0 + noise * random.next())).collect();
        let cpu: Vec<f64> = rate.iter().map(|rate| 1e9 / rate).collect();
        json!({
            "primitive": "mutex", "name": name, "origin": origin, "server": null, "fault": null,
            "rows": [{
                "scenario": CROWD.to_string(), "rate": rate, "cpu_ns": cpu,
                "jain": vec![1.0; ROUNDS], "p99_ns": vec![1; ROUNDS], "longest_ns": vec![1; ROUNDS],
                "waits": { "counts": [], "longest": 0 },
            }],
        })
    };
    let locks = [
        lock("Mutex", "ours", ours),
        lock("Mutex (again)", "twin", ours),
        lock("std", "rival", 0.8),
        lock("parking_lot", "rival", 1.0),
        lock("usync", "rival", 0.7),
    ];
    let machine = json!({
        "processor": "", "processors": 2, "kernel": "", "load": 0.0, "rustc": "",
        "is_optimised": true, "versions": [],
    });
    serde_json::from_value(json!({
        "format": 1, "quick": true, "seed": seed, "rounds": ROUNDS, "seconds": 1.0,
        "machine": machine, "locks": locks,
    }))
    .unwrap()
}

#[test]
fn a_regression_is_called_on_a_machine_in_another_mood() {
    for seed in 0..50 {
        let (before, after) = (run(2 * seed, 1.3, 1.0, 0.05), run(2 * seed + 1, 1.0, 0.6, 0.05));
        let changes = Changes::between(&before, &after);
        let worse = changes.significant().filter(|change| change.ratio < 0.85);
        let found: Vec<_> = worse.map(|change| (change.lock.as_str(), change.metric)).collect();
        let all = [
            ("mutex/Mutex", "rate"),
            ("mutex/Mutex", "cpu"),
            ("mutex/Mutex (again)", "rate"),
            ("mutex/Mutex (again)", "cpu"),
        ];
        assert_eq!(found, all, "seed {seed}: {}", changes.in_words());
        assert!(changes.in_words().contains("WORSE"), "{}", changes.in_words());
    }
}

#[test]
fn two_runs_of_the_same_are_called_the_same() {
    let mut called = 0;
    for seed in 0..500 {
        let (before, after) = (run(2 * seed, 1.3, 1.0, 0.05), run(2 * seed + 1, 1.3, 0.6, 0.05));
        let changes = Changes::between(&before, &after);
        called += changes.significant().count();
        let agreement = &changes.agreement;
        assert!(agreement.holds(), "a sign has turned: {}", agreement.in_words());
        assert!(!agreement.called.is_empty(), "1.3 times parking_lot's is more than noise");
    }
    // Of 2,000 figures. By the rank test alone it would be one in a hundred.
    assert!(called <= 10, "{called} of 2000 were called changed");
}

/// Where the same lock differs from itself by half, a tenth says nothing.
#[test]
fn noise_hides_what_is_smaller() {
    for seed in 0..50 {
        let (before, after) = (run(2 * seed, 1.0, 1.0, 0.5), run(2 * seed + 1, 0.9, 1.0, 0.5));
        let changes = Changes::between(&before, &after);
        assert_eq!(changes.significant().count(), 0, "seed {seed}: {}", changes.in_words());
    }
}

#[test]
fn runs_agree_whose_signs_are_the_same() {
    let (one, other) = (run(1, 1.3, 1.0, 0.01), run(2, 1.2, 0.5, 0.01));
    let agreement = Agreement::between(&one, &other);
    assert!(agreement.holds(), "{}", agreement.in_words());
    assert_eq!((agreement.compared, agreement.called.len()), (3, 3), "{}", agreement.in_words());
    assert!(agreement.in_words().contains("3 are significant in both runs and 0 in one only"));
}

#[test]
fn a_sign_that_differs_is_named() {
    let (one, other) = (run(1, 1.2, 1.0, 0.01), run(2, 0.9, 1.0, 0.01));
    let agreement = Agreement::between(&one, &other);
    assert!(!agreement.holds(), "{}", agreement.in_words());
    let reversed: Vec<_> = agreement.reversed().map(|called| called.what.as_str()).collect();
    let what = format!("mutex/Mutex beside mutex/parking_lot, {CROWD}");
    assert_eq!(reversed, [what.as_str()]);
    assert!(agreement.in_words().contains("THE OTHER WAY ROUND"), "{}", agreement.in_words());
}

/// One run may see more than the other, as long as they see the same lock ahead.
#[test]
fn what_one_run_calls_has_the_same_sign_in_the_other() {
    let (sure, unsure) = (run(1, 1.1, 1.0, 0.005), run(2, 1.1, 1.0, 0.15));
    let agreement = Agreement::between(&sure, &unsure);
    let parking_lot = agreement.called.iter().find(|called| called.what.contains("parking_lot"));
    assert_eq!(parking_lot.map(|called| called.by), Some([true, false]));
    let (sure, turned) = (run(1, 1.1, 1.0, 0.005), run(2, 0.95, 1.0, 0.3));
    let agreement = Agreement::between(&sure, &turned);
    assert_eq!(agreement.reversed().map(|called| called.by).collect::<Vec<_>>(), [[true, false]]);
}
