#!/usr/bin/env bash
# Measures the time from starting the console to the first picture on the screen, on a virtual screen.
#
#   benches/first_frame.sh [ARGUMENT...]
#
# The arguments go to the console: nothing opens it empty, a runbook folder opens it with that runbook.
# TIMES (runs; the median is printed) and BINARY may be set. Needs Xvfb and python3.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
binary=${BINARY:-$root/target/release/countersign}
if [ ! -x "$binary" ]; then
    echo "bench: there is no $binary; build it first: cargo build --release --locked" >&2
    exit 1
fi
for program in Xvfb python3; do
    if ! command -v "$program" >/dev/null; then
        echo "bench: $program is needed (Debian: apt-get install xvfb python3)" >&2
        exit 1
    fi
done

exec python3 "$root/benches/first_frame.py" "${TIMES:-7}" "$binary" "$@"
