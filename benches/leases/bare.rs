//! The redis-rs client without a library around it, with the commands of any lock.

use std::time::Instant;

use lockset_bench_leases::redis_client::connect;
use redis::{Client, Cmd, Value};
use tokio::runtime::Builder;

use crate::commands::Command;

/// How long each of so many repetitions of `commands` takes a thread that blocks.
pub(crate) fn blocking(url: &str, commands: &[Command], count: usize) -> Vec<f64> {
    let client = Client::open(url).expect("a URL");
    let mut connection = client.get_connection().expect("the server is there");
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        for command in commands {
            built(command).query::<Value>(&mut connection).expect("the server answers");
        }
        times.push(start.elapsed().as_secs_f64());
    }
    times
}

/// How long it takes a task on a runtime of one thread.
pub(crate) fn in_a_task(url: &str, commands: &[Command], count: usize) -> Vec<f64> {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let mut connection = connect(url).await;
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            let start = Instant::now();
            for command in commands {
                let answer = built(command).query_async::<Value>(&mut connection).await;
                answer.expect("the server answers");
            }
            times.push(start.elapsed().as_secs_f64());
        }
        times
    })
}

/// Anew each time, as a lock has to, whose name or request may be another.
fn built(command: &Command) -> Cmd {
    let mut built = Cmd::new();
    command.iter().for_each(|word| _ = built.arg(word.as_slice()));
    built
}
