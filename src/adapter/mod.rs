//! Takes the doors named in [`crate::port`]; gives what stands behind them; refuses to know any room but the core.
//!
//! Each adapter knows one part of the world and no other adapter.

pub mod clock;
pub mod dump;
pub mod files;
pub mod postgres;
pub mod ssh;
