//! The parts that pages are made of.

pub mod diff;
pub mod diff_export;
pub mod escape;
pub mod form;
pub mod icon;
pub mod mark;
pub mod page;
pub mod signer;
pub mod sql;
pub mod text;
