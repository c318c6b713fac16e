#!/usr/bin/env python3
"""How much memory a long replay takes, and whether it grows.

    riffle generate PIPELINE --output events.ndjson --events 10000000 --customers 20000
    replay_memory.py PIPELINE --input events.ndjson [--riffle .build/release/riffle] [--every 0.1] [--skip 0.3]

Replays the input with rows thrown away, samples the resident memory of the process and prints it by tenths of the time;
then the least-squares slope behind the first --skip of the run, in which windows fill, with its standard error. It grows
where the slope is more than two standard errors and more than 1 % of the memory over that time: exit code 1. Samples of
one process are not independent, so that the standard error is too small rather than too large.
Needs Python 3.9 and /proc; nothing else.
"""

import argparse
import os
import subprocess
import sys
import time

MEBIBYTE = 1 << 20
PAGE = os.sysconf("SC_PAGE_SIZE")


def resident(process):
    """Bytes of a process that are in RAM; 0 once it has ended."""
    try:
        with open(f"/proc/{process}/statm") as statm:
            return int(statm.read().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def trend(points):
    """Slope, its standard error and the mean of the values."""
    count = len(points)
    middle = sum(x for x, _ in points) / count
    mean = sum(y for _, y in points) / count
    spread = sum((x - middle) ** 2 for x, _ in points)
    slope = sum((x - middle) * (y - mean) for x, y in points) / spread
    rest = sum((y - mean - slope * (x - middle)) ** 2 for x, y in points)
    return slope, (rest / (count - 2) / spread) ** 0.5, mean


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pipeline")
    parser.add_argument("--input", action="append", required=True, help="as for riffle replay; may be given again")
    parser.add_argument("--riffle", default=".build/release/riffle")
    parser.add_argument("--every", type=float, default=0.1, help="seconds between samples")
    parser.add_argument("--skip", type=float, default=0.3, help="the part of the run in which windows fill")
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()

    command = [arguments.riffle, "replay", arguments.pipeline, "--output", "-", "--output-format", "csv"]
    command += ["--workers", str(arguments.workers)]
    for path in arguments.input:
        command += ["--input", path]
    start = time.monotonic()
    samples = []
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            size = resident(process.pid)
            if size:
                samples.append((time.monotonic() - start, size))
            time.sleep(arguments.every)
        said = process.stderr.read()
    if process.returncode != 0:
        sys.exit(f"riffle replay ended with {process.returncode}:\n{said}")
    total = time.monotonic() - start
    print(said.strip().splitlines()[-1] if said.strip() else "the replay said nothing")
    for tenth in range(10):
        part = [size for at, size in samples if tenth <= at / total * 10 < tenth + 1]
        if part:
            print(f"{(tenth + 1) * 10:4d} % of {total:.1f} s  {max(part) / MEBIBYTE:8.1f} MiB at most")
    rest = [(at, size / MEBIBYTE) for at, size in samples if at > arguments.skip * total]
    if len(rest) < 10:
        sys.exit("too few samples for a slope: more events, or a smaller --every")
    slope, error, mean = trend(rest)
    grown = slope * (1 - arguments.skip) * total
    grows = abs(slope) > 2 * error and grown > 0.01 * mean
    print(
        f"slope behind {arguments.skip:.0%} of the run: {slope * 60:+.2f} +- {error * 60:.2f} MiB a minute around "
        f"{mean:.1f} MiB, {grown:+.1f} MiB in all ({grown / mean:+.2%}): {'grows' if grows else 'flat'}"
    )
    sys.exit(1 if grows else 0)


if __name__ == "__main__":
    main()
