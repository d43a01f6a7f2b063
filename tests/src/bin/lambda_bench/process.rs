//! What it takes each function to be ready: CPU and memory up to its first `next`, the warm-up at a table and a vault on
//! this machine included.

use super::runtime::{Function, Usage};
use super::world::{FUNCTIONS, World};

const STARTS: usize = 20;

pub async fn measure(world: &World) {
    println!("\n| function | CPU ms to the first `next`, median of {STARTS} | goal | peak MB | goal |");
    println!("|---|---|---|---|---|");
    for function in FUNCTIONS {
        let variables = world.variables_of(function).await;
        let mut starts: Vec<Usage> = Vec::with_capacity(STARTS);
        for _ in 0..STARTS {
            starts.push(Function::start(&World::binary(function), &variables).await.usage());
        }
        starts.sort_by(|one, other| one.cpu_ms.total_cmp(&other.cpu_ms));
        let peak = starts.iter().map(|usage| usage.peak_mb).fold(0.0, f64::max);
        println!("| {function} | {:.1} | 25 | {peak:.1} | 30 |", starts[STARTS / 2].cpu_ms);
    }
}
