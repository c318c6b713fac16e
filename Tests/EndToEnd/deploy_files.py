"""What is in deploy/, docker-compose.yml and the reference of metrics, as tests ask for it."""

import json
import re
import shutil

import yaml
from docs_blocks import ROOT

DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus/rules/riffle.yml"
RULES_TEST = DEPLOY / "prometheus/rules/riffle.test.yml"
REFERENCE = ROOT / "docs/reference/metrics.md"
PROMETHEUS = ROOT / ".build/prometheus/usr/bin"
# Prometheus' own, beside Riffle's.
FOREIGN_METRICS = {"up", "ALERTS"}
# Words of PromQL that stand where a name of a metric could.
WORDS = set(
    """
    abs absent and avg bool by changes clamp_max clamp_min count delta deriv group_left group_right
    histogram_quantile ignoring increase label_replace last_over_time le max max_over_time min min_over_time
    offset on or rate scalar sort_desc sum time topk unless vector without
    """.split()
)


def load(path):
    return yaml.safe_load(path.read_text())


def reference_metrics(text):
    """Names that can be asked for: of a histogram also its three series."""
    found = set()
    for name, kind in re.findall(r"^\| `(riffle_\w+)` \| (\w+) \|", text, re.MULTILINE):
        found.add(name)
        if kind == "histogram":
            found |= {f"{name}_{part}" for part in ("bucket", "sum", "count")}
    return found


def queried_metrics(expression):
    """Names of metrics in a PromQL expression, those that are no words of the language."""
    text = re.sub(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'', "", expression)
    text = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", text)
    text = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", "", text)
    return {name for name in re.findall(r"(?<![\w.:$])[A-Za-z_:][\w:]*", text)} - WORDS


def rules():
    return [rule for group in load(RULES)["groups"] for rule in group["rules"]]


def alerts():
    return [rule for rule in rules() if "alert" in rule]


def dashboards():
    return {path.name: json.loads(path.read_text()) for path in sorted(DEPLOY.glob("grafana/dashboards/*.json"))}


def expressions_of(dashboard):
    """Pairs of a panel's title and an expression, Grafana's variables filled in."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            text = target["expr"].replace("$__rate_interval", "5m").replace("$__range", "1h")
            yield panel["title"], re.sub(r"\$\{?\w+\}?", "x", text)


def known_names():
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    return reference_metrics(REFERENCE.read_text()) | FOREIGN_METRICS | recorded


def tool(name):
    """A program's path, or nothing."""
    return shutil.which(name) or next((str(path) for path in [PROMETHEUS / name] if path.exists()), None)


def services():
    return load(ROOT / "docker-compose.yml")["services"]


def units():
    return "".join(path.read_text() for path in sorted(DEPLOY.glob("systemd/*.service")))


def manifests():
    return [one for path in sorted(DEPLOY.glob("kubernetes/*.yaml")) for one in yaml.safe_load_all(path.read_text())]


def containers():
    sets = [one["spec"]["template"]["spec"] for one in manifests() if one["kind"] == "StatefulSet"]
    return [container for pod in sets for container in pod["containers"]]
