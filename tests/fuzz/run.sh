#!/bin/sh
# Fuzzes every parser that reads foreign bytes, coverage-guided, for a bounded time each, and prints what was done.
#
#   tests/fuzz/run.sh                  every target, 20 seconds each
#   tests/fuzz/run.sh sql finding      only these
#   FUZZ_SECONDS=600 tests/fuzz/run.sh longer
#
# An input that a target does not survive is left in target/fuzz/found/TARGET, and the end is not 0. Mend the cause and keep
# the input in tests/fuzz/seeds/TARGET: `cargo test --test house fuzz::` then runs it for ever.
set -eu

cd "$(dirname "$0")/../.."
seconds=${FUZZ_SECONDS:-20}
work=$PWD/target/fuzz
host=$(rustc -vV | sed -n 's/^host: //p')

# Coverage by LLVM's own passes, as libFuzzer wants it; the stable compiler takes them. With --target the flags stay away from
# build scripts and macros, which run while building.
flags="--cfg fuzzing -C passes=sancov-module"
for option in level=4 inline-8bit-counters pc-table trace-compares; do
    flags="$flags -C llvm-args=-sanitizer-coverage-$option"
done
CARGO_TARGET_DIR=$work RUSTFLAGS=$flags \
    cargo build --release --locked --manifest-path tests/fuzz/Cargo.toml --target "$host"
fuzzer=$work/$host/release/fuzz

if [ $# -eq 0 ]; then
    set -- $(ls tests/fuzz/seeds)
fi
printf '%-12s %10s %8s %8s %8s  %s\n' target executions seconds edges corpus found
failed=0
for target in "$@"; do
    mkdir -p "$work/corpus/$target" "$work/found/$target"
    log=$work/$target.log
    begun=$(date +%s)
    # 4 GB: the grammar's trees are large. An input of 64 KiB says all there is to say about a parser.
    if COUNTERSIGN_FUZZ=$target "$fuzzer" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -max_len=65536 \
        -print_final_stats=1 -artifact_prefix="$work/found/$target/" \
        "$work/corpus/$target" "tests/fuzz/seeds/$target" >"$log" 2>&1; then
        found=nothing
    else
        found="see $log"
        failed=1
    fi
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    kept=$(ls "$work/corpus/$target" | wc -l)
    printf '%-12s %10s %8s %8s %8s  %s\n' "$target" "${runs:-?}" "$(($(date +%s) - begun))" "${edges:-?}" "$kept" "$found"
done
exit $failed
