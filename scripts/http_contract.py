#!/usr/bin/env python3
"""Asks a running console whatever its OpenAPI document allows, and what it forbids, with schemathesis.

    riffle demo --for 5m &
    scripts/http_contract.py http://127.0.0.1:8080

Every answer has to be one that the document knows: no 500, no other status, content type or shape. Needs schemathesis from
PyPI, and is not part of `make test`. The token, if one is needed, is taken from RIFFLE_HTTP_TOKEN.
"""

import argparse
import os
import subprocess
import sys
import tempfile

# Slower than the console's allowance of 50 requests a second: 429 is an answer like any other, and hides the others.
RATE = "45/s"
CHECKS = [
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
    "response_headers_conformance", "unsupported_method", "negative_data_rejection",
]  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url", help="the console, such as http://127.0.0.1:8080")
    parser.add_argument("--examples", type=int, default=60, help="requests of each kind for each route")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    url = options.url.rstrip("/")
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", "--url", url,
        "--checks", ",".join(CHECKS), "--max-examples", str(options.examples), "--seed", str(options.seed),
        "--rate-limit", RATE, "--request-timeout", "30",
        # It has no end.
        "--exclude-path", "/v1/stream",
    ]  # fmt: skip
    if token := os.environ.get("RIFFLE_HTTP_TOKEN"):
        command += ["--header", f"Authorization: Bearer {token}"]
    # It keeps notes where it stands.
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(subprocess.run(command, cwd=folder).returncode)


if __name__ == "__main__":
    main()
