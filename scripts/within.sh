#!/usr/bin/env bash
# Runs a command for at most so many seconds, then ends it and everything it started: a test that hangs fails with its
# name as the last that "started", and does not hold up the rest. Usage: within.sh SECONDS COMMAND [ARGUMENT ...]
set -uo pipefail
seconds=$1
shift
# A session of its own, since `swift test` puts what it starts into other process groups.
setsid --wait "$@" &
session=$!
trap 'pkill -KILL -s "$session"; exit 130' INT TERM
(
    # By `wait`, so that the trap is heard at once.
    sleep "$seconds" >/dev/null 2>&1 &
    trap 'kill $!; exit' TERM
    wait $!
    echo "error: not finished after $seconds s: $*" >&2
    pkill -KILL -s "$session"
) &
guard=$!
wait "$session"
status=$?
kill "$guard" 2>/dev/null
wait "$guard" 2>/dev/null
exit "$status"
