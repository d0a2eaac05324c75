//! Takes bytes from libFuzzer; gives them to the target that `COUNTERSIGN_FUZZ` names; refuses a target that is not there.

#![no_main]

#[path = "../connection.rs"]
mod connection;
#[path = "../targets.rs"]
mod targets;

use std::sync::OnceLock;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    static TARGET: OnceLock<targets::Target> = OnceLock::new();
    let target = TARGET.get_or_init(|| {
        let name = std::env::var("COUNTERSIGN_FUZZ").unwrap_or_default();
        targets::named(&name).unwrap_or_else(|| panic!("COUNTERSIGN_FUZZ names no target: `{name}`"))
    });
    target(data);
});
