//! What stands around every page: band, title, tabs, steps rail, evidence, footer, palette.

pub mod band;
pub mod evidence;
pub mod footer;
pub mod palette;
pub mod rail;
pub mod title;
