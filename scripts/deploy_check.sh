#!/usr/bin/env bash
# Fetches the tools that scripts/deploy_check.py needs into a build directory, nothing into the system, and runs it.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-.build}
mkdir -p "$build"

if [ ! -x "$build/prometheus/usr/bin/promtool" ] && ! command -v promtool >/dev/null; then
    # Only unpacked: installed, the package would start a server.
    if command -v apt-get >/dev/null; then
        folder=$(mktemp -d)
        trap 'rm -rf "$folder"' EXIT
        (cd "$folder" && apt-get download -qq -o APT::Sandbox::User=root prometheus)
        dpkg-deb -x "$folder"/prometheus_*.deb "$build/prometheus"
    else
        echo "deploy-check: no promtool, rules are not checked; install Prometheus" >&2
    fi
fi
[ -x "$build/deploy-check/bin/python" ] || python3 -m venv "$build/deploy-check"
"$build/deploy-check/bin/pip" install --quiet --disable-pip-version-check --requirement scripts/deploy_requirements.txt
exec "$build/deploy-check/bin/python" scripts/deploy_check.py --tools "$build/prometheus/usr/bin:$build/deploy-check/bin"
