//! A third runbook: columns, a constraint and an index that were added to a table of others, there and back.

use std::fs;

use super::second::Shop;

fn shop() -> Shop {
    Shop::of("tests/pipeline/added-parts", &["wb-1", "wb-2", "wb-3"])
}

#[test]
fn added_parts_are_diagnosed_ordered_and_reversed_by_two_people() {
    let shop = shop();
    shop.make_ledger();
    let order = shop.run(&["diagnose", "RUNBOOK"]).ok().out;
    assert!(order.contains("reverse in this order: WB-3, WB-2, WB-1"), "{order}");
    shop.run_as("author", &["stage", "RUNBOOK", "WB-1"]).fails(1, "reverse WB-2 first");
    shop.run_as("author", &["stage", "RUNBOOK", "WB-2"]).fails(1, "reverse WB-3 first");

    // What somebody leaves out is named, and nothing else is.
    let compare = ["compare", "RUNBOOK", "--baseline", "BASELINE", "--json"];
    let built = shop.run(&compare);
    let is_off = |row: &&serde_json::Value| !matches!(row["verdict"].as_str(), Some("same" | "grown"));
    let rows = built.json()["rows"].as_array().cloned().unwrap();
    let off: Vec<&str> = rows.iter().filter(is_off).filter_map(|row| row["id"].as_str()).collect();
    built.fails(1, "not as expected");
    let without = off.iter().flat_map(|id| ["--ignore", id]);
    let left: Vec<&str> = compare.into_iter().chain(without).collect();
    let left = shop.run(&left).ok().json();
    assert_eq!((&left["holds"], &left["left_out"]), (&true.into(), &serde_json::json!(off)), "{left}");
    shop.run(&["compare", "RUNBOOK", "--ignore", "nowhere"]).fails(2, "there is no check nowhere");

    let stage = ["stage", "RUNBOOK", "WB-3", "WB-2", "WB-1", "--baseline", "BASELINE", "--json"];
    let staged = shop.run_as("author", &stage).ok().json();
    let request = staged["request"].as_str().unwrap();
    shop.run_as("lan", &["approve", request]).ok();
    shop.run_as("minh", &["approve", request]).ok();
    let ran = shop.run_as("huy", &["run", request, "--confirm", &shop.name, "--json"]).ok().json();
    assert_eq!((&ran["outcome"], &ran["verified_after"]), (&"committed".into(), &true.into()), "{ran}");

    let after = shop.run(&["compare", "RUNBOOK", "--baseline", "BASELINE", "--json"]).ok().json();
    assert_eq!(after["holds"], true, "{after}");
    assert_eq!(shop.run(&["diagnose", "RUNBOOK", "--json"]).ok().json()["mode"], "not_applied");
}

#[test]
fn a_part_that_nobody_declared_stays() {
    let shop = shop();
    let rehearse = ["rehearse", "RUNBOOK", "WB-3", "WB-2", "--baseline", "BASELINE"];
    let script = shop.path("runbook").join("reversal/wb-2.sql");
    let innocent = fs::read_to_string(&script).unwrap();
    for (added, says) in [
        ("ALTER TABLE public.orders DROP COLUMN total;", "the column total of public.orders"),
        ("ALTER TABLE public.orders DROP CONSTRAINT orders_pkey;", "the constraint orders_pkey of public.orders"),
        ("ALTER TABLE public.orders ALTER COLUMN placed_at DROP NOT NULL;", "the column placed_at of public.orders"),
        ("ALTER TABLE public.orders DROP COLUMN IF EXISTS setled;", "the column setled of public.orders"),
    ] {
        fs::write(&script, format!("{innocent}{added}\n")).unwrap();
        let answer = shop.run(&rehearse);
        assert_eq!(answer.code, 1, "{added}: {}{}", answer.out, answer.err);
        assert!(format!("{}{}", answer.out, answer.err).contains(says), "{added}: {}{}", answer.out, answer.err);
    }
    fs::write(&script, innocent).unwrap();
    shop.run(&rehearse).ok();
}

#[test]
fn half_a_step_is_a_contradiction_for_columns_too() {
    let shop = shop();
    let drop = shop.path("drop.sql");
    fs::write(&drop, "ALTER TABLE public.orders DROP COLUMN batch_id;").unwrap();
    shop.psql(&drop);
    let diagnosis = shop.run(&["diagnose", "RUNBOOK", "WB-2", "--json"]);
    assert!(diagnosis.out.contains("partly there"), "{}{}", diagnosis.out, diagnosis.err);
    assert!(diagnosis.out.contains("public.orders.batch_id"), "{}", diagnosis.out);
}
