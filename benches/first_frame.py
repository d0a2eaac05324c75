#!/usr/bin/env python3
"""Starts a program on a virtual screen and waits until its picture is there. Called by first_frame.sh.

usage: first_frame.py TIMES PROGRAM [ARGUMENT...]

Xvfb keeps the screen in a file (-fbdir). It is all black before the program starts; the first frame is there when a quarter
of the pixels are not black. The program needs no flag and does not know that it is measured.
"""

import mmap
import os
import statistics
import subprocess
import sys
import tempfile
import time

WIDTH, HEIGHT = 1280, 800
PIXELS = WIDTH * HEIGHT
# A start takes tenths of a second; after this it is not slow but broken.
GIVE_UP_SECONDS = 30.0
# Every 61st pixel is looked at: enough to see a window, quick enough to look every millisecond.
STRIDE = 61


def painted(screen, start):
    """Returns the share of the sampled pixels that are not black; the fourth byte of a pixel is padding."""
    raw = screen[start : start + PIXELS * 4]
    sampled = [raw[channel :: 4 * STRIDE] for channel in range(3)]
    lit = sum(1 for pixel in zip(*sampled) if any(pixel))
    return lit / len(sampled[0])


def measure(display, screen, start, home, command):
    """Returns the seconds until the first frame, and the resident megabytes one second later."""
    environment = {
        "DISPLAY": display,
        "HOME": home,
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "XDG_RUNTIME_DIR": home,
    }
    begun = time.monotonic()
    program = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        while painted(screen, start) < 0.25:
            if program.poll() is not None:
                sys.exit(f"bench: the program ended with {program.returncode} before it drew anything")
            if time.monotonic() - begun > GIVE_UP_SECONDS:
                sys.exit(f"bench: nothing was drawn in {GIVE_UP_SECONDS:.0f} s")
            time.sleep(0.001)
        took = time.monotonic() - begun
        time.sleep(1.0)
        with open(f"/proc/{program.pid}/status", encoding="ascii") as status:
            resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
        return took, resident / 1024
    finally:
        program.terminate()
        try:
            program.wait(10)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()


def main():
    times, command = int(sys.argv[1]), sys.argv[2:]
    with tempfile.TemporaryDirectory(prefix="countersign-bench.") as folder:
        report, told = os.pipe()
        server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(told), "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-fbdir", folder]
            + ["-br", "-nocursor", "-nolisten", "tcp"],
            pass_fds=[told],
            stderr=subprocess.DEVNULL,
        )
        os.close(told)
        try:
            with os.fdopen(report) as lines:
                display = ":" + lines.readline().strip()
            with open(os.path.join(folder, "Xvfb_screen0"), "rb") as file:
                screen = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            # The file is an X window dump: its header is followed by the colour map, the pixels are at the end.
            start = len(screen) - PIXELS * 4
            if display == ":" or start < 0 or painted(screen, start) > 0:
                sys.exit("bench: the virtual screen did not start black")
            measured = []
            for _ in range(times + 1):
                measured.append(measure(display, screen, start, folder, command))
                gone = time.monotonic() + 5
                while painted(screen, start) > 0 and time.monotonic() < gone:
                    time.sleep(0.01)
        finally:
            server.terminate()
            server.wait()
    # The first run reads the disk and is not counted.
    took = sorted(seconds * 1000 for seconds, _ in measured[1:])
    resident = statistics.median(megabytes for _, megabytes in measured[1:])
    print(f"first frame, ms: median {statistics.median(took):.0f}, best {took[0]:.0f}, worst {took[-1]:.0f} ({times} runs)")
    print(f"resident after one second, MB: {resident:.0f}")


if len(sys.argv) < 3:
    sys.exit(__doc__)
main()
