//! The use cases, one a room, over the ports. The two faces ask it through [`Command`] and hear [`Event`]s.

mod build;
mod command;
mod decide;
mod drive;
mod end_session;
mod event;
mod execute;
mod failure;
mod finding;
mod known;
mod ledger;
mod restart;
mod restore;
mod roster;
mod shelf;
mod stage;
mod stop;
mod stopped_here;
mod survey;
mod touch;
mod trust;
mod watch;
mod words;
mod worker;
mod world;

pub use build::{Building, rehearse_build};
pub use command::{Command, Environment, SignAs};
pub use decide::{Approval, ToSign, approve, decide, read_signature, reject, to_sign, withdraw};
pub use end_session::{OpenSession, SessionChoice, open_sessions, stage_end_session};
pub use event::*;
pub use execute::{LeftFinding, Ran, prove_again, run, run_with};
pub use finding::{export_finding, is_of_finding, verify_finding, verify_finding_against};
pub use known::{Audit, KnownLedgers, audit_ledger, open_ledger};
pub use ledger::{LedgerMemory, Opened, find_request, outcome_failure, read_ledger};
pub use restart::{
    RestartLook, RestartSaid, RestartStanding, Verdicts, accept_differences, authorise_steps, look_at_restart,
    recheck_record, write_divergence,
};
pub use restore::{
    RestoreChoice, Restoring, SeenDifference, compare_with_dump, open_dump, search_difference, stage_restore,
};
pub use roster::{
    ROSTER_OPEN_FOR, RosterStanding, approve_roster, find_proposal, propose_roster, read_roster, withdraw_roster,
};
pub use shelf::{BesideEachOther, FindingAbout, Kept, export_about, export_kept, findings, sign_finding, sign_kept};
pub use stage::{StagedRequest, Staging, failed_rehearsal, rehearse, stage, stop_hint};
pub use stop::{Declaring, Latch, StopLook, StopSource, declare_stop, latch, look_at_stops, upload_stops};
pub use stopped_here::{HeldStop, held_here};
pub use survey::{
    ledger_baseline, open_baseline, open_runbook, read_baseline, read_runbook, save_baseline, survey, survey_and_latch,
    survey_and_latch_telling, take_baseline, usable, with_accepted,
};
pub use worker::{Worker, WorkerLink};
pub use world::{Cancel, Doors, Watch, World};
