//! Decisions by somebody on another machine: `ledger request --reject`, `ssh-keygen -Y sign`, `reject --signature`.

use super::demo::text;
use super::second::{Shop, sign_by_hand};

#[test]
fn a_rejection_and_a_withdrawal_are_signed_elsewhere() {
    let shop = Shop::built();
    shop.make_ledger();
    let sign = |person: &str, print: &[&str], namespace: &str| {
        let document = shop.path(&format!("{namespace}-{person}.json"));
        std::fs::write(&document, shop.run(print).ok().out).unwrap();
        sign_by_hand(&shop.path(person), namespace, &document)
    };
    let stage = ["stage", "RUNBOOK", "AR-4", "--bind", OWNER, "--bind", "retention_months=24", "--json"];
    let staged = shop.run_as("author", &stage).ok().json();
    let request = staged["request"].as_str().unwrap();
    let decide = |verb: &str, reason: &str, who: &str, file: &std::path::Path| {
        let who = format!("{who}@shop.test");
        shop.run(&[verb, request, "--reason", reason, "--as", &who, "--signature", text(file)])
    };

    shop.approve_by_hand("lan", request).ok();
    let withdrawal = ["ledger", "request", request, "--withdraw", "đếm lại đã"];
    let signature = sign("lan", &withdrawal, "countersign-withdraw");
    // The reason is signed as well, and so are the person and the purpose.
    decide("withdraw", "another reason", "lan", &signature).fails(3, "not made over these bytes");
    decide("withdraw", "đếm lại đã", "minh", &signature).fails(3, "has not approved");
    decide("reject", "đếm lại đã", "lan", &signature).fails(3, "not for `countersign-reject`");
    decide("withdraw", "đếm lại đã", "lan", &signature).ok();
    decide("withdraw", "đếm lại đã", "lan", &signature).fails(3, "has not approved");

    let rejection = ["ledger", "request", request, "--reject", "the counts moved"];
    let printed = shop.run(&[&rejection[..], &["--json"]].concat()).ok().json();
    assert_eq!(printed["namespace"], "countersign-reject");
    let signature = sign("minh", &rejection, "countersign-reject");
    decide("reject", "the counts moved", "lan", &signature).fails(3, "is not listed for lan@shop.test");
    decide("reject", "the counts moved", "minh", &signature).ok();
    decide("reject", "the counts moved", "minh", &signature).fails(3, "the request is rejected");
    decide("reject", "the counts moved", "minh", &shop.path("minh.pub")).fails(3, "the request is rejected");
    shop.run(&["ledger", "request", request, "--reject", "  "]).fails(2, "a reason is needed");
    shop.run(&["reject", request, "--reason", "x", "--as", "minh@shop.test"]).fails(2, "--key");
    shop.run(&["ledger", "verify"]).ok();
}

/// Whose settings the build added.
const OWNER: &str = "settings_owner=kho \"Đơn cũ\" của O'Hara";
