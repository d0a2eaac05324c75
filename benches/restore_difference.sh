#!/usr/bin/env bash
# Compares a table of 1,000,000 rows with its dump: `countersign restore diff` against `pg_restore --data-only` into an empty
# temporary table and one FULL JOIN, in psql.
#
#   benches/restore_difference.sh
#
# ROWS, CHANGED (one row in so many differs), TIMES (runs; the median is printed) and BINARY may be set. Everything is made in
# a temporary folder and removed again; the database listens on a socket only.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
binary=${BINARY:-$root/target/release/countersign}
rows=${ROWS:-1000000}
changed=${CHANGED:-100}
times=${TIMES:-5}

die() {
    echo "bench: $*" >&2
    exit 1
}

[ -x "$binary" ] || die "there is no $binary; build it first: cargo build --release --locked"
# The newest server that is installed.
server=$(find /usr/lib/postgresql/*/bin -maxdepth 1 -name initdb 2>/dev/null | sort -V | tail -n 1)
server=${server:-$(command -v initdb || true)}
[ -n "$server" ] || die "initdb was not found (packaging/setup-debian.sh run)"
server=$(dirname "$server")
command -v python3 >/dev/null || die "python3 is needed"

while IFS= read -r name; do unset "$name"; done < <(compgen -e PG || true)
export LC_ALL=C PATH="$server:$PATH"

folder=$(mktemp -d /tmp/countersign-bench.XXXXXX)
# shellcheck disable=SC2317 # called by the trap
clean_up() {
    as_server "$server/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$folder"
}
trap clean_up EXIT

# The server refuses root: then it runs as whoever owns PostgreSQL here.
owner=$(id -un)
if [ "$(id -u)" -eq 0 ]; then
    owner=postgres
    id "$owner" >/dev/null 2>&1 || owner=nobody
    chown "$owner" "$folder"
fi
chmod 755 "$folder"
as_server() { if [ "$(id -un)" = "$owner" ]; then (cd "$folder" && "$@"); else (cd "$folder" && runuser -u "$owner" -- "$@"); fi; }

as_server "$server/initdb" -D "$folder/data" -U bench -A trust -E UTF8 --locale=C --no-sync >/dev/null
mkdir "$folder/socket" "$folder/book" "$folder/home"
chmod 755 "$folder/socket"
[ "$(id -u)" -ne 0 ] || chown "$owner" "$folder/socket"
as_server "$server/pg_ctl" -D "$folder/data" -w -l "$folder/log" start \
    -o "-c listen_addresses='' -c unix_socket_directories='$folder/socket' -c fsync=off" >/dev/null
place="host=$folder/socket port=5432 user=bench dbname=bench"

psql -Xq -d "host=$folder/socket port=5432 user=bench dbname=postgres" -c 'CREATE DATABASE bench'
psql -Xq -v ON_ERROR_STOP=1 -d "$place" >/dev/null <<SQL
CREATE TABLE public.big (id bigint PRIMARY KEY, code text NOT NULL, amount numeric(12, 2), seen timestamptz, note text);
INSERT INTO public.big SELECT n, 'code-' || n, n / 7.0, timestamptz '2026-01-01' + n * interval '1 second', repeat('x', (n % 40)::int)
  FROM generate_series(1, $rows) AS n;
VACUUM ANALYZE public.big;
SQL
pg_dump -Fc -d "$place" -f "$folder/big.dump"
psql -Xq -v ON_ERROR_STOP=1 -d "$place" -c "UPDATE public.big SET note = 'damaged' WHERE id % $changed = 0" -c 'VACUUM ANALYZE public.big'

cat >"$folder/book/runbook.toml" <<'TOML'
format = 1
[runbook]
id = "bench"
title = "One large table"
version = "1"
[target]
database = "bench"
schema = "public"
[timeouts]
lock = "3s"
statement = "600s"
idle_in_transaction = "600s"
[policy]
approvals = 2
rehearsal_max_age = "12h"
approval_valid = "8h"
[[object]]
name = "public.big"
kind = "table"
class = "shared"
key = "code = 'code-1'"
TOML
HOME="$folder/home" "$binary" census "$folder/book" --db "$place" --save "$folder/baseline.json" >/dev/null

cat >"$folder/measure.py" <<'PY'
import json, os, statistics, subprocess, sys, threading, time
binary, folder, place, rows, changed, times = sys.argv[1:7]
rows, changed, times = int(rows), int(changed), int(times)
env = dict(os.environ, HOME=folder + "/home")
wanted = rows // changed
join = ("SELECT count(*) FROM public.big AS live FULL JOIN pg_temp.copied AS dump USING (id) "
        "WHERE live IS DISTINCT FROM dump;")
stock = f"""set -e
{{ echo 'BEGIN; CREATE TEMPORARY TABLE copied ON COMMIT DROP AS SELECT * FROM public.big WITH NO DATA;'
  pg_restore --data-only --table=big --file=- {folder}/big.dump | sed 's/^COPY public.big /COPY pg_temp.copied /'
  echo "{join} ROLLBACK;"; }} | psql -XAtq -v ON_ERROR_STOP=1 -d '{place}'"""
ours = [binary, "restore", "diff", folder + "/book", "public.big", "--dump", folder + "/big.dump", "--db", place,
        "--baseline", folder + "/baseline.json", "--whole-table", "--limit", "0", "--json"]

def with_stock():
    begun = time.monotonic()
    out = subprocess.run(["bash", "-c", stock], capture_output=True, text=True, env=env)
    took = time.monotonic() - begun
    assert out.returncode == 0 and out.stdout.split()[-1] == str(wanted), out
    return took * 1000, 0

def with_ours():
    begun = time.monotonic()
    process = subprocess.Popen(ours, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
    peak = [0]
    def look():
        while process.poll() is None:
            try:
                with open(f"/proc/{process.pid}/status") as status:
                    peak[0] = max([peak[0]] + [int(line.split()[1]) for line in status if line.startswith("VmHWM")])
            except OSError:
                pass
            time.sleep(0.02)
    watch = threading.Thread(target=look)
    watch.start()
    out, errors = process.communicate()
    took = time.monotonic() - begun
    watch.join()
    found = json.loads(out)["difference"]
    assert process.returncode == 1 and found["changed"] == wanted and found["only_in_dump"] == found["only_live"] == 0, (out, errors)
    return took * 1000, peak[0]

with_stock(), with_ours()
stock_runs, our_runs = [], []
for _ in range(times):
    stock_runs.append(with_stock())
    our_runs.append(with_ours())
theirs, own = (statistics.median(run[0] for run in runs) for runs in (stock_runs, our_runs))
peak = max(run[1] for run in our_runs)
print(f"{rows} rows, {wanted} differ, dump {os.path.getsize(folder + '/big.dump') // 1000} kB")
print(f"pg_restore, temporary table, FULL JOIN {theirs:9.0f} ms")
print(f"countersign restore diff               {own:9.0f} ms   {own / theirs:.2f}x   at most {peak // 1000} MB")
PY
python3 "$folder/measure.py" "$binary" "$folder" "$place" "$rows" "$changed" "$times"
