//! What the functions cost: size, start, memory and CPU of each process, measured on the binaries that are shipped; then
//! what one change costs in the table, the queue and the vault, counted on a deployed stack.
//!
//! `cargo xtask bench lambda` builds what it measures. Goals stand beside the figures; nothing fails by them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout)]

mod changes;
#[path = "../../../../xtask/src/prices.rs"]
mod prices;
mod process;
mod runtime;
mod size;
mod warm;
mod world;

use world::World;

#[tokio::main]
async fn main() {
    let Some(world) = World::open().await else { std::process::exit(2) };
    size::measure(&world);
    process::measure(&world).await;
    warm::measure(&world).await;
    drop(world);
    changes::measure().await;
}
