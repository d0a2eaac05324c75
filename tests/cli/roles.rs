//! The whole ceremony with a login for everybody: each verb over the right login, and over the wrong one.

use super::stand::{Stand, refused};

/// Gives everybody a login with the rights of their role, and the step's tables to a role that no one logs in as.
const LOGINS: &str = "CREATE ROLE desk_app; ALTER TABLE public.vocabulary OWNER TO desk_app; ALTER TABLE public.sacred OWNER TO desk_app; \
     ALTER TABLE public.extra OWNER TO desk_app; CREATE ROLE desk_owner LOGIN IN ROLE countersign_owner; \
     CREATE ROLE desk_reader LOGIN IN ROLE countersign_reader; \
     CREATE ROLE desk_hong LOGIN IN ROLE countersign_operator, desk_app, pg_read_all_stats; \
     CREATE ROLE desk_lan LOGIN IN ROLE countersign_operator, desk_app, pg_read_all_stats; \
     CREATE ROLE desk_minh LOGIN IN ROLE countersign_reviewer; CREATE ROLE desk_thu LOGIN IN ROLE countersign_reviewer";

#[test]
fn everybody_works_with_a_login_of_their_own_and_with_no_other() {
    let stand = Stand::new();
    let printed = stand.over("postgres", &["ledger", "init", "--print"]).ok().out;
    assert!(
        !printed.contains("countersign_reviewer LOGIN")
            && !printed.contains("GRANT INSERT (kind, body) ON countersign.entry TO countersign_reviewer")
    );
    let printed = stand.over("postgres", &["ledger", "init", "--print", "--grants"]).ok().out;
    assert!(printed.contains("GRANT INSERT (kind, body) ON countersign.entry TO countersign_reviewer"), "{printed}");
    let made = stand.over("postgres", &["ledger", "init", "--grants", "--yes", "--json"]).ok().json();
    assert_eq!((made["ledger"].as_str(), made["grants"].as_bool()), (Some("ready"), Some(true)));
    stand.load(LOGINS);
    let said = stand.over("desk_reader", &["ledger", "verify"]).ok().out;
    assert!(said.contains("no login is mapped"), "{said}");
    for name in ["hong", "lan", "minh", "thu"] {
        let (principal, login) = (format!("{name}@example.test"), format!("desk_{name}"));
        stand.over(&login, &["ledger", "map", &principal, &login]).fails(1, "only the ledger's owner maps logins");
        stand.over("desk_owner", &["ledger", "map", &principal, &login]).ok();
    }
    let said = stand.over("desk_reader", &["ledger", "verify", "--json"]).ok().json();
    assert_eq!((said["holds"].as_bool(), said["logins_mapped"].as_u64()), (Some(true), Some(4)));
    let said = stand.over("desk_reader", &["ledger", "logins"]).ok().out;
    assert!(said.contains("minh@example.test") && said.contains("desk_minh"), "{said}");

    // Staged by an author's login, for the members of a role.
    let stage = |login: &str, run_as| stand.stage_over(&stand.database.role(login), run_as);
    refused(stage("desk_lan", Some("desk_app")), "desk_lan is not mapped to 'hong@example.test'");
    refused(stage("desk_minh", Some("desk_app")), "may not append entries of kind 'staged'");
    refused(
        stage("desk_hong", Some("countersign_owner")),
        "role: expected a member of countersign_owner, actual desk_hong",
    );
    let request = stage("desk_hong", Some("desk_app")).unwrap_or_else(|failure| panic!("{failure:?}")).request;
    let shown = stand.over("desk_minh", &["ledger", "show", &request]).ok().out;
    assert!(shown.contains("a member of desk_app; rehearsed by desk_hong"), "{shown}");

    let approve = ["approve", request.as_str()];
    stand.signed("desk_thu", "minh", &approve).fails(3, "desk_thu is not mapped to 'minh@example.test'");
    stand.signed("postgres", "minh", &approve).fails(3, "postgres is not mapped to");
    stand.signed("desk_lan", "lan", &approve).fails(3, "may not append entries of kind 'approved'");
    stand.signed("desk_minh", "minh", &approve).ok();
    stand.signed("desk_thu", "thu", &approve).ok();
    for verb in ["reject", "withdraw"] {
        let words = [verb, request.as_str(), "--reason", "no"];
        stand.signed("desk_minh", "thu", &words).fails(3, "desk_minh is not mapped to");
    }

    let name = stand.database.name.clone();
    let run = ["run", request.as_str(), "--confirm", &name];
    stand.signed("postgres", "lan", &run).fails(3, "role: expected a member of desk_app, actual postgres");
    stand.signed("desk_minh", "lan", &run).fails(3, "role: expected a member of desk_app, actual desk_minh");
    stand.signed("desk_hong", "lan", &run).fails(3, "desk_hong is not mapped to 'lan@example.test'");
    assert_eq!(stand.status(&request), "open", "the slips use nothing up");
    assert!(!stand.is_reversed());
    stand.signed("desk_lan", "lan", &run).ok();
    assert!(stand.is_reversed());

    let out = stand.folder.parent().unwrap().join("finding");
    let out = out.to_str().unwrap();
    stand.signed("desk_reader", "thu", &["finding", "export", &request, "--out", out]).fails(1, "");
    let actors: Vec<(String, String)> = stand
        .entries()
        .into_iter()
        .filter(|entry| !entry.kind.starts_with("roster_"))
        .map(|entry| (entry.kind, entry.actor))
        .collect();
    let expected = [
        ("staged", "desk_hong"),
        ("approved", "desk_minh"),
        ("approved", "desk_thu"),
        ("intent", "desk_lan"),
        ("committed", "desk_lan"),
        ("ended", "desk_lan"),
    ];
    assert_eq!(actors, expected.map(|(kind, actor)| (kind.to_owned(), actor.to_owned())));
    stand.over("desk_owner", &["ledger", "unmap", "desk_thu"]).ok();
    stand.over("desk_owner", &["ledger", "unmap", "desk_thu"]).fails(2, "is not mapped");
}
