//! How large each function is, as a binary and as the zip that is uploaded.

use std::path::Path;
use std::process::Command;

use super::world::{FUNCTIONS, World};

const ZIP: &str = "import sys, zipfile\n\
    with zipfile.ZipFile(sys.argv[2], 'w', zipfile.ZIP_DEFLATED, compresslevel=9) as out:\n    \
    out.write(sys.argv[1], 'bootstrap')";
const MB: f64 = 1_000_000.0;

pub fn measure(world: &World) {
    println!("\n| function | binary MB | zip MB | goal |");
    println!("|---|---|---|---|");
    for function in FUNCTIONS {
        let binary = World::binary(function);
        let zipped = world.folder().join(format!("{function}.zip"));
        let status = Command::new("python3").args(["-c", ZIP]).args([&binary, &zipped]).status().unwrap();
        assert!(status.success(), "{function} cannot be zipped");
        let goal = if function == "sync_worker" { 5.5 } else { 3.0 };
        println!("| {function} | {:.2} | {:.2} | {goal} |", size(&binary) / MB, size(&zipped) / MB);
    }
}

#[expect(clippy::cast_precision_loss, reason = "no file is that large")]
fn size(file: &Path) -> f64 {
    std::fs::metadata(file).unwrap().len() as f64
}
