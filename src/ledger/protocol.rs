//! Every state of the approval protocol for four people and two plans, found by a model checker over the very code that
//! decides: [`replay`], [`check_roster`], [`countersign`] and [`gate`].
//!
//! The checker walks through what people may do, in any order: approve, withdraw, reject, change the roster, begin, commit,
//! and let time pass. In every state the code's answers are held against a rule of three lines that knows no signatures and
//! no ledger ([`World::may_begin`], [`World::may_commit`]): the two must agree both ways, so the code neither lets in nor
//! keeps out anybody it should not.
//!
//! States are kept as facts, not as ledgers, because ledgers that differ in the order of two people's approvals are the same
//! to everybody. Each fact keeps the order that matters: before the plan's intent, or after it.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::sync::{Arc, Mutex};

use stateright::{Checker, Model, Property};

use super::{Body, Entry, GENESIS, RequestStatus, gate, replay};
use crate::approval::fixture::{
    Desk, SINCE, approve_roster, at, genesis, in_force, noon, person, principal, propose, sign,
};
use crate::approval::{
    Countersigned, Decision, Namespace, RosterAct, RosterDeed, check_roster, countersign, decision_bytes, parse_roster,
};
use crate::digest::Digest;
use crate::run::{Evidence, Outcome, RunToken};

/// Everybody: four human reviewers. `an` asks for the first plan and `binh` for the second, which `chi` has edited.
const PEOPLE: [&str; 4] = ["an", "binh", "chi", "dung"];
/// Who asks for each plan.
const REQUESTERS: [usize; 2] = [0, 1];
/// Who edited each plan's runbook.
const EDITORS: [Option<usize>; 2] = [None, Some(2)];

/// What somebody has said about a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Word {
    Nothing,
    Approves,
    /// Approved, and withdrew before the run's intent.
    Withdrew,
    /// Approved, and withdrew after the run's intent.
    WithdrewLate,
}

/// Whether somebody rejected a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Rejection {
    None,
    Before,
    /// After the run's intent.
    Late,
}

/// Where a plan stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stand {
    Waiting,
    /// Its intent is in the ledger.
    Begun,
    Committed,
    RolledBack,
}

/// What has become of the roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Roster {
    /// Version 1, which both plans name.
    First,
    /// `an` has proposed version 2, without `dung`; nobody else has signed it.
    Proposed,
    /// `binh` has signed it: it is in force.
    Second,
}

/// One plan's facts. When a run has ended, what led to it is forgotten, but for the people who carried it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Facts {
    words: [Word; 4],
    rejection: Rejection,
    stand: Stand,
    /// Whether a commit was reached as the rule says.
    lawful: bool,
}

/// One state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    plans: [Facts; 2],
    roster: Roster,
    expired: bool,
}

/// Something that somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Act {
    Approve(usize, usize),
    Withdraw(usize, usize),
    Reject(usize),
    ChangeRoster,
    Expire,
    Begin(usize),
    Commit(usize),
}

impl World {
    fn begin() -> Self {
        let plan = Facts { words: [Word::Nothing; 4], rejection: Rejection::None, stand: Stand::Waiting, lawful: true };
        Self { plans: [plan; 2], roster: Roster::First, expired: false }
    }

    /// D-70: people who approve now, and neither asked for the plan nor edited it.
    fn people(&self, plan: usize) -> usize {
        let counts = |who: &usize| {
            self.plans[plan].words[*who] == Word::Approves && *who != REQUESTERS[plan] && Some(*who) != EDITORS[plan]
        };
        (0..PEOPLE.len()).filter(counts).count()
    }

    /// The rule: two people, nobody against it, in time, under the roster it names, and not used (D-70 … D-74).
    fn may_begin(&self, plan: usize) -> bool {
        let Facts { words: _, rejection, stand, lawful: _ } = self.plans[plan];
        let is_open = stand == Stand::Waiting && rejection == Rejection::None;
        is_open && !self.expired && self.roster != Roster::Second && self.people(plan) >= 2
    }

    /// The rule: nobody has taken a word back since, nobody is against it, and the roster still holds.
    fn may_commit(&self, plan: usize) -> bool {
        let Facts { words, rejection, stand, lawful: _ } = self.plans[plan];
        let is_kept = !words.contains(&Word::WithdrewLate) && rejection == Rejection::None;
        stand == Stand::Begun && is_kept && self.roster != Roster::Second
    }
}

/// The documents and signatures, made once.
struct Papers {
    desks: [Desk; 2],
    /// By plan and person.
    approvals: Vec<Vec<Body>>,
    withdrawals: Vec<Vec<Body>>,
    rejections: Vec<Body>,
    staged: Vec<Body>,
    intents: Vec<Body>,
    genesis: Vec<RosterDeed>,
    second: [RosterDeed; 2],
}

fn roster_text(people: &[&str]) -> String {
    let people: String = people.iter().map(|who| person(who, "human", r#"["reviewer", "operator"]"#)).collect();
    format!("format = 1\n\n{people}")
}

impl Papers {
    fn new() -> Self {
        let text = roster_text(&PEOPLE);
        let desk = |plan: usize| {
            let mut desk = Desk::new();
            desk.roster = parse_roster(&text).unwrap();
            let nonce = format!("{plan}").repeat(32);
            (desk.plan.nonce, desk.request.nonce) = (nonce.clone(), nonce);
            let requester = principal(PEOPLE[REQUESTERS[plan]]);
            (desk.plan.requester, desk.request.requester) = (requester.clone(), requester);
            desk.plan.editor = EDITORS[plan].map(|who| principal(PEOPLE[who]));
            desk.bind();
            desk
        };
        let desks = [desk(0), desk(1)];
        let digest = |desk: &Desk| Digest::of(&desk.bytes());
        let decided = |desk: &Desk, decision: Decision, who: &str| {
            sign(who, decision.namespace(), &decision_bytes(decision, digest(desk), "for the test"))
        };
        let by = |body: &dyn Fn(&Desk, &str) -> Body| {
            desks.iter().map(|desk| PEOPLE.iter().map(|who| body(desk, who)).collect()).collect()
        };
        let approvals = by(&|desk, who| Body::Approved { request_digest: digest(desk), signature: desk.approval(who) });
        let withdrawals = by(&|desk, who| Body::Withdrawn {
            request_digest: digest(desk),
            reason: "for the test".to_owned(),
            signature: decided(desk, Decision::Withdraw, who),
        });
        let rejections = desks.iter().map(|desk| Body::Rejected {
            request_digest: digest(desk),
            reason: "for the test".to_owned(),
            signature: decided(desk, Decision::Reject, "dung"),
        });
        let staged = desks.iter().map(|desk| Body::Staged {
            request: String::from_utf8(desk.bytes()).unwrap(),
            plan: desk.sealed().text().to_owned(),
            rehearsal: crate::plan::canonical(&desk.rehearsal).unwrap(),
            baseline: String::new(),
            roster: text.clone(),
            signature: sign("an", Namespace::Stage, &desk.bytes()),
        });
        let intents = desks.iter().enumerate().map(|(plan, desk)| Body::Intent {
            request_digest: digest(desk),
            run: run(plan),
            operator: principal("an"),
            signature: sign("an", Namespace::Operate, &desk.bytes()),
        });
        let (rejections, staged, intents) = (rejections.collect(), staged.collect(), intents.collect());
        let genesis = genesis(&text);
        assert_eq!(in_force(&genesis).roster().text, text);
        let (proposed, document) = propose(&genesis, &roster_text(&["an", "binh", "chi"]), "an");
        let second = [proposed, approve_roster(&document, "binh")];
        Self { desks, approvals, withdrawals, rejections, staged, intents, genesis, second }
    }

    /// Writes the ledger of a state. `alone` leaves out what was said of the other plan.
    fn ledger(&self, world: &World, alone: Option<usize>) -> Vec<Entry> {
        let mut bodies: Vec<Body> = self.genesis.iter().map(body_of).collect();
        bodies.extend(self.staged.iter().cloned());
        let plans = || (0..2).filter(|plan| alone.is_none_or(|only| only == *plan));
        for plan in plans() {
            let facts = &world.plans[plan];
            for (who, word) in facts.words.iter().enumerate() {
                let (approval, withdrawal) = (&self.approvals[plan][who], &self.withdrawals[plan][who]);
                match word {
                    Word::Nothing => {}
                    Word::Approves | Word::WithdrewLate => bodies.push(approval.clone()),
                    Word::Withdrew => bodies.extend([approval.clone(), withdrawal.clone()]),
                }
            }
            if facts.rejection == Rejection::Before {
                bodies.push(self.rejections[plan].clone());
            }
            if facts.stand != Stand::Waiting {
                bodies.push(self.intents[plan].clone());
            }
        }
        let changes = match world.roster {
            Roster::First => 0,
            Roster::Proposed => 1,
            Roster::Second => 2,
        };
        bodies.extend(self.second[..changes].iter().map(body_of));
        for plan in plans() {
            let facts = &world.plans[plan];
            let late = facts.words.iter().enumerate().filter(|(_, word)| **word == Word::WithdrewLate);
            bodies.extend(late.map(|(who, _)| self.withdrawals[plan][who].clone()));
            if facts.rejection == Rejection::Late {
                bodies.push(self.rejections[plan].clone());
            }
            bodies.extend(self.end(plan, facts.stand));
        }
        (1..).zip(bodies).map(|(seq, body)| entry(seq, &body)).collect()
    }

    /// The entry that ends a run.
    fn end(&self, plan: usize, stand: Stand) -> Option<Body> {
        let request_digest = Digest::of(&self.desks[plan].bytes());
        let outcome = match stand {
            Stand::Waiting | Stand::Begun => return None,
            Stand::Committed => {
                let token = RunToken {
                    run: run(plan),
                    stage: 0,
                    xid: "7".to_owned(),
                    pid: 1,
                    backend_start: String::new(),
                    system_identifier: String::new(),
                    timeline: 1,
                };
                return Some(Body::Committed { request_digest, run: run(plan), stage: 0, stages: 1, token });
            }
            Stand::RolledBack => {
                Outcome::RolledBack { reason: "the ledger forbids it".to_owned(), committed: Vec::new() }
            }
        };
        Some(Body::Ended { request_digest, run: run(plan), outcome, evidence: Evidence::default() })
    }

    /// Asks the code whether a plan may begin, as `run` does: it must be open, and two people must have signed it.
    fn begins(&self, plan: usize, entries: &[Entry], expired: bool) -> bool {
        let desk = &self.desks[plan];
        let state = replay(entries);
        let request = state.request(Digest::of(&desk.bytes())).expect("the plan was staged");
        if request.status != RequestStatus::Open || state.stop().is_some() {
            return false;
        }
        let now = if expired { at("2026-06-02T12:00:00Z") } else { noon() };
        let signatures: Vec<_> = request.approvals.iter().map(|approval| approval.signature.clone()).collect();
        let Ok(version) = check_roster(&desk.plan, &state.rosters) else { return false };
        countersign(desk.sealed(), &desk.rehearsal, desk.request.clone(), &signatures, &version, now).is_ok()
    }

    /// Asks the code whether a run that began may commit, as the machine does just before COMMIT.
    fn commits(&self, plan: usize, world: &World, entries: &[Entry]) -> bool {
        let opened = self.opened(plan, world);
        gate(entries, opened.request_digest(), &run(plan)).forbids(&opened).is_none()
    }

    /// What opened the door when the plan began: late words were approvals then, and the roster was the first.
    fn opened(&self, plan: usize, world: &World) -> Countersigned {
        let desk = &self.desks[plan];
        let signed = world.plans[plan].words.iter().enumerate();
        let signed = signed.filter(|(_, word)| matches!(word, Word::Approves | Word::WithdrewLate));
        let signatures: Vec<_> = signed.map(|(who, _)| desk.approval(PEOPLE[who])).collect();
        let version = check_roster(&desk.plan, &self.genesis).unwrap();
        countersign(desk.sealed(), &desk.rehearsal, desk.request.clone(), &signatures, &version, noon()).unwrap()
    }
}

fn run(plan: usize) -> String {
    format!("run-{plan}")
}

fn body_of(deed: &RosterDeed) -> Body {
    match deed.act.clone() {
        RosterAct::Proposed { document, roster, signature } => Body::RosterProposed { document, roster, signature },
        RosterAct::Approved { proposal_digest, signature } => Body::RosterApproved { proposal_digest, signature },
        RosterAct::Withdrawn { proposal_digest, reason, signature } => {
            Body::RosterWithdrawn { proposal_digest, reason, signature }
        }
    }
}

/// The chain is another room's matter: nothing here reads hashes.
fn entry(seq: u64, body: &Body) -> Entry {
    Entry {
        seq,
        at: SINCE.to_owned(),
        actor: "desk".to_owned(),
        xid: "7".to_owned(),
        kind: body.kind().to_owned(),
        body: body.to_text(),
        previous: GENESIS,
        hash: GENESIS,
    }
}

/// What an answer depends on: which plan, its facts, the roster's, and whether time is up.
type Asked = (usize, Facts, Roster, bool);

/// What the code says of a plan: may it begin, may it commit.
type Verdict = (bool, bool);

/// The model: the papers, and what the code has said already of one plan's facts.
#[derive(Clone)]
struct Protocol {
    papers: Arc<Papers>,
    known: Arc<Mutex<HashMap<Asked, Verdict>>>,
}

impl Protocol {
    fn ask(&self, world: &World, plan: usize, alone: Option<usize>) -> Verdict {
        let entries = self.papers.ledger(world, alone);
        let begins = self.papers.begins(plan, &entries, world.expired);
        let commits = world.plans[plan].stand == Stand::Begun && self.papers.commits(plan, world, &entries);
        (begins, commits)
    }

    /// Asks the code, once for each plan's facts. That the other plan makes no difference says another property.
    fn verdict(&self, world: &World, plan: usize) -> Verdict {
        let key = (plan, world.plans[plan], world.roster, world.expired);
        if let Some(known) = self.known.lock().unwrap().get(&key) {
            return *known;
        }
        let verdict = self.ask(world, plan, Some(plan));
        self.known.lock().unwrap().insert(key, verdict);
        verdict
    }
}

impl Model for Protocol {
    type State = World;
    type Action = Act;

    fn init_states(&self) -> Vec<World> {
        vec![World::begin()]
    }

    fn actions(&self, world: &World, acts: &mut Vec<Act>) {
        for (plan, facts) in world.plans.iter().enumerate() {
            let (begins, _) = self.verdict(world, plan);
            match facts.stand {
                Stand::Waiting => {
                    // Whoever may append to the ledger: who requested or edited tries as well.
                    for (who, word) in facts.words.iter().enumerate() {
                        match word {
                            Word::Nothing => acts.push(Act::Approve(plan, who)),
                            Word::Approves => acts.push(Act::Withdraw(plan, who)),
                            Word::Withdrew | Word::WithdrewLate => {}
                        }
                    }
                    if facts.rejection == Rejection::None {
                        acts.push(Act::Reject(plan));
                    }
                    if begins {
                        acts.push(Act::Begin(plan));
                    }
                }
                Stand::Begun => {
                    let approves = facts.words.iter().enumerate().filter(|(_, word)| **word == Word::Approves);
                    acts.extend(approves.map(|(who, _)| Act::Withdraw(plan, who)));
                    if facts.rejection == Rejection::None {
                        acts.push(Act::Reject(plan));
                    }
                    acts.push(Act::Commit(plan));
                }
                Stand::Committed | Stand::RolledBack => {}
            }
        }
        if world.roster != Roster::Second {
            acts.push(Act::ChangeRoster);
        }
        if !world.expired {
            acts.push(Act::Expire);
        }
    }

    fn next_state(&self, world: &World, act: Act) -> Option<World> {
        let mut next = world.clone();
        match act {
            Act::Approve(plan, who) => next.plans[plan].words[who] = Word::Approves,
            Act::Withdraw(plan, who) => {
                let is_late = world.plans[plan].stand == Stand::Begun;
                next.plans[plan].words[who] = if is_late { Word::WithdrewLate } else { Word::Withdrew };
            }
            Act::Reject(plan) => {
                let is_late = world.plans[plan].stand == Stand::Begun;
                next.plans[plan].rejection = if is_late { Rejection::Late } else { Rejection::Before };
            }
            Act::ChangeRoster => {
                next.roster = if world.roster == Roster::First { Roster::Proposed } else { Roster::Second };
            }
            Act::Expire => next.expired = true,
            Act::Begin(plan) => next.plans[plan].stand = Stand::Begun,
            Act::Commit(plan) => {
                let (_, commits) = self.verdict(world, plan);
                let lawful = world.may_commit(plan) && world.people(plan) >= 2;
                next.plans[plan] = Facts {
                    words: [Word::Nothing; 4],
                    rejection: Rejection::None,
                    stand: if commits { Stand::Committed } else { Stand::RolledBack },
                    lawful: !commits || lawful,
                };
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("nothing is committed without two people", |_, world: &World| {
                world.plans.iter().all(|plan| plan.lawful)
            }),
            Property::always("a run begins when the rule lets it, and only then", |model: &Self, world: &World| {
                (0..2).all(|plan| model.verdict(world, plan).0 == world.may_begin(plan))
            }),
            Property::always("a run commits when the rule lets it, and only then", |model: &Self, world: &World| {
                (0..2).all(|plan| model.verdict(world, plan).1 == world.may_commit(plan))
            }),
            Property::always("what is said of one plan means nothing to the other", |model: &Self, world: &World| {
                // Every 1024th state is asked again with the whole ledger: each question costs signatures.
                BuildHasherDefault::<DefaultHasher>::default().hash_one(world) % 1024 != 0
                    || (0..2).all(|plan| model.ask(world, plan, None) == model.verdict(world, plan))
            }),
            Property::sometimes("both plans are committed", |_, world: &World| {
                world.plans.iter().all(|plan| plan.stand == Stand::Committed)
            }),
            Property::sometimes("a run is rolled back by a late word", |_, world: &World| {
                world.roster == Roster::First && world.plans.iter().any(|plan| plan.stand == Stand::RolledBack)
            }),
            Property::sometimes("a change of the roster keeps a signed plan from beginning", |_, world: &World| {
                world.roster == Roster::Second && !world.expired && world.people(0) >= 2
            }),
        ]
    }
}

#[test]
fn no_reachable_state_holds_a_run_without_two_people() {
    let model = Protocol { papers: Arc::new(Papers::new()), known: Arc::default() };
    let known = Arc::clone(&model.known);
    let checker = model.checker().threads(2).spawn_bfs().join();
    checker.assert_properties();
    let (states, asked) = (checker.unique_state_count(), known.lock().unwrap().len());
    // `src/manual/proofs.md` names these; a change of the protocol changes them.
    println!("the approval protocol: {states} states, {asked} of one plan's");
    assert!(states > 100_000, "only {states} states were reached");
}
