//! The use cases, one a room, over the ports. The two faces ask it through [`Command`] and hear [`Event`]s.

mod command;
mod event;

pub use command::{Command, Environment, SignAs};
pub use event::*;
