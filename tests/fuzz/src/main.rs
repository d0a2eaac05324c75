//! Takes bytes from libFuzzer; gives them to the target that `COUNTERSIGN_FUZZ` names; refuses a target that is not there.

#![no_main]

#[path = "../connection.rs"]
mod connection;
#[path = "../../../src/adapter/dump/mod.rs"]
#[allow(dead_code, reason = "the shelf is nobody's here")]
mod dump;
#[path = "../targets.rs"]
#[allow(dead_code, reason = "the house writes seeds by it")]
mod targets;

use std::sync::OnceLock;

// The dump reader stands in the console and knows the core by these names.
use countersign::{port, restore, runbook};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    static TARGET: OnceLock<targets::Target> = OnceLock::new();
    let target = TARGET.get_or_init(|| {
        let name = std::env::var("COUNTERSIGN_FUZZ").unwrap_or_default();
        targets::named(&name).unwrap_or_else(|| panic!("COUNTERSIGN_FUZZ names no target: `{name}`"))
    });
    target(data);
});
