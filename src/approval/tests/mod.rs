//! The approval room, tried: rosters, signatures, and every state of the protocol for a small roster.

mod governed;
mod import;
mod protocol;
mod roster;
mod signature;
