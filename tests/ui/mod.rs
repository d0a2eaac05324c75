//! The window, driven by events made by hand: each promise of the screen by label, and a few pictures.

mod approve;
mod ceremony;
mod compare;
mod desk;
mod diff;
mod findings;
mod fixture;
mod pictures;
mod restore;
mod roster;
mod run;
mod shell;
mod stop;
mod text;
mod walk;
