//! One test binary: each module walks through one part of the house with real servers, keys and windows.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod cli;
mod corpus;
mod crash;
mod fuzz;
mod keys;
mod pipeline;
mod postgres;
mod sample;
mod support;
mod tidy;
mod ui;
