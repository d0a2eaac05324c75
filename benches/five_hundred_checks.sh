#!/usr/bin/env bash
# Asks 500 scalar checks of a private PostgreSQL, near and 20 ms away: `countersign census` against `psql -f`.
#
#   benches/five_hundred_checks.sh
#
# CHECKS, ROUND_TRIP_MILLIS, TIMES (runs; the median is printed) and BINARY may be set. Everything is made in a temporary
# folder and removed again; the database listens on a socket only, the proxy on 127.0.0.1.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
binary=${BINARY:-$root/target/release/countersign}
checks=${CHECKS:-500}
round_trip=${ROUND_TRIP_MILLIS:-20}
times=${TIMES:-5}

die() {
    echo "bench: $*" >&2
    exit 1
}

[ -x "$binary" ] || die "there is no $binary; build it first: cargo build --release --locked"
for program in python3 psql; do
    command -v "$program" >/dev/null || die "$program is needed (packaging/setup-debian.sh test; python3)"
done
# The newest server that is installed.
server=$(find /usr/lib/postgresql/*/bin -maxdepth 1 -name initdb 2>/dev/null | sort -V | tail -n 1)
server=${server:-$(command -v initdb || true)}
[ -n "$server" ] || die "initdb was not found (packaging/setup-debian.sh run)"
server=$(dirname "$server")

while IFS= read -r name; do unset "$name"; done < <(compgen -e PG || true)
export LC_ALL=C

folder=$(mktemp -d /tmp/countersign-bench.XXXXXX)
proxy_pid=
# shellcheck disable=SC2317 # called by the trap
clean_up() {
    if [ -n "$proxy_pid" ]; then kill "$proxy_pid" 2>/dev/null || true; fi
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
mkdir "$folder/socket"
chmod 755 "$folder/socket"
[ "$(id -u)" -ne 0 ] || chown "$owner" "$folder/socket"
as_server "$server/pg_ctl" -D "$folder/data" -w -l "$folder/log" start \
    -o "-c listen_addresses='' -c unix_socket_directories='$folder/socket' -c fsync=off" >/dev/null
near=("host=$folder/socket" port=5432 user=bench dbname=bench)
psql -X -q -v ON_ERROR_STOP=1 "${near[*]/dbname=bench/dbname=postgres}" -c 'CREATE DATABASE bench'
psql -X -q -v ON_ERROR_STOP=1 "${near[*]}" -c 'CREATE TABLE public.counted AS SELECT g AS id FROM generate_series(1, 100) AS g'

# The same questions twice: as a script for psql, and as a runbook.
mkdir -p "$folder/runbook/reversal"
echo 'DROP TABLE public.counted;' >"$folder/runbook/reversal/made.sql"
cat >"$folder/runbook/runbook.toml" <<'TOML'
format = 1
[runbook]
id = "bench"
title = "Five hundred checks"
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
[[object]]
name = "public.counted"
kind = "table"
class = "greenfield"
steps = ["MADE"]
[[step]]
id = "MADE"
position = 1
title = "A table to count"
section = "1"
reversal = "reversal/made.sql"
TOML
for ((n = 1; n <= checks; n++)); do
    sql="SELECT count(*) FROM public.counted WHERE id <= $n"
    echo "$sql;" >>"$folder/checks.sql"
    cat >>"$folder/runbook/runbook.toml" <<TOML
[[check]]
id = "check-$n"
title = "Check $n"
sql = "$sql"
expect = { equals = "$((n < 100 ? n : 100))" }
TOML
done

with_psql() { psql -X -q -At -v ON_ERROR_STOP=1 -f "$folder/checks.sql" "$1"; }
with_countersign() { "$binary" census "$folder/runbook" --db "$1" --json; }

# median FUNCTION CONNECTION: milliseconds, after one run that is not counted.
median() {
    local function=$1 connection=$2 start took=()
    "$function" "$connection" >"$folder/answer" </dev/null || die "$function failed; its output: $(head -c 500 "$folder/answer")"
    for ((n = 0; n < times; n++)); do
        start=$(date +%s%N)
        "$function" "$connection" >"$folder/answer" </dev/null
        took+=($((($(date +%s%N) - start) / 100000)))
    done
    printf '%s\n' "${took[@]}" | sort -n | awk '{ v[NR] = $1 } END { printf "%.1f", v[int((NR + 1) / 2)] / 10 }'
}

compare() {
    local where=$1 connection=$2 theirs ours
    theirs=$(median with_psql "$connection")
    [ "$(wc -l <"$folder/answer")" -eq "$checks" ] || die "psql did not answer $checks questions"
    ours=$(median with_countersign "$connection")
    grep -q "check-$checks" "$folder/answer" || die "the census does not hold check-$checks"
    awk -v where="$where" -v theirs="$theirs" -v ours="$ours" \
        'BEGIN { printf "%-14s %12.1f %12.1f %11.1fx\n", where, theirs, ours, theirs / ours }'
}

python3 "$root/benches/delay_proxy.py" "$round_trip" "$folder/socket/.s.PGSQL.5432" >"$folder/port" &
proxy_pid=$!
for ((n = 0; n < 100; n++)); do
    [ -s "$folder/port" ] && break
    sleep 0.05
done
[ -s "$folder/port" ] || die "the proxy did not start"
far="host=127.0.0.1 port=$(cat "$folder/port") user=bench dbname=bench sslmode=disable gssencmode=disable"

echo "$checks checks, median of $times runs, whole processes, $("$server/postgres" --version)"
printf '%-14s %12s %12s %12s\n' line 'psql -f, ms' 'census, ms' ratio
compare 'socket' "${near[*]} sslmode=disable"
compare "${round_trip} ms away" "$far"
