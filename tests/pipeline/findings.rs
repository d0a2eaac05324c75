//! Findings of every kind, from the real ledger to a folder that a machine with nothing but OpenSSH checks.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::demo::{Demo, countersign, text};
use super::restart::Built;

/// Runs every command of VERIFY.txt in a folder, by a shell that knows of nothing but the system's own tools.
fn stock_tools(folder: &Path) -> Result<usize, String> {
    let script = fs::read_to_string(folder.join("VERIFY.txt")).unwrap();
    let is_command = |line: &&str| line.starts_with("ssh-keygen ") || line.starts_with("sha256sum ");
    let commands: Vec<&str> = script.lines().map(str::trim).filter(is_command).collect();
    for command in &commands {
        let mut shell = Command::new("/bin/sh");
        let answer = shell.args(["-c", command]).current_dir(folder).env_clear().env("PATH", "/usr/bin:/bin");
        let answer = answer.output().unwrap();
        if !answer.status.success() {
            return Err(format!("{command}: {}", String::from_utf8_lossy(&answer.stderr)));
        }
    }
    Ok(commands.len())
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            found.insert(name, fs::read(path).unwrap());
        }
    }
    found
}

/// Takes a folder to another machine: its files, and nothing else.
fn taken(from: &Path, to: &Path) {
    for (name, bytes) in files(from) {
        let path = to.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

fn entry(demo: &Demo, kind: &str) -> String {
    let log = demo.run(&["ledger", "log", "--json"]).ok().json();
    let entries = log["entries"].as_array().unwrap();
    entries.iter().rfind(|entry| entry["kind"] == kind).unwrap()["seq"].to_string()
}

#[test]
fn a_stop_and_its_restart_are_proved_where_only_openssh_is() {
    let built = Built::new();
    let demo = &built.demo;
    built.drill("event-emitted");
    built.divergence(&built.lan, &[]).ok();
    let stop = entry(demo, "stopped");
    let of_stop = demo.path("of-stop");
    let words = ["finding", "export", "--stop", &stop, "--out", text(&of_stop), "--words", "Đã **xem**."];
    let exported = demo.run_as(&built.minh, &words).ok();
    assert!(
        exported.out.contains("Disaster stop on directus") && exported.out.contains("wrote the divergence finding")
    );
    demo.run_as(&built.lan, &["finding", "export", "--restart", &stop, "--out", text(&demo.path("none"))])
        .fails(1, "completed no restart; there was none");

    let accept = ["restart", "accept", "--reason", "the event reached nobody"];
    demo.run_as(&built.sovereign, &accept).ok();
    built.record(&built.lan).ok();
    built.authorise_all().ok();
    let restart = entry(demo, "restart");
    let of_restart = demo.path("of-restart");
    demo.run_as(&built.minh, &["finding", "export", "--restart", &restart, "--out", text(&of_restart)]).ok();

    for (folder, commands) in [(&of_stop, 5), (&of_restart, 8)] {
        let elsewhere = demo.path("elsewhere");
        taken(folder, &elsewhere);
        let ran = stock_tools(&elsewhere).unwrap();
        assert!(ran >= commands, "{ran}");
        let verified = countersign(&["finding", "verify", text(&elsewhere)]).ok();
        assert!(verified.out.contains("That no ledger entry was left out"), "{}", verified.out);
        // Its PDF, named alone, is checked beside what it was made from; one edited letter is named.
        countersign(&["finding", "verify", text(&elsewhere.join("finding.pdf"))]).ok();
        let pdf = elsewhere.join("finding.pdf");
        let mut bytes = fs::read(&pdf).unwrap();
        let middle = bytes.len() / 3;
        bytes[middle] ^= 1;
        fs::write(&pdf, bytes).unwrap();
        countersign(&["finding", "verify", text(&elsewhere)]).fails(3, "finding.pdf is not what finding.json");
        assert!(stock_tools(&elsewhere).is_err());
        fs::remove_dir_all(&elsewhere).unwrap();
        fs::create_dir_all(&elsewhere).unwrap();
        fs::copy(folder.join("finding.pdf"), elsewhere.join("finding.pdf")).unwrap();
        countersign(&["finding", "verify", text(&elsewhere.join("finding.pdf"))]).fails(2, "finding.pdf stands alone");
        fs::remove_dir_all(&elsewhere).unwrap();
        // The ledger tells what the folder cannot.
        let connection = demo.text("url");
        let verified = countersign(&["finding", "verify", text(folder), "--db", connection]).ok();
        assert!(verified.out.contains("The ledger gives exactly the entries"), "{}", verified.out);
    }
    let proved = countersign(&["finding", "verify", text(&of_restart)]).ok().out;
    for sentence in ["meet every gate", "countersign-restart", "looked at the record"] {
        let verification = countersign(&["finding", "verify", text(&of_restart), "--json"]).ok().out;
        assert!(proved.contains(sentence) || verification.contains(sentence), "{sentence}");
    }
}

#[test]
fn both_reviewers_countersign_a_run_and_an_outsider_does_not() {
    let demo = Demo::up(None);
    let lan = demo.with_role("reviewer", &[]);
    let minh = demo.with_role("reviewer", &[&lan.0]);
    let (operator, writer) = (demo.with_role("operator", &[]), demo.with_role("sovereign", &[]));
    let request = demo.stage(&["SB-1"]).ok().json()["request"].as_str().unwrap().to_owned();
    for reviewer in [&lan, &minh] {
        demo.run_as(reviewer, &["approve", &request]).ok();
    }
    demo.run_as(&operator, &["run", &request, "--confirm", "directus"]).ok();
    let folder = demo.path("finding");
    demo.run_as(&writer, &["finding", "export", &request, "--out", text(&folder)]).ok();
    let listed = |more: &[&str]| {
        let words = [&["finding", "list", "--json"][..], more].concat();
        demo.run(&words).ok().json()["findings"].clone()
    };
    let before = listed(&[]);
    let one = before.as_array().unwrap().last().unwrap();
    assert_eq!(one["may_countersign"].as_array().unwrap().len(), 2, "{before}");
    demo.run_as(&lan, &["finding", "sign", text(&folder)]).ok();
    demo.run_as(&minh, &["finding", "sign", text(&folder)]).ok();
    demo.run_as(&minh, &["finding", "sign", text(&folder)]).fails(3, "has signed this finding already");
    let verified = countersign(&["finding", "verify", text(&folder)]).ok();
    for who in [&lan.0, &minh.0] {
        assert!(verified.out.contains(&format!("{who} countersigned the finding")), "{}", verified.out);
    }
    stock_tools(&folder).unwrap();
    let after = listed(&["--kind", "run", "--search", "committed"]);
    let [one] = after.as_array().unwrap().as_slice() else { panic!("{after}") };
    assert_eq!(one["may_countersign"].as_array().unwrap().len(), 0, "{after}");
    assert_eq!((one["signed_by"].as_array().unwrap().len(), one["also"].as_array().unwrap().len()), (3, 2), "{after}");
    assert!(listed(&["--kind", "restart"]).as_array().unwrap().is_empty());
    // As the ledger keeps it, it is the very folder.
    let (number, kept) = (one["number"].to_string(), demo.path("kept"));
    demo.run(&["finding", "export", "--kept", &number, "--out", text(&kept)]).ok();
    assert_eq!(files(&kept), files(&folder));
    let shown = demo.run(&["finding", "show", &number]).ok().out;
    assert!(
        shown.starts_with(&format!("Finding No. {number}, ledger entry ")) && shown.contains("## People"),
        "{shown}"
    );
    demo.run(&["finding", "show", "99"]).fails(2, "the ledger holds no finding `99`");

    // Somebody outside the roster signs the same bytes with a real key, and writes the sums anew.
    let key = demo.path("eve");
    let run = |program: &str, words: &[&str]| {
        let answer = Command::new(program).args(words).current_dir(&folder).output().unwrap();
        assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
        answer.stdout
    };
    run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", text(&key)]);
    run("ssh-keygen", &["-Y", "sign", "-f", text(&key), "-n", "countersign-finding", "finding.json"]);
    fs::rename(folder.join("finding.json.sig"), folder.join("signatures/4-eve@example.test.sig")).unwrap();
    let refused = countersign(&["finding", "verify", text(&folder)]).fails(3, "does not verify");
    assert!(refused.out.contains("eve@example.test is not on the roster"), "{}", refused.out);
    let outsider = ("eve@example.test".to_owned(), text(&key).to_owned());
    demo.run_as(&outsider, &["finding", "sign", text(&kept)]).fails(3, "is not on the roster that this finding holds");
}

#[test]
fn two_baselines_are_compared_in_a_finding() {
    let built = Built::new();
    let demo = &built.demo;
    let folder = demo.path("comparison");
    let (before, after) = (demo.text("baseline"), built.after.as_str());
    let mut words = vec!["finding", "export", "--comparison", before, after, "--out", text(&folder)];
    words.extend(["--runbook", demo.text("runbook")]);
    let exported = demo.run_as(&built.lan, &words).ok();
    assert!(exported.out.contains("before the build") && exported.out.contains("after the build"), "{}", exported.out);
    stock_tools(&folder).unwrap();
    countersign(&["finding", "verify", text(&folder), "--db", demo.text("url")]).ok();
    let page = fs::read_to_string(folder.join("finding.md")).unwrap();
    assert!(page.contains("Nothing: every check of both baselines is above."), "{page}");
    let id = serde_json::from_slice::<serde_json::Value>(&fs::read(folder.join("finding.json")).unwrap()).unwrap();
    let id = id["subject"]["comparison"]["checks"][0]["id"].as_str().unwrap().to_owned();
    let out = demo.path("ignoring");
    let words = ["finding", "export", "--comparison", before, after, "--ignore", &id, "--out", text(&out)];
    let exported = demo.run_as(&built.lan, &words).ok();
    assert!(exported.out.contains("1 left out by choice"), "{}", exported.out);
    countersign(&["finding", "verify", text(&out)]).ok();
    let words = ["finding", "export", "--comparison", before, after, "--ignore", "no-such", "--out", text(&out)];
    demo.run_as(&built.lan, &words).fails(1, "neither baseline holds a check `no-such`");
}
