//! The finding that a run leaves by itself when it did not end as approved, and who may sign it.

use countersign::finding::{Finding, FindingKind, Subject, verify_export};
use countersign::ledger::Body;
use countersign::plan::canonical;
use countersign::session;

use super::stand::Stand;
use crate::support::run;

const SURPRISE: &str = "CREATE FUNCTION public.m() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; \
     CREATE TRIGGER m BEFORE DELETE ON public.vocabulary FOR EACH ROW EXECUTE FUNCTION public.m()";

/// A stand whose run was surprised, and the request.
fn surprised() -> (Stand, String) {
    let stand = Stand::new();
    let request = stand.approved();
    stand.load(SURPRISE);
    stand.rolls_back(&request, "expected exactly 3, actual 0");
    (stand, request)
}

/// Exports the finding of a request, and expects it to verify.
fn export(stand: &Stand, request: &str, words: &str, by: &str) -> Finding {
    let folder = stand.folder.join(format!("../finding-{by}-{}", words.len()));
    let writer = stand.sign_as(by);
    let (finding, _) =
        run(session::export_finding(&stand.world, &stand.database.superuser(), request, &folder, words, &writer))
            .unwrap();
    let verified = verify_export(&stand.world.folders.read_folder(&folder).unwrap().0);
    assert!(verified.holds(), "{:?}", verified.refused);
    assert_eq!(verified.finding.as_ref(), Some(&finding));
    finding
}

#[test]
fn a_surprise_leaves_a_finding_that_its_operator_signs_as_it_stands() {
    let (stand, request) = surprised();
    let [(left, true)] = &stand.findings()[..] else { panic!("{:?}", stand.findings()) };
    assert_eq!((left.kind, left.writer.as_str(), left.words.as_str()), (FindingKind::Run, "lan@example.test", ""));
    assert!(left.headline.contains("expected exactly 3, actual 0. Nothing was kept."), "{}", left.headline);
    let trace = left.about().unwrap().trace.as_ref().unwrap();
    assert!(trace.statements[0].surprise.is_some(), "{trace:?}");
    // It names the head that holds the evidence, not one before it.
    assert_eq!(left.ledger_seq, (stand.entries().len() - 1).to_string());
    let signed = export(&stand, &request, "", "lan");
    assert_eq!(&signed, left);
    let after = stand.findings();
    assert_eq!(after.iter().map(|(_, waits)| *waits).collect::<Vec<_>>(), [false, false]);
}

#[test]
fn whoever_adds_words_or_is_somebody_else_writes_an_own_finding() {
    let (stand, request) = surprised();
    let [(left, _)] = &stand.findings()[..] else { panic!("{:?}", stand.findings()) };
    for (words, by) in [("A trigger nobody knew of.", "lan"), ("", "minh")] {
        let own = export(&stand, &request, words, by);
        assert_ne!(&own, left);
        assert_eq!((own.words.as_str(), &own.subject), (words, &left.subject));
    }
}

#[test]
fn nobody_signs_what_somebody_else_put_there_in_their_name() {
    let (stand, request) = surprised();
    let [(left, _)] = &stand.findings()[..] else { panic!("{:?}", stand.findings()) };
    let mut forged = left.clone();
    let Subject::Request(subject) = &mut forged.subject else { panic!("it is about a request") };
    subject.failure = Some("nothing to see here".to_owned());
    stand.append(&Body::Finding { document: canonical(&forged).unwrap(), signatures: Vec::new() });
    let written = export(&stand, &request, "", "lan");
    assert_eq!(written.subject, left.subject);
    assert_ne!(written, forged);
}

#[test]
fn a_run_that_ends_as_approved_leaves_none_by_itself() {
    let stand = Stand::new();
    let request = stand.approved();
    stand.run(&request).unwrap();
    assert!(stand.is_reversed());
    assert!(stand.findings().is_empty(), "{:?}", stand.findings());
}
