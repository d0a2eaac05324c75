"""Writes many small SQL statements of realistic shape, always the same ones: small_statements.py FOLDER BYTES FILES

FOLDER becomes a runbook whose reversals hold the statements, divided over FILES scripts of one step each. The tables are
declared, so that the review has classes and keys to hold the statements against; nobody declares rows.
"""

import random
import sys
from pathlib import Path

folder, size, files = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
chance = random.Random(97)

AREAS = ["order", "invoice", "shipment", "customer", "ledger", "event", "ticket", "contract"]
SHARED = [f"{area}_registry" for area in AREAS]
RETIRED = [f"{area}_codes" for area in AREAS[:4]]
FRESH = [f"{area}_candidate" for area in AREAS]
KEY = "domain = 'governance'"
WORDS = ["open", "closed", "on hold", "it''s late", "Nguyễn", "north", "south", "paid", "void", "draft"]


def word():
    return chance.choice(WORDS)


def number():
    return chance.randint(1, 99999)


def insert():
    table = chance.choice(FRESH)
    return (
        f"INSERT INTO public.{table} (id, code, state, note, amount) VALUES "
        f"({number()}, 'C-{number()}', '{word()}', '{word()}', {number()}.{number() % 100:02})"
    )


def update():
    if chance.random() < 0.3:
        return f"UPDATE public.{chance.choice(RETIRED)} SET status = 'retired', retired_at = now() WHERE code = 'C-{number()}'"
    return f"UPDATE public.{chance.choice(SHARED)} SET state = '{word()}' WHERE {KEY} AND id = {number()}"


def delete():
    return f"DELETE FROM public.{chance.choice(SHARED)} WHERE {KEY} AND code IN ('C-{number()}', 'C-{number()}')"


def select():
    return f"SELECT count(*) FROM public.{chance.choice(SHARED)} AS r WHERE r.{KEY} AND r.id > {number()}"


def drop():
    kind = chance.choice(["TABLE", "VIEW", "INDEX"])
    return f"DROP {kind} {chance.choice(['', 'IF EXISTS '])}public.{chance.choice(FRESH)}"


def create():
    table = f"public.{chance.choice(FRESH)}"
    return chance.choice(
        [
            f"CREATE TABLE {table} (id bigint PRIMARY KEY, code text NOT NULL, amount numeric(12, 2))",
            f"CREATE INDEX i_{number()} ON {table} (code, id)",
            f"CREATE VIEW {table}_v AS SELECT id, code FROM {table} WHERE amount > {number()}",
        ]
    )


def alter():
    table = f"public.{chance.choice(FRESH)}"
    return chance.choice(
        [
            f"ALTER TABLE {table} ADD COLUMN extra_{number()} text",
            f"ALTER TABLE {table} DROP CONSTRAINT c_{number()}",
            f"ALTER TABLE {table} ALTER COLUMN state SET DEFAULT '{word()}'",
        ]
    )


KINDS = [insert] * 5 + [update] * 5 + [delete] * 4 + [select] * 2 + [drop] * 3 + [create] * 2 + [alter] * 2
scripts = []
for _ in range(files):
    lines, written = ["-- many small statements\n"], 0
    while written < size // files:
        line = chance.choice(KINDS)() + ";\n"
        lines.append(line)
        written += len(line.encode())
    scripts.append("".join(lines))

toml = [
    """format = 1
[runbook]
id = "bench"
title = "Many small statements"
version = "1"
[target]
database = "bench"
schema = "public"
[timeouts]
lock = "3s"
statement = "30s"
idle_in_transaction = "30s"
[policy]
approvals = 2
rehearsal_max_age = "12h"
approval_valid = "8h"
"""
]
for name in FRESH:
    toml.append(f'[[object]]\nname = "public.{name}"\nkind = "table"\nclass = "greenfield"\nsteps = ["S1"]\n')
for name in SHARED:
    toml.append(f'[[object]]\nname = "public.{name}"\nkind = "table"\nclass = "shared"\nkey = "{KEY}"\nsteps = ["S1"]\n')
for name in RETIRED:
    toml.append(f'[[object]]\nname = "public.{name}"\nkind = "table"\nclass = "retire_only"\nsteps = ["S1"]\n')
(folder / "reversal").mkdir(parents=True)
for place, script in enumerate(scripts, 1):
    (folder / "reversal" / f"s{place}.sql").write_text(script)
    toml.append(
        f'[[step]]\nid = "S{place}"\nposition = {place}\ntitle = "Step {place}"\nsection = "1"\n'
        f'reversal = "reversal/s{place}.sql"\n'
    )
    toml.append(
        f'[[check]]\nid = "gone-{place}"\ntitle = "The table is gone"\nexpect = "absent"\nsteps = ["S{place}"]\n'
        f"sql = \"SELECT to_regclass('public.{FRESH[0]}')\"\n"
    )
(folder / "runbook.toml").write_text("".join(toml))
print(sum(script.count(";\n") for script in scripts))
