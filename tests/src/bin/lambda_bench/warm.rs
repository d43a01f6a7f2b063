//! What an event costs a function that is warm, and whether its memory grows. The door of the providers' notifications is
//! set beside a function that makes the same requests of the table and nothing else.

use serde_json::Value;

use super::runtime::Function;
use super::world::World;

const ROUNDS: usize = 5;
const EVENTS: usize = 200;

pub async fn measure(world: &World) {
    println!("\n| function | event | CPU ms an event | MB after 100 | MB after 1,000 | grown, goal 2 |");
    println!("|---|---|---|---|---|---|");
    for (function, what, event) in World::events() {
        let mut warm = Function::start(&World::binary(function), &world.variables_of(function).await).await;
        play(&mut warm, &event, 100).await;
        let early = warm.usage();
        play(&mut warm, &event, 900).await;
        let late = warm.usage();
        let grown = late.resident_mb - early.resident_mb;
        println!(
            "| {function} | {what} | {:.3} | {:.1} | {:.1} | {grown:.1} |",
            (late.cpu_ms - early.cpu_ms) / 900.0,
            early.resident_mb,
            late.resident_mb
        );
    }
    beside_bare(world).await;
}

/// Turn by turn, so that whatever else the machine does meets both.
async fn beside_bare(world: &World) {
    let event = World::notification();
    let variables = world.variables_of("provider_webhook").await;
    let mut door = Function::start(&World::binary("provider_webhook"), &variables).await;
    let mut bare = Function::start(&World::binary("examples/bare"), &variables).await;
    play(&mut door, &event, 100).await;
    play(&mut bare, &event, 100).await;
    let mut more = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let (of_door, of_bare) = (cpu(&mut door, &event).await, cpu(&mut bare, &event).await);
        more.push(of_door - of_bare);
    }
    more.sort_by(f64::total_cmp);
    println!(
        "\na notification costs {:.3} ms of CPU more than a function that only makes the same requests of the table \
         (median of {ROUNDS} rounds of {EVENTS}; goal 0.3)",
        more[ROUNDS / 2]
    );
}

/// Milliseconds for each event.
#[expect(clippy::cast_precision_loss, reason = "few events")]
async fn cpu(function: &mut Function, event: &Value) -> f64 {
    let before = function.usage().cpu_ms;
    play(function, event, EVENTS).await;
    (function.usage().cpu_ms - before) / EVENTS as f64
}

async fn play(function: &mut Function, event: &Value, times: usize) {
    for _ in 0..times {
        function.invoke(event).await;
    }
}
