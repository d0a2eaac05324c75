//! Moments that the matrix does not make: a session that idles, a statement that takes too long, and an interrupt while the
//! COMMIT is on its way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::Duration;

use countersign::run::Outcome;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::cell::{Again, Proved, Told, Way, commit_of, cut, messages, settle};
use super::proxy::{Cut, Deed, Proxy, When};
use crate::cli::interrupted::start_over;
use crate::cli::stand::Stand;
use crate::support::{database, run};

#[test]
fn a_session_that_idles_too_long_is_ended_by_the_server_and_rolls_back() {
    let stand = Stand::on(database(), &[("idle_in_transaction", "5s")]);
    let messages = messages(&stand, false);
    stand.build();
    let statement = messages.iter().find(|message| message.words.starts_with("DELETE FROM")).expect("a statement");
    let idle: Arc<dyn Fn() + Send + Sync> = Arc::new(|| std::thread::sleep(Duration::from_secs(7)));
    let mut again = Again::of(&stand);
    for at in [statement, commit_of(&messages)] {
        let staged = again.approved(&stand);
        let told = cut(&stand, &staged, at, &Way::Meanwhile(When::Before, Arc::clone(&idle)));
        let proved = settle(&stand, &staged, told, &at.words);
        assert_eq!((told, proved), (Told::RolledBack, Proved::RolledBack), "{at:?}");
    }
}

#[test]
fn a_statement_that_takes_longer_than_its_timeout_rolls_back() {
    let stand = Stand::on(database(), &[("statement", "6s")]);
    let request = stand.approved();
    stand.load(
        "CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(30); RETURN OLD; END $$; \
         CREATE TRIGGER slow BEFORE DELETE ON public.vocabulary FOR EACH ROW EXECUTE FUNCTION public.slow()",
    );
    stand.rolls_back(&request, "57014");
}

/// Ctrl-C while the COMMIT is in flight: the program says nothing before the server has said it.
#[test]
fn an_interrupt_while_commit_is_in_flight_is_answered_by_what_the_server_said() {
    for when in [When::Before, When::After] {
        let stand = Stand::new();
        let messages = messages(&stand, true);
        stand.build();
        let request = stand.approved();
        let (pid, waited) = (Arc::new(AtomicI32::new(0)), Arc::new(AtomicBool::new(false)));
        let interrupt: Arc<dyn Fn() + Send + Sync> = {
            let (pid, waited) = (Arc::clone(&pid), Arc::clone(&waited));
            Arc::new(move || {
                let process = loop {
                    match Pid::from_raw(pid.load(Ordering::SeqCst)) {
                        Some(process) => break process,
                        None => std::thread::sleep(Duration::from_millis(1)),
                    }
                };
                kill_process(process, Signal::INT).expect("it runs");
                std::thread::sleep(Duration::from_millis(400));
                waited.store(test_kill_process(process).is_ok(), Ordering::SeqCst);
            })
        };
        let cut = Cut { at: commit_of(&messages).clone(), when, deed: Deed::Meanwhile(interrupt) };
        let proxy = run(Proxy::start(stand.database.socket.clone(), Some(cut)));
        let desk = start_over(&stand, &proxy.url(&stand.database.name), &request);
        pid.store(i32::try_from(desk.id()).expect("a process"), Ordering::SeqCst);
        let output = desk.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(proxy.is_cut() && waited.load(Ordering::SeqCst), "{when:?}: it did not wait for the answer");
        assert_eq!(output.status.code(), Some(0), "{when:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains("committed"), "{when:?}: {said}");
        assert!(stand.is_reversed());
        assert!(matches!(stand.prove(&request), Ok(Outcome::Committed)));
    }
}
