//! `column-default`: a default that the script takes may act; what survives ROLLBACK is never taken.

use super::reading::{Fired, Setting, defaults};
use super::{Found, RuleInfo, Scene, Severity, Spot};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "column-default",
    summary: "A column's default that the statement takes does more than compute a value.",
    help: "An INSERT that leaves a column out, and DEFAULT in VALUES or SET, evaluate the column's default. With a connected\n\
           database it is read as if it stood in the script. nextval on a sequence that the runbook declares, or that a column\n\
           of a declared table owns (serial, identity), is a note: the number stays taken after ROLLBACK, and nobody relies on\n\
           numbers without gaps. On any other sequence it blocks like every effect that survives ROLLBACK. A function that\n\
           cannot be read is a hazard.\n\n\
           What to do: give the column a value, or declare the sequence or the table that owns it.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    let (Some(catalog), Some(reader)) = (scene.catalog, scene.reader) else { return };
    for (statement, touched) in scene.touches().filter(|(_, touched)| touched.how.writes_rows()) {
        for taken in defaults(catalog, statement, touched) {
            let spot = taken.offset.map_or(Spot::Object(statement, touched), |at| Spot::Offset(statement, at));
            for (severity, sentence) in
                reader.sentences(&reader.fired(&Fired::Expression(taken.default)), Setting::Fired)
            {
                let way_out = match severity {
                    Severity::Block => "Give the column a value, or declare the sequence or the table that owns it.",
                    Severity::Hazard => "Give the column a value, or waive this with what the default does.",
                    Severity::Note => "Nothing needs to be done; know it.",
                };
                found.note(severity, spot, format!("{} takes the {sentence}", statement.tag), way_out.to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reading::fixture::{Made, made};
    use super::super::testing::{check_clean_with, check_with, runbook};
    use crate::review::{Catalog, CatalogObject};
    use crate::runbook::{ObjectKind, ObjectName};

    /// `fresh (id, note)`: the default of `id` is the given expression.
    fn with(sql: &str) -> Catalog {
        let Made { mut catalog } = made().default("fresh", "id", sql);
        let columns = ["note", "id"].map(str::to_owned).to_vec();
        let table = CatalogObject { kind: ObjectKind::Table, columns, primary_key: Vec::new() };
        catalog.objects.insert(ObjectName::new("public", "fresh"), table);
        catalog
    }

    #[track_caller]
    fn caught(sql: &str, catalog: &Catalog, expect: &str) {
        check_with(&runbook(sql), Some(catalog), expect);
    }

    #[test]
    fn a_default_that_is_taken_is_read() {
        let next = with("nextval('public.s'::regclass)");
        let says = "takes the default of public.fresh.id → nextval(): it moves the sequence public.s";
        for (sql, place) in [
            ("INSERT INTO public.fresh VALUES (1)", "1:13"),
            ("INSERT INTO public.fresh (note) VALUES (1)", "1:13"),
            ("INSERT INTO public.fresh DEFAULT VALUES", "1:13"),
            ("INSERT INTO public.fresh (note) SELECT 1", "1:13"),
            ("INSERT INTO public.fresh SELECT 1", "1:13"),
            ("INSERT INTO public.fresh VALUES (1, DEFAULT)", "1:37"),
            ("INSERT INTO public.fresh VALUES (1, 2), (1, DEFAULT)", "1:45"),
            ("UPDATE public.fresh SET id = DEFAULT", "1:30"),
            ("UPDATE public.fresh SET (note, id) = (1, DEFAULT)", "1:42"),
            ("INSERT INTO public.fresh VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET id = DEFAULT", "1:76"),
        ] {
            caught(sql, &next, &format!("column-default {place} block: {says}"));
        }
        caught(
            "INSERT INTO public.fresh VALUES (1)",
            &with("public.missing()"),
            "column-default 1:13 hazard: default of public.fresh.id → public.missing()",
        );
        for sql in [
            "INSERT INTO public.fresh VALUES (1, 2)",
            "INSERT INTO public.fresh (id) VALUES (1)",
            "INSERT INTO public.fresh (id, note) SELECT 1, 2",
            "INSERT INTO public.fresh SELECT 1, 2",
            "UPDATE public.fresh SET note = DEFAULT",
            "UPDATE public.fresh SET (note, id) = (DEFAULT, 1)",
            "DELETE FROM public.fresh",
        ] {
            check_clean_with(&runbook(sql), Some(&next));
        }
        check_clean_with(&runbook("INSERT INTO public.fresh VALUES (1)"), Some(&with("now()")));
    }

    #[test]
    fn a_sequence_of_a_declared_table_only_leaves_a_gap() {
        let insert = "INSERT INTO public.fresh VALUES (1)";
        let mut owned = with("nextval('public.s'::regclass)");
        let own = |catalog: &mut Catalog, sequence: &str, table: &str| {
            let (sequence, table) = (ObjectName::new("public", sequence), ObjectName::new("public", table));
            catalog.owned_sequences.insert(sequence, table);
        };
        own(&mut owned, "s", "fresh");
        caught(insert, &owned, "column-default 1:13 note: next number of public.s");
        own(&mut owned, "s", "outbox");
        caught(insert, &owned, "column-default 1:13 note: next number of public.s");
        own(&mut owned, "s", "stranger");
        caught(insert, &owned, "column-default 1:13 block: it moves the sequence public.s");
        own(&mut owned, "s", "fixed");
        caught(insert, &owned, "column-default 1:13 block: it moves the sequence public.s");
        // A declared sequence needs no owner.
        caught(insert, &with("nextval('public.v_fresh')"), "column-default 1:13 note: next number of public.v_fresh");
        let mut quoted = with("nextval('public.\"A b\"'::regclass)");
        caught(insert, &quoted, "column-default 1:13 block: public.A b");
        own(&mut quoted, "A b", "fresh");
        caught(insert, &quoted, "column-default 1:13 note: next number of public.A b");
    }
}
