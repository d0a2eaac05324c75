//! A ledger that was cut or rewritten after a finding was exported: the head inside the finding's signed bytes tells.

use countersign::port::Database as _;
use countersign::session;

use super::stand::Stand;
use crate::support::run;

#[test]
fn the_head_inside_a_finding_tells_a_cut_ledger() {
    let stand = Stand::new();
    let request = stand.approved();
    stand.run(&request).unwrap();
    let superuser = stand.database.superuser();
    let folder = stand.folder.join("../finding");
    let writer = stand.sign_as("lan");
    let (finding, _) = run(session::export_finding(&stand.world, &superuser, &request, &folder, "", &writer)).unwrap();
    let head: u64 = finding.ledger_seq.parse().unwrap();
    let known = run(superuser.ledger_read(0)).unwrap();
    assert_eq!(
        known[usize::try_from(head).unwrap() - 1].hash,
        finding.ledger_head,
        "the head stands in the signed bytes"
    );
    // What the ledger of a database says about it: nothing for a finding that verifies, or the first refusal.
    let verify = || {
        let verification = run(session::verify_finding_against(&stand.world, &superuser, &folder)).unwrap();
        assert_eq!(session::verify_finding(&stand.world, &folder).unwrap().refused, Vec::<String>::new(), "offline");
        verification.refused.first().cloned().unwrap_or_default()
    };
    assert_eq!(verify(), "");
    // A ledger that went on holds it too.
    stand.build();
    stand.stage().unwrap();
    assert_eq!(verify(), "");
    // Cut to just before the head, as its owner could: nothing in the ledger itself tells.
    let last = head - 1;
    stand.load(&format!(
        "BEGIN; ALTER TABLE countersign.entry DISABLE TRIGGER deny; ALTER TABLE countersign.head DISABLE TRIGGER deny_update; \
         DELETE FROM countersign.entry WHERE seq > {last}; \
         UPDATE countersign.head SET seq = {last}, hash = (SELECT hash FROM countersign.entry WHERE seq = {last}); \
         ALTER TABLE countersign.head ENABLE ALWAYS TRIGGER deny_update; \
         ALTER TABLE countersign.entry ENABLE ALWAYS TRIGGER deny; COMMIT"
    ));
    assert!(run(session::read_ledger(&superuser)).is_ok(), "the chain that is left holds");
    let found = verify();
    assert!(found.contains(&format!("the ledger ends at entry {last}, but entry {head}")), "{found}");
    // The desk that knew it does not go on either.
    let refused = stand.stage().unwrap_err();
    assert!(refused.message.contains("the ledger's chain does not hold"), "{refused:?}");
    // Grown over the head again: another entry stands there.
    let stop = countersign::ledger::Body::Stopped {
        condition: "c".to_owned(),
        reason: "r".to_owned(),
        by: None,
        detail: None,
    };
    for _ in 0..3 {
        run(superuser.ledger_append(&stop)).unwrap();
    }
    let found = verify();
    assert!(found.contains(&format!("ledger entry {head} was {}", finding.ledger_head)), "{found}");
}
