//! A table against a dump on a real server: every odd kind of table is brought back or refused, with the reason.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign::adapter::dump::DiskDumps;
use countersign::adapter::postgres::Postgres;
use countersign::digest::Digest;
use countersign::port::{Database as _, DifferenceLook, DifferenceSeen, DumpRows, Dumps as _};
use countersign::restore::{
    DifferenceRow, DifferenceSum, DumpNote, Fit, Grounds, LaterRows, Restore, Scope, Unfit, deeds, fit,
};
use countersign::runbook::{ObjectClass, ObjectName, Timeouts};

use super::dump::{ODD, odd_table, pg_dump, program};
use crate::support::{TestDatabase, database, run};

const TIMEOUTS: Timeouts =
    Timeouts { lock_millis: 3_000, statement_millis: 60_000, idle_in_transaction_millis: 60_000 };

/// A database that was dumped, and may be damaged since.
struct Stand {
    database: TestDatabase,
    folder: tempfile::TempDir,
}

/// What a comparison found, and every row of it.
struct Seen {
    restore: Restore,
    difference: DifferenceSeen,
    rows: Vec<DifferenceRow>,
}

fn fit_of(database: &Postgres, file: &Path, table: &ObjectName, later: LaterRows) -> Result<Fit, Unfit> {
    let contents = DiskDumps.open(file).unwrap();
    let live = run(database.live_table(table)).unwrap();
    fit(contents.table(table).unwrap(), live.as_ref(), &ObjectClass::Shared { key: "true".to_owned() }, later)
}

impl Stand {
    fn new(sql: &str) -> Self {
        let stand = Self { database: database(), folder: tempfile::tempdir().unwrap() };
        stand.load(sql);
        pg_dump(&stand.database, &stand.dump(), &["-Fc"]);
        stand
    }

    fn load(&self, sql: &str) {
        run(self.database.superuser().load(sql)).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    fn dump(&self) -> PathBuf {
        self.folder.path().join("dump")
    }

    fn look(&self, table: &ObjectName, later_rows: LaterRows, key: Option<&str>) -> Result<Seen, String> {
        self.look_into(&self.dump(), table, later_rows, key)
    }

    fn look_into(
        &self,
        file: &Path,
        table: &ObjectName,
        later_rows: LaterRows,
        key: Option<&str>,
    ) -> Result<Seen, String> {
        let database = self.database.superuser();
        let fit = fit_of(&database, file, table, later_rows).map_err(|unfit| unfit.message)?;
        let contents = DiskDumps.open(file).unwrap();
        let mut restore = Restore {
            table: table.clone(),
            columns: fit.columns,
            key_columns: fit.key,
            dump: DumpNote {
                file: "dump".to_owned(),
                form: contents.form,
                server_version: None,
                dump_version: None,
                taken_at: None,
                encoding: contents.encoding.clone().unwrap(),
                rows: 0,
                sha256: Digest::of(b""),
            },
            scope: if key.is_some() { Scope::Key } else { Scope::Table },
            declared_key: key.unwrap_or_default().to_owned(),
            later_rows,
            paused: fit.paused,
            refers_to_itself: fit.refers_to_itself,
            difference: DifferenceSum { only_in_dump: 0, only_live: 0, changed: 0, digest: Digest::of(b"") },
            kept: 0,
            grounds: Grounds::default(),
        };
        let rows = DumpRows { dumps: Arc::new(DiskDumps), path: file.to_owned(), table: table.clone() };
        let look = DifferenceLook { restore: &restore, timeouts: TIMEOUTS, sequences: &fit.sequences, rows };
        let mut lines = Vec::new();
        let seen = run(database.difference(&look, &mut |line| lines.push(line.to_vec())))
            .map_err(|error| error.to_string())?;
        (restore.difference, restore.kept) = (seen.sum, seen.kept);
        let rows = lines.iter().map(|line| DifferenceRow::read(line, restore.columns.len()).unwrap()).collect();
        Ok(Seen { restore, difference: seen, rows })
    }

    /// Sends what a plan would send, in one transaction, and gives what is still different.
    fn apply(&self, restore: &Restore) {
        let deeds = deeds(restore);
        let copied = self.folder.path().join("rows");
        let mut rows = Vec::new();
        DiskDumps
            .rows(&self.dump(), &restore.table, &mut |piece| {
                rows.extend(piece);
                true
            })
            .unwrap();
        std::fs::write(&copied, rows).unwrap();
        let load = deeds.load.replace("FROM STDIN", &format!("FROM '{}'", copied.display()));
        std::fs::set_permissions(self.folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let mut sql =
            format!("BEGIN; SET LOCAL search_path = pg_catalog, public; {}; {load}; {}; ", deeds.make, deeds.find);
        for deed in &deeds.statements {
            sql += &format!("{};\n", deed.sql);
        }
        sql += &format!("DO $$ BEGIN ASSERT ({}) = 0, 'still different'; END $$; COMMIT;", deeds.verify);
        self.load(&sql);
    }

    fn ask(&self, sql: &str) -> String {
        let out = program("psql", &["-XAtq", "-d", &self.database.url, "-c", sql]);
        String::from_utf8(out).unwrap().trim_end().to_owned()
    }

    fn image(&self, table: &ObjectName) -> String {
        self.ask(&format!("SELECT md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM {} AS t", table.quoted()))
    }

    /// Damages the table, and brings it back to the byte; gives the counts.
    fn mends(&self, table: &ObjectName, damage: &str, later: LaterRows, expected: &str) -> Seen {
        let before = self.image(table);
        self.load(damage);
        let seen = self.look(table, later, None).unwrap_or_else(|reason| panic!("{reason}"));
        let sum = seen.restore.difference;
        assert_eq!(format!("{}/{}/{}", sum.only_in_dump, sum.changed, sum.only_live), expected, "{damage}");
        self.apply(&seen.restore);
        assert_eq!(self.image(table), before, "{damage}");
        let again = self.look(table, later, None).unwrap();
        assert!(again.difference.sum.is_empty());
        seen
    }
}

fn public(name: &str) -> ObjectName {
    ObjectName::new("public", name)
}

#[test]
fn odd_names_values_identity_and_generated_columns_are_brought_back() {
    let stand = Stand::new(ODD);
    let table = odd_table();
    let quoted = table.quoted();
    let damage = format!(
        "DELETE FROM {quoted} WHERE \"Id\" IN (1, 2, 5); UPDATE {quoted} SET \"Text, (x\" = E'\\\\N' WHERE \"Id\" = 4; \
         UPDATE {quoted} SET numbers = '{{1.00,NULL,1.00}}' WHERE \"Id\" = 3; UPDATE {quoted} SET \"Text, (x\" = NULL WHERE \"Id\" = 7; \
         INSERT INTO {quoted} (\"Text, (x\") VALUES ('later')"
    );
    let seen = stand.mends(&table, &damage, LaterRows::Delete, "3/3/1");
    let marks: Vec<usize> = seen.rows.iter().map(|row| (0..5).filter(|at| row.differs(*at)).count()).collect();
    assert_eq!(marks.iter().sum::<usize>(), 3, "only what differs is marked: {:?}", seen.rows);
    // The sequence was not moved, and nothing is behind.
    assert_eq!(seen.difference.behind, [] as [String; 0]);
    assert_eq!(stand.ask(&format!("SELECT last_value FROM {}", "\"Odd schema\".\"T.a \"\"b\"\"_Id_seq\"")), "9");
}

#[test]
fn the_difference_has_one_digest_and_no_other_has_it() {
    let stand = Stand::new(
        "CREATE TABLE public.t (id int PRIMARY KEY, a text); INSERT INTO public.t SELECT n, 'x' FROM generate_series(1, 2000) AS n",
    );
    stand.load("UPDATE public.t SET a = 'y' WHERE id % 100 = 0; DELETE FROM public.t WHERE id = 7");
    let look = || stand.look(&public("t"), LaterRows::Keep, None).unwrap().difference;
    let (first, second) = (look(), look());
    assert_eq!(first, second);
    assert_eq!((first.loaded.rows, first.sum.only_in_dump, first.sum.changed), (2000, 1, 20));
    // Later rows are told, and are no part of the digest.
    stand.load("INSERT INTO public.t VALUES (3000, 'later')");
    let third = look();
    assert_eq!((third.sum, third.kept), (first.sum, 1));
    stand.load("UPDATE public.t SET a = 'z' WHERE id = 100");
    assert_ne!(look().sum.digest, first.sum.digest);
    assert_eq!(
        stand.ask("SELECT count(*) FROM pg_class WHERE relname LIKE 'countersign%'"),
        "0",
        "nothing is left behind"
    );
}

#[test]
fn the_declared_key_limits_what_is_compared_on_both_sides() {
    let stand = Stand::new(
        "CREATE TABLE public.t (id int PRIMARY KEY, domain text, a int); \
         INSERT INTO public.t SELECT n, CASE WHEN n <= 5 THEN 'gov' ELSE 'other' END, 0 FROM generate_series(1, 10) AS n",
    );
    // 1: changed inside; 2: moved out of the key; 6: moved into it; 7: changed outside; 20, 21: later, inside and outside.
    stand.load(
        "UPDATE public.t SET a = 1 WHERE id IN (1, 7); UPDATE public.t SET domain = 'other' WHERE id = 2; \
         UPDATE public.t SET domain = 'gov' WHERE id = 6; INSERT INTO public.t VALUES (20, 'gov', 0), (21, 'other', 0)",
    );
    let seen = stand.look(&public("t"), LaterRows::Delete, Some("t.domain = 'gov'")).unwrap();
    assert_eq!(
        (seen.difference.sum.changed, seen.difference.sum.only_in_dump, seen.difference.sum.only_live),
        (3, 0, 1)
    );
    stand.apply(&seen.restore);
    assert_eq!(
        stand.ask(
            "SELECT string_agg(id || domain || a, ' ' ORDER BY id) FROM public.t WHERE id IN (1, 2, 6, 7, 20, 21)"
        ),
        "1gov0 2gov0 6other0 7other1 21other0"
    );
}

#[test]
fn tables_that_refer_to_themselves_or_to_others_are_brought_back_in_the_order_of_their_keys() {
    let stand = Stand::new(
        "CREATE TABLE public.tree (id int PRIMARY KEY, up int REFERENCES public.tree); \
         INSERT INTO public.tree VALUES (1, NULL), (2, 1), (3, 2), (4, 3); \
         CREATE TABLE public.leaf (id int PRIMARY KEY, on_tree int REFERENCES public.tree DEFERRABLE INITIALLY DEFERRED); \
         INSERT INTO public.leaf VALUES (1, 1)",
    );
    // 3 and 4 hang on a later row now; 2 is gone.
    stand.mends(
        &public("tree"),
        "INSERT INTO public.tree VALUES (9, 1); UPDATE public.tree SET up = 9 WHERE id = 3; DELETE FROM public.tree WHERE id = 2",
        LaterRows::Delete,
        "1/1/1",
    );
    stand.mends(&public("leaf"), "UPDATE public.leaf SET on_tree = NULL", LaterRows::Keep, "0/1/0");
}

#[test]
fn triggers_do_nothing_for_restored_rows_and_stand_as_they_stood() {
    let stand = Stand::new(
        "CREATE TABLE public.birth (of text); CREATE TABLE public.t (id int PRIMARY KEY, a text, changed timestamptz); \
         CREATE FUNCTION public.born() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.birth VALUES (NEW.id); NEW.changed := now(); RETURN NEW; END $$; \
         CREATE TRIGGER \"Birth\" BEFORE INSERT OR UPDATE ON public.t FOR EACH ROW EXECUTE FUNCTION public.born(); \
         CREATE TRIGGER always BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.born(); \
         CREATE TRIGGER sleeping BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.born(); \
         ALTER TABLE public.t ENABLE ALWAYS TRIGGER always; ALTER TABLE public.t DISABLE TRIGGER sleeping; \
         INSERT INTO public.t VALUES (1, 'a'), (2, 'b')",
    );
    let enabled = "SELECT string_agg(tgname::text || tgenabled::text, ' ' ORDER BY tgname) FROM pg_trigger WHERE NOT tgisinternal";
    let (births, states) = (stand.ask("SELECT count(*) FROM public.birth"), stand.ask(enabled));
    let seen = stand.look(&public("t"), LaterRows::Keep, None).unwrap();
    assert_eq!(seen.restore.paused.len(), 2, "{:?}", seen.restore.paused);
    let before = stand.image(&public("t"));
    stand.load(
        "ALTER TABLE public.t DISABLE TRIGGER USER; DELETE FROM public.t WHERE id = 1; UPDATE public.t SET a = 'c'",
    );
    stand.load("ALTER TABLE public.t ENABLE TRIGGER \"Birth\"; ALTER TABLE public.t ENABLE ALWAYS TRIGGER always");
    let seen = stand.look(&public("t"), LaterRows::Keep, None).unwrap();
    stand.apply(&seen.restore);
    assert_eq!(
        (stand.image(&public("t")), stand.ask("SELECT count(*) FROM public.birth"), stand.ask(enabled)),
        (before, births, states)
    );
}

#[test]
fn types_of_their_own_are_brought_back() {
    let stand = Stand::new(
        "CREATE DOMAIN public.short AS text CHECK (length(value) < 9); CREATE TYPE public.pair AS (a int, b text); \
         CREATE TYPE public.spans AS RANGE (subtype = float8); \
         CREATE TABLE public.t (id uuid PRIMARY KEY, s public.short, p public.pair, ps public.pair[], r public.spans, j jsonb, c char(5), \
           f float8, n numeric, i interval, ts timestamptz, m money, b bit varying(9), v tsvector, inet inet); \
         INSERT INTO public.t VALUES \
          ('00000000-0000-0000-0000-000000000001', 'x', (1, 'a,\"b'), ARRAY[(1, NULL)::public.pair, NULL], '[1,2)', '{\"a\": [1, null]}', 'ab', \
            'NaN', 1.10, '1 mon -3 days', '2020-01-01 00:00:00.123456+00', 1.5, B'101', 'a b'::tsvector, '::1'), \
          ('00000000-0000-0000-0000-000000000002', '', NULL, '{}', 'empty', 'null', '', '-0', 'NaN', '0', 'infinity', 0, B'', '', '10.0.0.0/8')",
    );
    let damage = "UPDATE public.t SET s = '', p = (NULL, NULL), ps = NULL, r = NULL, j = '{\"a\": [1]}', c = 'abc', f = 0, n = 1.1, i = '28 days', ts = '-infinity'; \
                  DELETE FROM public.t WHERE f <> 0";
    stand.mends(&public("t"), damage, LaterRows::Keep, "0/2/0");
}

#[test]
fn a_dump_in_another_encoding_is_converted() {
    let stand = Stand::new(
        "CREATE TABLE public.t (id int PRIMARY KEY, a text); INSERT INTO public.t VALUES (1, 'é'), (2, 'ß\\x')",
    );
    let latin = stand.folder.path().join("latin");
    for form in ["-Fc", "-Fp"] {
        let _ = std::fs::remove_file(&latin);
        pg_dump(&stand.database, &latin, &[form, "--encoding=LATIN1"]);
        assert!(
            stand.look_into(&latin, &public("t"), LaterRows::Keep, None).unwrap().difference.sum.is_empty(),
            "{form}"
        );
    }
    stand.load("UPDATE public.t SET a = 'e' WHERE id = 1");
    let seen = stand.look_into(&latin, &public("t"), LaterRows::Keep, None).unwrap();
    assert_eq!(seen.rows[0].dump[1].as_deref(), Some("é"));
}

#[test]
fn a_sequence_that_is_behind_is_told_and_not_moved() {
    let stand = Stand::new(
        "CREATE TABLE public.t (id bigserial PRIMARY KEY, a text); INSERT INTO public.t (a) VALUES ('a'), ('b'), ('c')",
    );
    stand.load("DELETE FROM public.t; ALTER SEQUENCE public.t_id_seq RESTART");
    let seen = stand.look(&public("t"), LaterRows::Keep, None).unwrap();
    assert!(
        seen.difference.behind[0].contains("public.t_id_seq stands at 0, and rows of the dump go up to 3"),
        "{:?}",
        seen.difference.behind
    );
    stand.apply(&seen.restore);
    assert_eq!(stand.ask("SELECT count(*) || ' ' || (SELECT is_called FROM public.t_id_seq) FROM public.t"), "3 false");
}

#[test]
fn a_value_of_a_hundred_megabytes_needs_no_such_memory() {
    let stand = Stand::new(
        "CREATE TABLE public.t (id int PRIMARY KEY, a text); INSERT INTO public.t VALUES (1, repeat('x', 100000000)), (2, 'small')",
    );
    stand.load("UPDATE public.t SET a = a || 'y'");
    let seen = stand.look(&public("t"), LaterRows::Keep, None).unwrap();
    let (dump, live) = (seen.rows[0].dump[1].as_deref().unwrap(), seen.rows[0].live[1].as_deref().unwrap());
    assert!(dump.len() < 400 && dump.contains("100000000 bytes, sha256") && live.contains("100000001 bytes, sha256"));
    assert_ne!(dump, live);
    stand.apply(&seen.restore);
    assert_eq!(stand.ask("SELECT string_agg(length(a)::text, ' ' ORDER BY id) FROM public.t"), "100000000 5");
}

#[test]
fn what_the_dump_cannot_fill_is_refused_by_the_server_and_said() {
    let stand =
        Stand::new("CREATE TABLE public.t (id int PRIMARY KEY, a text); INSERT INTO public.t VALUES (1, 'word')");
    stand.load("ALTER TABLE public.t ALTER a TYPE int USING 0");
    let refused = stand.look(&public("t"), LaterRows::Keep, None).err().unwrap();
    assert!(refused.contains("refused the dump's rows (22P02)"), "{refused}");
}

#[test]
fn what_cannot_be_restored_is_refused_by_name() {
    let stand = Stand::new(
        "CREATE TABLE public.keyless (a int); CREATE TABLE public.parted (id int PRIMARY KEY) PARTITION BY RANGE (id); \
         CREATE TABLE public.part PARTITION OF public.parted FOR VALUES FROM (0) TO (10); INSERT INTO public.parted VALUES (1); \
         CREATE TABLE public.ruled (id int PRIMARY KEY); CREATE RULE r AS ON DELETE TO public.ruled DO INSTEAD NOTHING; \
         CREATE TABLE public.parent (id int PRIMARY KEY); CREATE TABLE public.child (id int PRIMARY KEY, p int REFERENCES public.parent ON DELETE CASCADE); \
         CREATE TABLE public.secret (id int PRIMARY KEY); ALTER TABLE public.secret ENABLE ROW LEVEL SECURITY; \
         CREATE TABLE public.gone (id int PRIMARY KEY); CREATE TABLE public.changed (id int PRIMARY KEY, a int, b int); \
         CREATE TABLE public.quiet (id int PRIMARY KEY); \
         CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$; \
         CREATE TRIGGER t BEFORE INSERT ON public.quiet FOR EACH ROW EXECUTE FUNCTION public.f()",
    );
    stand.load("DROP TABLE public.gone; ALTER TABLE public.changed DROP a");
    let role = format!("restorer_{}", stand.database.name);
    stand.load(&format!(
        "CREATE ROLE {role} LOGIN; GRANT SELECT, INSERT, UPDATE, DELETE ON public.secret, public.quiet TO {role}"
    ));
    let refused = |database: &Postgres, table: &str, later| match fit_of(database, &stand.dump(), &public(table), later)
    {
        Ok(_) => "fits".to_owned(),
        Err(unfit) => unfit.message,
    };
    let (owner, other) = (stand.database.superuser(), stand.database.role(&role));
    for (database, table, later, words) in [
        (&owner, "keyless", LaterRows::Keep, "no primary key"),
        (&owner, "part", LaterRows::Keep, "is a partition of parted"),
        (&owner, "ruled", LaterRows::Keep, "rules of public.ruled"),
        (&owner, "parent", LaterRows::Keep, "fits"),
        (&owner, "parent", LaterRows::Delete, "would reach other tables: child: CASCADE"),
        (&owner, "child", LaterRows::Delete, "fits"),
        (&owner, "gone", LaterRows::Keep, "not in the database"),
        (&owner, "changed", LaterRows::Keep, "has lost columns since the dump: a"),
        (&owner, "secret", LaterRows::Keep, "fits"),
        (&other, "secret", LaterRows::Keep, "row security"),
        (&owner, "quiet", LaterRows::Keep, "fits"),
        (&other, "quiet", LaterRows::Keep, "only its owner may switch them off: t"),
        (&other, "parent", LaterRows::Keep, "lacks"),
    ] {
        let answer = refused(database, table, later);
        assert!(answer.contains(words), "{table}: expected `{words}`: {answer}");
    }
    assert!(
        DiskDumps.open(&stand.dump()).unwrap().table(&public("parted")).is_none(),
        "a partitioned table has no rows of its own"
    );
}

#[test]
fn columns_that_came_since_the_dump_are_left_alone() {
    let stand = Stand::new(
        "CREATE TABLE public.t (id int PRIMARY KEY, a text); INSERT INTO public.t VALUES (1, 'a'), (2, 'b')",
    );
    stand.load("ALTER TABLE public.t ADD more int DEFAULT 7; UPDATE public.t SET more = 8, a = 'x' WHERE id = 1; DELETE FROM public.t WHERE id = 2");
    let seen = stand.look(&public("t"), LaterRows::Keep, None).unwrap();
    stand.apply(&seen.restore);
    assert_eq!(stand.ask("SELECT string_agg(id || a || more, ' ' ORDER BY id) FROM public.t"), "1a8 2b7");
}
