#!/usr/bin/env bash
# Reviews 5 MB of many small statements: `countersign check` against `squawk`, both with all their rules.
#
#   benches/many_statements.sh
#
# BYTES, TIMES (runs; the median is printed), BINARY and SQUAWK may be set. Without SQUAWK, squawk is installed from its
# registry package into target/bench-tools. The statements are made in a temporary folder and removed again.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
binary=${BINARY:-$root/target/release/countersign}
bytes=${BYTES:-5000000}
times=${TIMES:-5}

die() {
    echo "bench: $*" >&2
    exit 1
}

[ -x "$binary" ] || die "there is no $binary; build it first: cargo build --release --locked"
command -v python3 >/dev/null || die "python3 is needed"
tools=$root/target/bench-tools
squawk=${SQUAWK:-$tools/bin/squawk}
if [ ! -x "$squawk" ]; then
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet squawk-cli
fi

folder=$(mktemp -d /tmp/countersign-bench.XXXXXX)
trap 'rm -rf "$folder"' EXIT

# Both end with an exit code above 0, because both find faults; what they printed is looked at instead.
with_squawk() { "$squawk" --include=require-table-schema --reporter "$1" "$folder/$2"/reversal/*.sql || true; }
with_countersign() { "$binary" check "$folder/$2" --format "$1" || true; }

# median FUNCTION ARGUMENTS…: milliseconds, after one run that is not counted; the answer is kept in $folder/answer.
took() {
    local start
    start=$(date +%s%N)
    "$@" >"$folder/answer" 2>"$folder/errors" </dev/null
    echo $((($(date +%s%N) - start) / 100000))
}
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { printf "%.1f", v[int((NR + 1) / 2)] / 10 }'; }

compare() {
    local shape=$1 scripts=$2 form theirs ours
    for form in lines json; do
        local their_form=gcc our_form=text
        [ "$form" = lines ] || their_form=json our_form=json
        : >"$folder/theirs"
        : >"$folder/ours"
        for ((n = 0; n <= times; n++)); do
            # In turns, so that both meet the same neighbours.
            theirs=$(took with_squawk "$their_form" "$scripts")
            grep -q 'ban-drop-table' "$folder/answer" || die "squawk found nothing: $(head -c 300 "$folder/errors")"
            ours=$(took with_countersign "$our_form" "$scripts")
            grep -q 'rows-undeclared' "$folder/answer" || die "check found nothing: $(head -c 300 "$folder/errors")"
            [ "$n" -eq 0 ] || { echo "$theirs" >>"$folder/theirs"; echo "$ours" >>"$folder/ours"; }
        done
        theirs=$(median "$folder/theirs")
        ours=$(median "$folder/ours")
        awk -v shape="$shape, $form" -v theirs="$theirs" -v ours="$ours" \
            'BEGIN { printf "%-24s %12.1f %12.1f %11.2fx\n", shape, theirs, ours, theirs / ours }'
    done
}

count=$(python3 "$root/benches/small_statements.py" "$folder/one" "$bytes" 1)
python3 "$root/benches/small_statements.py" "$folder/many" "$bytes" 40 >/dev/null
echo "$bytes bytes, $count statements, median of $times runs, whole processes, $(nproc) cores, $("$squawk" --version)"
printf '%-24s %12s %12s %12s\n' text 'squawk, ms' 'check, ms' ratio
compare 'one script' one
compare '40 scripts' many
