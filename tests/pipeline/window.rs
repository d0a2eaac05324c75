//! A window's worker without its window: what it is asked, and what it says.

use std::sync::Arc;
use std::time::Duration;

use countersign::cli::wiring;
use countersign::port::KeyChoice;
use countersign::session::{Command, Environment, Event, Failure, KnownLedgers, SignAs, Worker, WorkerLink, World};

use super::demo::Demo;
use crate::support::runtime;

/// A worker that has a demo's runbook and a baseline open, and is connected.
pub struct Window(WorkerLink);

impl Window {
    pub fn open(demo: &Demo, baseline: &str) -> Self {
        let ledgers = Arc::new(KnownLedgers::new(Some(demo.path("window"))));
        let world = World { ledgers, ..wiring::world() };
        let window = {
            let _inside = runtime().enter();
            Self(Worker::start(world, Arc::new(|| ())))
        };
        window.ask(Command::OpenRunbook(demo.text("runbook").into()));
        window.ask(Command::Connect { text: demo.text("url").to_owned(), environment: Environment::Staging });
        window.ask(Command::OpenBaseline(baseline.into()));
        window
    }

    /// Asks, waits until it has ended well, and gives what was said on the way.
    pub fn ask(&self, command: Command) -> Vec<Event> {
        self.send(command);
        let (said, failure) = self.heard();
        assert_eq!(failure, None);
        said
    }

    /// Asks without waiting.
    pub fn send(&self, command: Command) {
        self.0.commands.blocking_send(command).unwrap();
    }

    /// Waits until what was asked has ended; gives what was said on the way, and why it failed.
    pub fn heard(&self) -> (Vec<Event>, Option<Failure>) {
        let mut said = Vec::new();
        loop {
            match self.0.events.recv_timeout(Duration::from_mins(2)).expect("an answer") {
                Event::Finished => return (said, None),
                Event::Failed(failure) => return (said, Some(failure)),
                event => said.push(event),
            }
        }
    }
}

/// Names somebody with the key.
pub fn sign(who: &(String, String)) -> SignAs {
    SignAs { principal: who.0.as_str().into(), key: KeyChoice::File(who.1.clone().into()), passphrase: None }
}
