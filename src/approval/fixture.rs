//! A small desk for tests: people with keys made from fixed seeds, a plan, its rehearsal and a request.

use jiff::{SignedDuration, Timestamp};
use ssh_key::private::Ed25519Keypair;
use ssh_key::public::{KeyData, SkEd25519};
use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey, Signature, SshSig};

use super::{
    Governed, Kind, Namespace, Roster, RosterAct, RosterDeed, RosterDocument, RosterPlace, RosterVersion, SignedBytes,
    parse_roster,
};
use crate::census::{Census, Target};
use crate::digest::Digest;
use crate::plan::{
    Change, DeclaredClass, DeclaredObject, NamedChange, PLAN_FORMAT, Plan, PlannedStatement, REQUEST_FORMAT, Request,
    SealedPlan, Settings, Stage, Verb, canonical,
};
use crate::rehearsal::{REHEARSAL_FORMAT, Rehearsal};
use crate::run::Trace;
use crate::runbook::{ObjectName, Policy, Principal, RowsExpected, StepId, Timeouts};

/// The private key of somebody: `lan` always has the same one, and `lan/2` is her second.
pub(crate) fn key(who: &str) -> PrivateKey {
    let seed = sha2_of(who);
    PrivateKey::from(Ed25519Keypair::from_seed(&seed))
}

fn sha2_of(who: &str) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(who.as_bytes()).into()
}

/// The public key line of somebody.
pub(crate) fn public(who: &str) -> String {
    key(who).public_key().to_openssh().unwrap()
}

/// Signs in somebody's name with the key of `with`.
pub(crate) fn sign_as(who: &str, with: &str, namespace: Namespace, bytes: &[u8]) -> SignedBytes {
    let signature = key(with).sign(namespace.as_str(), HashAlg::Sha512, bytes).unwrap();
    SignedBytes { principal: principal(who), signature: signature.to_pem(LineEnding::LF).unwrap() }
}

/// Signs with one's own key.
pub(crate) fn sign(who: &str, namespace: Namespace, bytes: &[u8]) -> SignedBytes {
    sign_as(who, who, namespace, bytes)
}

/// Somebody's public key line, as if the key lived in hardware.
pub(crate) fn touched_public(who: &str) -> String {
    ssh_key::PublicKey::from(touched_key(who)).to_openssh().unwrap()
}

fn touched_key(who: &str) -> KeyData {
    let KeyData::Ed25519(point) = key(who).public_key().key_data().clone() else { panic!("an ed25519 key") };
    KeyData::SkEd25519(SkEd25519::new(point, "ssh:"))
}

/// Signs as hardware does: over the hash with its application, flags and counter around it.
pub(crate) fn sign_touched(who: &str, namespace: Namespace, bytes: &[u8], flags: u8, counter: u32) -> SignedBytes {
    use sha2::Digest as _;
    let message = SshSig::signed_data(namespace.as_str(), HashAlg::Sha512, bytes).unwrap();
    let trailer = [&[flags][..], &counter.to_be_bytes()].concat();
    let framed = [&sha2::Sha256::digest(b"ssh:")[..], &trailer, &sha2::Sha256::digest(&message)[..]].concat();
    let raw = [raw(&key(who), &framed), trailer].concat();
    let signature = Signature::new(Algorithm::SkEd25519, raw).unwrap();
    let whole = SshSig::new(touched_key(who), namespace.as_str(), HashAlg::Sha512, signature).unwrap();
    SignedBytes { principal: principal(who), signature: whole.to_pem(LineEnding::LF).unwrap() }
}

/// A raw signature over the bytes, without the SSHSIG frame.
fn raw<K: ssh_key::SigningKey>(key: &K, bytes: &[u8]) -> Vec<u8> {
    key.try_sign(bytes).unwrap().as_bytes().to_vec()
}

pub(crate) fn principal(who: &str) -> Principal {
    Principal(format!("{who}@example.test"))
}

/// One `[[person]]`, with one key.
pub(crate) fn person(who: &str, kind: &str, roles: &str) -> String {
    let (principal, key) = (principal(who), public(who));
    let who = format!("principal = \"{principal}\"\nname = \"{who}\"\nkind = \"{kind}\"");
    format!("[[person]]\n{who}\nroles = {roles}\nkeys = [\"{key}\"]\n\n")
}

/// Three human reviewers, an operator who reviews nothing, a sovereign, and an agent who prepares.
pub(crate) fn roster_text() -> String {
    [
        "format = 1\n\n".to_owned(),
        person("lan", "human", r#"["reviewer", "operator"]"#),
        person("minh", "human", r#"["reviewer"]"#),
        person("hoa", "human", r#"["author", "reviewer"]"#),
        person("khoa", "human", r#"["operator"]"#),
        person("tam", "human", r#"["sovereign"]"#),
        person("bot", "agent", r#"["author"]"#),
    ]
    .concat()
}

/// When the fixture's roster was proposed and signed.
pub(crate) const SINCE: &str = "2026-05-01T08:00:00.000001Z";

/// Where the fixture's plan runs.
pub(crate) fn place() -> RosterPlace {
    RosterPlace::of(&target())
}

/// An act at [`SINCE`].
pub(crate) fn deed(act: RosterAct) -> RosterDeed {
    RosterDeed { at: SINCE.to_owned(), act }
}

/// Proposes a text on top of these acts, by somebody.
pub(crate) fn propose(deeds: &[RosterDeed], text: &str, who: &str) -> (RosterDeed, RosterDocument) {
    let governed = Governed::of(deeds, place());
    let (reason, open_for) = ("for the test".to_owned(), SignedDuration::from_hours(7 * 24));
    let at = SINCE.parse().unwrap();
    let document = governed.next(Digest::of(text.as_bytes()), reason, principal(who), at, open_for);
    let signature = sign(who, Namespace::Roster, document.text().as_bytes());
    (deed(RosterAct::Proposed { document: document.text(), roster: text.to_owned(), signature }), document)
}

/// Approves a document by somebody.
pub(crate) fn approve_roster(document: &RosterDocument, who: &str) -> RosterDeed {
    let text = document.text();
    let signature = sign(who, Namespace::Roster, text.as_bytes());
    deed(RosterAct::Approved { proposal_digest: Digest::of(text.as_bytes()), signature })
}

/// The acts that bring a text into force as version 1: its first person proposes it, and everybody human signs.
pub(crate) fn genesis(text: &str) -> Vec<RosterDeed> {
    let roster = parse_roster(text).unwrap();
    let humans = roster.people.iter().filter(|person| person.kind == Kind::Human);
    let short: Vec<&str> = humans.map(|person| person.principal.as_str().split('@').next().unwrap()).collect();
    let (proposed, document) = propose(&[], text, short[0]);
    std::iter::once(proposed).chain(short[1..].iter().map(|who| approve_roster(&document, who))).collect()
}

/// The version these acts bring into force.
pub(crate) fn in_force(deeds: &[RosterDeed]) -> RosterVersion {
    Governed::of(deeds, place()).in_force().unwrap().clone()
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Noon: the rehearsal is one hour old and the request opened half an hour ago.
pub(crate) fn noon() -> Timestamp {
    at("2026-06-01T12:00:00Z")
}

/// Everything an approval is about.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) roster: Roster,
    /// What brought it into force.
    pub(crate) deeds: Vec<RosterDeed>,
    pub(crate) version: RosterVersion,
    pub(crate) plan: Plan,
    pub(crate) rehearsal: Rehearsal,
    pub(crate) request: Request,
}

impl Desk {
    /// A request by the agent, that any two of lan, minh and hoa may approve.
    pub(crate) fn new() -> Self {
        let roster = parse_roster(&roster_text()).unwrap();
        let plan = plan(&roster);
        let rehearsal = rehearsal();
        let request = Request {
            format: REQUEST_FORMAT.to_owned(),
            verb: Verb::Run,
            nonce: plan.nonce.clone(),
            plan_digest: Digest::of(b""),
            rehearsal_digest: Digest::of(b""),
            baseline_digest: plan.baseline_digest,
            database: "directus".to_owned(),
            steps: vec![StepId::from("SB-12")],
            hazards: Vec::new(),
            requester: principal("bot"),
            not_before: at("2026-06-01T11:30:00Z"),
            not_after: at("2026-06-01T19:30:00Z"),
        };
        let deeds = genesis(&roster.text);
        let version = in_force(&deeds);
        let mut desk = Self { roster, deeds, version, plan, rehearsal, request };
        desk.bind();
        desk
    }

    /// Lets every document name the others as they are now.
    pub(crate) fn bind(&mut self) {
        if self.version.roster().text != self.roster.text && parse_roster(&self.roster.text).is_ok() {
            self.deeds = genesis(&self.roster.text);
            self.version = in_force(&self.deeds);
        }
        self.plan.roster_digest = self.roster.digest;
        self.rehearsal.plan_digest = self.sealed().digest();
        self.request.plan_digest = self.sealed().digest();
        self.request.rehearsal_digest = Digest::of(canonical(&self.rehearsal).unwrap().as_bytes());
    }

    pub(crate) fn sealed(&self) -> SealedPlan {
        SealedPlan::read(&canonical(&self.plan).unwrap()).unwrap()
    }

    /// The bytes people sign.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        canonical(&self.request).unwrap().into_bytes()
    }

    pub(crate) fn approval(&self, who: &str) -> SignedBytes {
        sign(who, Namespace::of(self.request.verb), &self.bytes())
    }
}

fn plan(roster: &Roster) -> Plan {
    let sql = "DELETE FROM public.queue_heartbeat WHERE executor_name LIKE 'gov\\_%'";
    let statement = PlannedStatement {
        ordinal: 1,
        line: 1,
        sql: sql.to_owned(),
        sha256: Digest::of(sql.as_bytes()),
        tag: "DELETE".to_owned(),
        rows: Some(RowsExpected::Exactly(4)),
        notices: Vec::new(),
    };
    let stage = Stage {
        step: StepId::from("SB-12"),
        script: "reversal/sb-12.sql".to_owned(),
        statements: vec![statement],
        locked_tables: Vec::new(),
        drops: Vec::new(),
        names: vec![NamedChange {
            statement: 1,
            object: ObjectName::new("public", "queue_heartbeat"),
            change: Change::Delete,
            counted: true,
        }],
    };
    let timeouts = Timeouts { lock_millis: 3000, statement_millis: 30_000, idle_in_transaction_millis: 30_000 };
    Plan {
        format: PLAN_FORMAT.to_owned(),
        nonce: "0123456789abcdef0123456789abcdef".to_owned(),
        runbook: "phase1-governance".to_owned(),
        runbook_version: "2026-06-01".to_owned(),
        runbook_digest: Digest::of(b"runbook"),
        roster_digest: roster.digest,
        roster_version: 1,
        target: target(),
        run_as: None,
        via: None,
        restore: None,
        end_session: None,
        settings: Settings::new(timeouts, "public"),
        policy: Policy { approvals: 2, rehearsal_max_age_seconds: 12 * 3600, approval_valid_seconds: 8 * 3600 },
        parameters: Vec::new(),
        objects: vec![DeclaredObject {
            name: ObjectName::new("public", "queue_heartbeat"),
            class: DeclaredClass::Shared,
        }],
        stages: vec![stage],
        checks: Vec::new(),
        stops: Vec::new(),
        baseline_digest: Digest::of(b"baseline"),
        hazards: Vec::new(),
        waived: Vec::new(),
        requester: principal("bot"),
        editor: None,
        sealed_at: at("2026-06-01T10:59:00Z"),
    }
}

fn target() -> Target {
    Target {
        system_identifier: "7381234567890123456".to_owned(),
        database_oid: 16384,
        database: "directus".to_owned(),
        server_version: 150_018,
        in_recovery: false,
        role: "ops".to_owned(),
        timeline: 1,
    }
}

fn rehearsal() -> Rehearsal {
    let census =
        Census { taken_at: at("2026-06-01T11:00:00Z"), target: target(), readings: std::collections::BTreeMap::new() };
    Rehearsal {
        format: REHEARSAL_FORMAT.to_owned(),
        plan_digest: Digest::of(b""),
        taken_at: at("2026-06-01T11:00:00Z"),
        duration_millis: 212,
        trace: Trace::default(),
        inside: Vec::new(),
        entry: census.clone(),
        exit: census,
        residue: Vec::new(),
        lasting: Vec::new(),
        failure: None,
    }
}
