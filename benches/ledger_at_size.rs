//! What opening a ledger of 100,000 entries costs a desk: the first time, at the next start, and in a session that knows
//! it; see benches/README.md.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on says so by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use countersign::adapter::postgres::{ClusterOptions, Postgres, PrivateCluster, Surroundings};
use countersign::approval::SignedBytes;
use countersign::cli::wiring;
use countersign::digest::Digest;
use countersign::ledger::Body;
use countersign::port::Database as _;
use countersign::session::{KnownLedgers, LedgerMemory, World, audit_ledger, open_ledger};

/// Entries in the ledger.
const ENTRIES: usize = 100_000;
/// Entries appended in one transaction: the server's own row of the head grows a chain in a longer one.
const BATCH: usize = 500;
/// How often each figure is taken; the median is printed.
const TIMES: usize = 5;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let binaries = std::env::var_os("COUNTERSIGN_PG_BINDIR").map(Into::into);
    let options = ClusterOptions { binaries, ..ClusterOptions::temporary().unwrap() };
    let cluster = PrivateCluster::start(options).unwrap();
    let bare = || Surroundings { env: BTreeMap::new(), home: None, os_user: "bench".to_owned() };
    runtime.block_on(async {
        Postgres::new(&cluster.url("postgres"), bare()).unwrap().create_database("size").await.unwrap();
        let database = Postgres::new(&cluster.url("size"), bare()).unwrap();
        database.ledger_init().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let desk = || World { ledgers: Arc::new(KnownLedgers::new(Some(folder.path().to_owned()))), ..wiring::world() };
        // An approval as a desk appends it: a digest, a name, and an armour of some 300 letters.
        let signature = SignedBytes { principal: "lan@example.test".into(), signature: "x".repeat(300) };
        let body = Body::Approved { request_digest: Digest::of(b"request"), signature }.to_text();
        let append = |count: usize| {
            let sql = format!(
                "INSERT INTO countersign.entry (kind, body) SELECT 'approved', '{body}' FROM generate_series(1, {count})"
            );
            let database = &database;
            async move { database.load(&sql).await.unwrap() }
        };
        let began = Instant::now();
        for _ in 0..ENTRIES / BATCH {
            append(BATCH).await;
        }
        println!("{ENTRIES} entries of {} bytes appended in {:.1} s", body.len(), began.elapsed().as_secs_f64());

        let began = Instant::now();
        assert_eq!(open_ledger(&desk(), &database).await.unwrap().head().0, ENTRIES as u64);
        println!("first: read, verify, add up, keep   {:>7} ms", began.elapsed().as_millis());
        let kept: u64 = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
        println!("kept in a file of                   {:>7} kB", kept / 1000);

        let mut starts = Vec::new();
        for _ in 0..TIMES {
            append(20).await;
            let new = desk();
            let began = Instant::now();
            open_ledger(&new, &database).await.unwrap();
            starts.push(began.elapsed().as_micros());
        }
        println!("a new start, 20 to 100 entries new  {:>7} ms", median(&mut starts) / 1000);

        let (known, memory) = (desk(), LedgerMemory::default());
        memory.look(&known, &database).await.unwrap();
        let mut looks = Vec::new();
        for _ in 0..TIMES {
            append(20).await;
            let began = Instant::now();
            assert!(memory.look(&known, &database).await.unwrap().broken.is_none());
            looks.push(began.elapsed().as_micros());
        }
        println!("a look in a session, 20 new         {:>7} µs", median(&mut looks));

        let began = Instant::now();
        assert!(audit_ledger(&known, &database).await.unwrap().broken.is_none());
        println!("ledger verify, from the first entry {:>7} ms", began.elapsed().as_millis());
    });
}

fn median(figures: &mut [u128]) -> u128 {
    figures.sort_unstable();
    figures[figures.len() / 2]
}
