//! Running a model: on all interleavings that the bound allows, or on some that are drawn.

/// Explores a model with at most so many preemptions, or all of it.
///
/// `LOCKSET_DEEPER` adds to the bound: what `cargo xtask test --deep` does.
#[cfg(lockset_loom)]
pub fn explore(preemptions: Option<usize>, model: impl Fn() + Sync + Send + 'static) {
    let deeper = std::env::var("LOCKSET_DEEPER").ok().and_then(|more| more.parse().ok());
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions.map(|bound| bound + deeper.unwrap_or(0));
    builder.check(model);
}

/// Runs a model on so many schedules that are drawn evenly, and on as many that PCT draws; or on
/// the one that `LOCKSET_SCHEDULE` has.
#[cfg(all(lockset_shuttle, not(lockset_loom)))]
pub fn explore(schedules: usize, model: impl Fn() + Copy + Send + Sync + 'static) {
    use shuttle::scheduler::{PctScheduler, RandomScheduler, ReplayScheduler, Scheduler};

    /// How many preemptions PCT looks for: known bugs of locks need two or three.
    const PCT_DEPTH: usize = 3;
    /// The stack of a thread, in bytes: a table of locks is on it for a moment, as it is made.
    const STACK: usize = 256 * 1024;

    fn run(scheduler: impl Scheduler + 'static, model: impl Fn() + Send + Sync + 'static) {
        let mut config = shuttle::Config::new();
        config.stack_size = STACK;
        // That it treats every ordering as the strongest is no news here.
        config.silence_warnings = true;
        shuttle::Runner::new(scheduler, config).run(model);
    }

    if let Ok(schedule) = std::env::var("LOCKSET_SCHEDULE") {
        return run(ReplayScheduler::new_from_encoded(&schedule), model);
    }
    run(RandomScheduler::new(schedules), model);
    run(PctScheduler::new(PCT_DEPTH, schedules), model);
}
