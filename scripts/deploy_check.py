#!/usr/bin/env python3
"""Holds deploy/, docker-compose.yml and the Dockerfile against the tools of those who read them: `make deploy-check`.

What no tool but this project's own can say is in Tests/EndToEnd/deploy_tests.py and alerting_tests.py.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import compose_spec
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

ROOT = Path(__file__).resolve().parents[1]
COMPOSE = ROOT / "docker-compose.yml"
KUBERNETES = sorted((ROOT / "deploy/kubernetes").glob("*.yaml"))
KUBERNETES_VERSIONS = ["1.30", "1.34", "1.37"]
PROMETHEUS = ROOT / "deploy/prometheus"
UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))
# A unit is to be at most so exposed, of 10, by systemd's own measure.
EXPOSURE_MAX = 2.0


class Failed(Exception):
    pass


def command(*words):
    """What a program prints; it has to succeed."""
    result = subprocess.run([str(word) for word in words], cwd=ROOT, capture_output=True, text=True)
    if result.returncode != 0:
        raise Failed(f"{' '.join(map(str, words))}: status {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout + result.stderr


def compose_accepts(document):
    # Anchors and merges are YAML's, and done with: the parser knows compose alone.
    compose_spec.PyCompose.from_yaml(yaml.safe_dump(document))


def check_compose():
    document = yaml.safe_load(COMPOSE.read_text())
    compose_accepts(document)
    document["services"]["riffle"]["helthcheck"] = document["services"]["riffle"].pop("healthcheck")
    try:
        compose_accepts(document)
    except ValueError:
        return f"{len(document['services'])} services; a misspelt key is refused"
    raise Failed("a misspelt key of a service is accepted: this check says nothing")


def check_yaml():
    files = [
        COMPOSE,
        *KUBERNETES,
        *sorted(PROMETHEUS.rglob("*.yml")),
        *sorted((ROOT / "deploy/grafana").rglob("*.yml")),
    ]
    command(
        "yamllint", "--strict", "--config-data", "{rules: {key-duplicates: enable, trailing-spaces: enable}}", *files
    )
    return f"{len(files)} files, no key twice"


def check_kubernetes():
    for version in KUBERNETES_VERSIONS:
        command("kubernetes-validate", "--strict", "-k", version, *KUBERNETES)
    return f"{len(KUBERNETES)} files against {', '.join(KUBERNETES_VERSIONS)}, strictly"


def check_dockerfile():
    command("hadolint", ROOT / "Dockerfile")
    return "hadolint has nothing to say"


def check_shell():
    command("shellcheck", ROOT / "deploy/docker/riffle-health", ROOT / "scripts/deploy_check.sh")
    return "shellcheck has nothing to say"


def lost(before, after, place=""):
    """Places of what one document says and the other does not."""
    if isinstance(before, dict):
        return [
            found
            for key, value in before.items()
            for found in ([f"{place}/{key}"] if key not in after else lost(value, after[key], f"{place}/{key}"))
        ]
    if isinstance(before, list):
        found = [] if len(before) == len(after) else [place]
        return found + [one for at, pair in enumerate(zip(before, after)) for one in lost(*pair, f"{place}/{at}")]
    return [] if before == after else [place]


def check_dashboards():
    """Whatever Grafana's own types do not know gets lost on the way through them."""
    files = sorted((ROOT / "deploy/grafana/dashboards").glob("*.json"))
    for file in files:
        document = json.loads(file.read_text())
        found = lost(document, json.loads(JSONEncoder().encode(Dashboard.from_json(document))))
        if found:
            raise Failed(f"{file.name}: unknown to Grafana: {', '.join(found)}")
    return f"{len(files)} dashboards are as Grafana's types have them"


def check_rules():
    if shutil.which("promtool") is None:
        return None
    command("promtool", "check", "config", "--syntax-only", PROMETHEUS / "prometheus.yml")
    command("promtool", "check", "rules", PROMETHEUS / "rules/riffle.yml")
    command("promtool", "test", "rules", PROMETHEUS / "rules/riffle.test.yml")
    return "configuration, rules and their unit tests"


def check_units():
    if shutil.which("systemd-analyze") is None:
        return None
    for unit in UNITS:
        said = command("systemd-analyze", "security", "--offline=true", "--no-pager", unit)
        exposure = float(said.split("exposure level for ")[1].split(": ")[1].split()[0])
        if exposure > EXPOSURE_MAX:
            raise Failed(f"{unit.name}: exposure {exposure}, more than {EXPOSURE_MAX}")
    return f"{len(UNITS)} units, exposed at most {EXPOSURE_MAX} of 10"


CHECKS = {
    "yaml": check_yaml,
    "compose": check_compose,
    "kubernetes": check_kubernetes,
    "dockerfile": check_dockerfile,
    "shell": check_shell,
    "dashboards": check_dashboards,
    "prometheus": check_rules,
    "systemd": check_units,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tools", default="", help="folders to look for programs in first")
    tools = parser.parse_args().tools
    os.environ["PATH"] = ":".join([*(str(Path(one).resolve()) for one in tools.split(":") if one), os.environ["PATH"]])
    failed = False
    for name, check in CHECKS.items():
        try:
            said = check()
            print(f"{name}: {said or 'not checked, its tool is not here'}")
        except (Failed, ValueError) as error:
            failed = True
            print(f"{name}: FAILED\n{error}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
