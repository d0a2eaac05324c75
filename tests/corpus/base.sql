-- Every kind of object that an attack of the corpus reaches for. The superuser loads it into a template database.
GRANT CREATE, USAGE ON SCHEMA public TO corpus_desk;
CREATE SCHEMA elsewhere AUTHORIZATION corpus_desk;
SET ROLE corpus_desk;

-- Shared tables: rows of this phase stand beside rows of others.
CREATE TABLE public.events (id int PRIMARY KEY, domain text NOT NULL, code text, note text);
INSERT INTO public.events VALUES
    (1, 'gov', 'a', NULL), (2, 'gov', 'b', NULL), (3, 'gov', 'c', 'kept'), (4, 'gov', 'd', NULL),
    (11, 'shop', 'a', NULL), (12, 'shop', 'b', NULL), (13, 'Gov', 'c', NULL), (14, 'gov ', 'd', NULL), (15, 'govern', 'e', NULL), (16, '', NULL, NULL);
CREATE TABLE public.beats (id int PRIMARY KEY, executor text NOT NULL, kind text);
INSERT INTO public.beats VALUES (1, 'gov_a', 'x'), (2, 'gov_b', 'y'), (3, 'gova', 'x'), (4, 'govX', 'y'), (5, 'shop_a', 'x'), (6, 'GOV_a', 'x');
CREATE TABLE public.shots (tenant text, origin text, n int, PRIMARY KEY (tenant, origin, n));
INSERT INTO public.shots VALUES ('t1', 'o1', 1), ('t1', 'o1', 2), ('t1', 'o2', 1), ('t2', 'o1', 1), ('t2', 'o2', 2);
CREATE DOMAIN public.label AS text;
CREATE TABLE public.marks (id int PRIMARY KEY, code char(6) NOT NULL, tag public.label NOT NULL, level numeric);
INSERT INTO public.marks VALUES (1, 'gov', 'gov', 1), (2, 'gov', 'gov', 2), (3, 'shop', 'shop', 1), (4, 'Gov', 'Gov', 3), (5, 'gov', 'shop', 1);
CREATE TABLE public.parents (id int PRIMARY KEY, kind text NOT NULL);
CREATE TABLE public.kids_gone (id int PRIMARY KEY, parent int REFERENCES public.parents ON DELETE CASCADE);
CREATE TABLE public.kids_blank (id int PRIMARY KEY, parent int REFERENCES public.parents ON DELETE SET NULL);
CREATE TABLE public.kids_moved (id int PRIMARY KEY, parent int DEFAULT 99 REFERENCES public.parents ON UPDATE CASCADE ON DELETE SET DEFAULT);
INSERT INTO public.parents VALUES (1, 'gov'), (2, 'gov'), (3, 'gov'), (9, 'shop'), (99, 'shop');
INSERT INTO public.kids_gone VALUES (1, 1), (2, 9);
INSERT INTO public.kids_blank VALUES (1, 2), (2, 9);
INSERT INTO public.kids_moved VALUES (1, 3), (2, 9);
CREATE TABLE public.parted (id int, region text NOT NULL) PARTITION BY LIST (region);
CREATE TABLE public.parted_gov PARTITION OF public.parted FOR VALUES IN ('gov');
CREATE TABLE public.parted_rest PARTITION OF public.parted DEFAULT;
INSERT INTO public.parted VALUES (1, 'gov'), (2, 'gov'), (3, 'shop'), (4, 'other');
CREATE TABLE public.root_rows (id int, domain text NOT NULL);
CREATE TABLE public.heir_rows () INHERITS (public.root_rows);
INSERT INTO public.root_rows VALUES (1, 'gov'), (2, 'shop');
INSERT INTO public.heir_rows VALUES (3, 'gov'), (4, 'shop');
CREATE TABLE public.stray_rows () INHERITS (public.root_rows);
INSERT INTO public.stray_rows VALUES (5, 'gov'), (6, 'shop');
CREATE TABLE public.widths (id int PRIMARY KEY, domain text NOT NULL, added text, owned text);
INSERT INTO public.widths VALUES (1, 'gov', 'a', 'x'), (2, 'shop', 'b', 'y');
CREATE INDEX widths_pair ON public.widths (owned, added);
CREATE TABLE public.lengths (id int PRIMARY KEY, domain text NOT NULL, added text);
INSERT INTO public.lengths VALUES (1, 'gov', 'a'), (2, 'shop', 'b');
CREATE INDEX lengths_added ON public.lengths (added);
CREATE COLLATION public.loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);

-- Rows that are retired and never deleted; rows that nobody touches; rows that only grow.
CREATE TABLE public.codes (code text PRIMARY KEY, status text NOT NULL DEFAULT 'active', retired_at timestamptz);
INSERT INTO public.codes VALUES ('A'), ('B'), ('C'), ('D');
CREATE TABLE public.accounts (id int PRIMARY KEY, balance numeric NOT NULL);
INSERT INTO public.accounts VALUES (1, 100), (2, 200), (3, 300);
CREATE TABLE public.audit_log (id serial PRIMARY KEY, said text NOT NULL);
INSERT INTO public.audit_log (said) VALUES ('begun');
CREATE TABLE public.later_rows (id int PRIMARY KEY, domain text);
INSERT INTO public.later_rows VALUES (1, 'gov');

-- What this phase created.
CREATE TABLE public.fresh (id serial PRIMARY KEY, note text);
INSERT INTO public.fresh (note) VALUES ('one'), ('two');
CREATE TABLE public.fresh_child (id int PRIMARY KEY, fresh_id int REFERENCES public.fresh);
INSERT INTO public.fresh_child VALUES (1, 1);
CREATE TABLE public.fresh_alone (id int PRIMARY KEY, note text);
INSERT INTO public.fresh_alone VALUES (1, 'x'), (2, 'y');
CREATE INDEX fresh_alone_note ON public.fresh_alone (note);
CREATE VIEW public.v_fresh AS SELECT id, note FROM public.fresh;
CREATE MATERIALIZED VIEW public.mv_fresh AS SELECT count(*) AS n FROM public.events;
CREATE SEQUENCE public.fresh_number;
CREATE TYPE public.fresh_mood AS ENUM ('ok', 'not');
CREATE FUNCTION public.fresh_fn() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION public.fresh_twice() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION public.fresh_twice(a text) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2';

-- What nobody declared.
CREATE TABLE public.secrets (id int, said text);
INSERT INTO public.secrets VALUES (1, 'secret');
CREATE TABLE public."еvents" (id int, domain text);
INSERT INTO public."еvents" VALUES (1, 'gov');
CREATE SEQUENCE public.tickets;
CREATE TABLE elsewhere.events (id int PRIMARY KEY, domain text);
INSERT INTO elsewhere.events VALUES (1, 'gov');
CREATE TABLE elsewhere.gone (id int);

-- Functions: one that computes, and many that do not only that.
CREATE FUNCTION public.plus(a int, b int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a + b';
CREATE FUNCTION public.ticket() RETURNS bigint LANGUAGE sql AS 'SELECT nextval(''public.tickets'')';
CREATE FUNCTION public.ticket_deep() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN public.ticket(); END';
CREATE FUNCTION public.ticket_same(a text, b text) RETURNS boolean LANGUAGE sql AS 'SELECT nextval(''public.tickets'') > 0 AND a = b';
CREATE FUNCTION public.ticket_ok(a text) RETURNS boolean LANGUAGE sql AS 'SELECT nextval(''public.tickets'') > 0';
CREATE DOMAIN public.counted AS text CHECK (public.ticket_ok(VALUE));
CREATE TYPE public.holder AS (v public.counted);
CREATE OPERATOR public.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = public.ticket_same);
CREATE FUNCTION public.loosen() RETURNS text LANGUAGE sql AS 'SELECT set_config(''statement_timeout'', ''0'', false)';
CREATE FUNCTION public.writes_secret() RETURNS int LANGUAGE sql AS 'INSERT INTO public.secrets VALUES (2, ''x''); SELECT 1';
CREATE FUNCTION public.empties_accounts() RETURNS int LANGUAGE plpgsql AS 'BEGIN UPDATE public.accounts SET balance = 0; RETURN 1; END';
CREATE FUNCTION public.says(what text) RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE what; END';
CREATE FUNCTION public.lower(a public.events) RETURNS text LANGUAGE sql AS 'SELECT nextval(''public.tickets'')::text';
CREATE PROCEDURE public.commits() LANGUAGE plpgsql AS 'BEGIN COMMIT; END';
CREATE TYPE public.stamp AS (v int);
CREATE FUNCTION public.to_stamp(a int) RETURNS public.stamp LANGUAGE sql AS 'SELECT nextval(''public.tickets''); SELECT ROW(a)::public.stamp';
CREATE CAST (int AS public.stamp) WITH FUNCTION public.to_stamp(int);

-- Shared tables that do more than they are asked: by a trigger, a rule, a default.
CREATE TABLE public.swallows (id int PRIMARY KEY, domain text NOT NULL);
INSERT INTO public.swallows VALUES (1, 'gov'), (2, 'gov'), (3, 'shop');
CREATE FUNCTION public.swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF OLD.id = 2 THEN RETURN NULL; END IF; RETURN OLD; END';
CREATE TRIGGER swallow BEFORE DELETE ON public.swallows FOR EACH ROW EXECUTE FUNCTION public.swallow();
CREATE TABLE public.noisy (id int PRIMARY KEY, domain text NOT NULL);
INSERT INTO public.noisy VALUES (1, 'gov'), (2, 'shop');
CREATE FUNCTION public.shout() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE WARNING ''row % is in use'', OLD.id; RETURN OLD; END';
CREATE TRIGGER shout BEFORE DELETE ON public.noisy FOR EACH ROW EXECUTE FUNCTION public.shout();
CREATE TABLE public.tells (id int PRIMARY KEY, domain text NOT NULL);
INSERT INTO public.tells VALUES (1, 'gov'), (2, 'shop');
CREATE FUNCTION public.tell() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.secrets VALUES (OLD.id, ''told''); RETURN NULL; END';
CREATE TRIGGER tell AFTER DELETE ON public.tells FOR EACH ROW EXECUTE FUNCTION public.tell();
CREATE TABLE public.counts (id int PRIMARY KEY, domain text NOT NULL);
INSERT INTO public.counts VALUES (1, 'gov'), (2, 'shop');
CREATE FUNCTION public.count_up() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM nextval(''public.tickets''); RETURN NULL; END';
CREATE TRIGGER count_up AFTER DELETE ON public.counts FOR EACH ROW EXECUTE FUNCTION public.count_up();
CREATE TABLE public.waits (id int PRIMARY KEY, domain text NOT NULL);
INSERT INTO public.waits VALUES (1, 'gov'), (2, 'shop');
CREATE FUNCTION public.empty_late() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN UPDATE public.accounts SET balance = 0 WHERE id = 1; RETURN NULL; END';
CREATE CONSTRAINT TRIGGER empty_late AFTER DELETE ON public.waits DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.empty_late();
CREATE TABLE public.widens (id int PRIMARY KEY, domain text NOT NULL);
INSERT INTO public.widens VALUES (1, 'gov'), (2, 'shop'), (3, 'shop');
CREATE FUNCTION public.widen() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM public.widens WHERE id = 2; RETURN NULL; END';
CREATE TRIGGER widen AFTER DELETE ON public.widens FOR EACH ROW WHEN (OLD.id = 1) EXECUTE FUNCTION public.widen();
CREATE TABLE public.redirects (id int PRIMARY KEY, domain text NOT NULL);
INSERT INTO public.redirects VALUES (1, 'gov'), (2, 'shop');
CREATE RULE redirect AS ON DELETE TO public.redirects DO INSTEAD DELETE FROM public.accounts WHERE id = OLD.id;
CREATE TABLE public.doubles (id int PRIMARY KEY, domain text NOT NULL);
INSERT INTO public.doubles VALUES (1, 'gov'), (2, 'shop');
CREATE RULE double AS ON DELETE TO public.doubles DO ALSO INSERT INTO public.secrets VALUES (OLD.id, 'also');
CREATE TABLE public.grows (id int PRIMARY KEY, domain text NOT NULL, ticket bigint DEFAULT nextval('public.tickets'));
INSERT INTO public.grows (id, domain, ticket) VALUES (1, 'gov', 0), (2, 'shop', 0);
CREATE VIEW public.v_events AS SELECT id, domain, note FROM public.events;
CREATE VIEW public.v_ticket AS SELECT id, public.ticket() AS ticket FROM public.fresh_alone;
CREATE VIEW public.v_instead AS SELECT id, domain FROM public.redirects;
CREATE FUNCTION public.instead() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM public.accounts WHERE id = OLD.id; RETURN OLD; END';
CREATE TRIGGER instead INSTEAD OF DELETE ON public.v_instead FOR EACH ROW EXECUTE FUNCTION public.instead();
CREATE TABLE public.calm (id int PRIMARY KEY, domain text NOT NULL);
INSERT INTO public.calm VALUES (1, 'gov'), (2, 'shop');
CREATE FUNCTION public.log_it() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.audit_log (said) VALUES (''calm''); RETURN NULL; END';
CREATE TRIGGER log_it AFTER DELETE ON public.calm FOR EACH ROW WHEN (OLD.id = 0) EXECUTE FUNCTION public.log_it();

-- What only a superuser makes.
RESET ROLE;
CREATE TABLE public.vault (id int PRIMARY KEY, said text);
INSERT INTO public.vault VALUES (1, 'closed');
CREATE FUNCTION public.opens_vault() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'DELETE FROM public.vault; SELECT 1';
CREATE TABLE public.hidden_rows (id int PRIMARY KEY, domain text NOT NULL);
INSERT INTO public.hidden_rows VALUES (1, 'gov'), (2, 'shop');
GRANT SELECT, DELETE ON public.hidden_rows TO corpus_desk;
GRANT SELECT ON public.vault TO corpus_desk;
ALTER TABLE public.hidden_rows ENABLE ROW LEVEL SECURITY;
CREATE POLICY a_few ON public.hidden_rows USING (id = 1);
DO $$ BEGIN CREATE EXTENSION dblink; EXCEPTION WHEN OTHERS THEN NULL; END $$;
CREATE FUNCTION public.see_index() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'BEGIN INSERT INTO public.secrets VALUES (3, ''indexed''); END';
CREATE EVENT TRIGGER see_index ON ddl_command_end WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION public.see_index();
