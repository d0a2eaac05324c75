//! The whole way, by the command line, on a real server with real keys.

mod build;
pub mod demo;
mod elsewhere;
mod findings;
mod refusals;
mod restart;
mod restore;
mod second;
mod session;
mod stops;
mod third;
mod window;

use std::process::Command;

use demo::{Demo, countersign, text};

/// The six components, children first.
const CHILD_FIRST: [&str; 6] = ["SB-1", "SB-2", "SB-11", "SB-10", "SB-13", "SB-12"];

#[test]
fn six_components_go_from_staged_to_committed_and_end_at_the_baseline() {
    let demo = Demo::up(None);
    let lan = demo.with_role("reviewer", &[]);
    let minh = demo.with_role("reviewer", &[&lan.0]);
    let operator = demo.with_role("operator", &[]);

    for step in CHILD_FIRST {
        let mode = demo.run(&["diagnose", demo.text("runbook"), step, "--json"]).ok().json();
        assert_eq!(mode["mode"], "isolated", "{step}: {mode}");
        let staged = demo.stage(&[step]).ok().json();
        let request = staged["request"].as_str().unwrap();
        demo.run_as(&lan, &["approve", request]).ok();
        demo.run_as(&operator, &["run", request, "--confirm", "directus"]).fails(3, "1 of 2");
        demo.run_as(&minh, &["approve", request]).ok();
        demo.run_as(&operator, &["run", request, "--confirm", "another"]).fails(3, "expected the database name");
        let ran = demo.run_as(&operator, &["run", request, "--confirm", "directus", "--json"]).ok().json();
        assert_eq!((&ran["outcome"], &ran["verified_after"]), (&"committed".into(), &true.into()), "{ran}");
        // D-74: used once.
        demo.run_as(&operator, &["run", request, "--confirm", "directus"]).fails(3, "has been used");

        let after = ["compare", demo.text("runbook"), "--baseline", demo.text("baseline"), "--json", "--step", step];
        demo.run(&after).ok();
        let folder = demo.path(&format!("finding-{step}"));
        demo.run_as(&operator, &["finding", "export", request, "--out", text(&folder)]).ok();
        countersign(&["finding", "verify", text(&folder)]).ok();
        stock_tools_accept(&folder);
        one_flipped_byte_is_refused(&folder);
    }

    let all = demo.run(&["compare", demo.text("runbook"), "--baseline", demo.text("baseline"), "--json"]).ok().json();
    assert_eq!(all["holds"], true);
    // 97.9: 10 rows, 4 retired, 6 active, the trigger fix kept.
    let rows = "SELECT count(*) || '/' || count(*) FILTER (WHERE status = 'retired') || '/' || \
                count(*) FILTER (WHERE status = 'active') FROM public.apr_action_types";
    assert_eq!(demo.psql(rows), "10/4/6");
    let trigger = "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'trg_birth_apr_action_types'";
    assert!(demo.psql(trigger).contains("fn_birth_registry_auto('action_code')"));
    demo.run(&["ledger", "verify"]).ok();
}

#[test]
fn several_steps_in_one_plan_are_stages_of_their_own() {
    let demo = Demo::up(None);
    let lan = demo.with_role("reviewer", &[]);
    let minh = demo.with_role("reviewer", &[&lan.0]);
    let operator = demo.with_role("operator", &[]);
    // Parent first is refused; the child is named.
    demo.stage(&["SB-12", "SB-10"]).fails(1, "reverse SB-10 first");
    let staged = demo.stage(&CHILD_FIRST).ok().json();
    let request = staged["request"].as_str().unwrap();
    demo.run_as(&lan, &["approve", request]).ok();
    demo.run_as(&minh, &["approve", request]).ok();
    let ran = demo.run_as(&operator, &["run", request, "--confirm", "directus", "--json"]).ok().json();
    assert_eq!(ran["outcome"], "committed", "{ran}");
    let entries = demo.run(&["ledger", "log", "--json"]).ok().json();
    let committed = entries["entries"].as_array().unwrap().iter().filter(|entry| entry["kind"] == "committed");
    assert_eq!(committed.count(), 6, "one transaction a stage");
    demo.run(&["compare", demo.text("runbook"), "--baseline", demo.text("baseline")]).ok();
}

/// `ssh-keygen -Y verify` and `sha256sum` accept the folder, by the commands VERIFY.txt names.
fn stock_tools_accept(folder: &std::path::Path) {
    let sums = Command::new("sha256sum").args(["--quiet", "-c", "SHA256SUMS"]).current_dir(folder).output().unwrap();
    assert!(sums.status.success(), "{}", String::from_utf8_lossy(&sums.stdout));
    let script = std::fs::read_to_string(folder.join("VERIFY.txt")).unwrap();
    let commands: Vec<&str> =
        script.lines().map(str::trim).filter(|line| line.starts_with("ssh-keygen -Y verify")).collect();
    assert!(commands.len() >= 4, "requester, two approvals, finding: {commands:?}");
    for command in commands {
        let answer = Command::new("sh").args(["-c", command]).current_dir(folder).output().unwrap();
        assert!(answer.status.success(), "{command}: {}", String::from_utf8_lossy(&answer.stderr));
    }
}

/// One changed byte makes both our verification and ssh-keygen's refuse.
fn one_flipped_byte_is_refused(folder: &std::path::Path) {
    let file = folder.join("finding.json");
    let bytes = std::fs::read(&file).unwrap();
    let mut flipped = bytes.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    std::fs::write(&file, &flipped).unwrap();
    countersign(&["finding", "verify", text(folder)]).fails(3, "does not verify");
    let script = std::fs::read_to_string(folder.join("VERIFY.txt")).unwrap();
    let command =
        script.lines().map(str::trim).find(|line| line.starts_with("ssh-keygen") && line.contains("finding.json"));
    let answer = Command::new("sh").args(["-c", command.unwrap()]).current_dir(folder).output().unwrap();
    assert!(!answer.status.success());
    std::fs::write(&file, bytes).unwrap();
    countersign(&["finding", "verify", text(folder)]).ok();
}
