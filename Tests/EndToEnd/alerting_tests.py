"""Rules of Prometheus and dashboards of Grafana, held against the reference of metrics and the runbook.

Rules go through promtool where there is one: on the PATH, or where `make deploy-check` puts it.
"""

import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import docs_blocks
import yaml
from deploy_files import (
    DEPLOY,
    RULES,
    RULES_TEST,
    alerts,
    containers,
    dashboards,
    expressions_of,
    known_names,
    load,
    queried_metrics,
    rules,
    services,
    tool,
    units,
)
from docs_blocks import ROOT


class RulesTests(unittest.TestCase):
    maxDiff = None

    def promtool(self, *arguments, status=0):
        program = tool("promtool")
        if program is None:
            self.skipTest("no promtool: install Debian's package prometheus, or run make deploy-check once")
        result = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result.stdout + result.stderr

    def test_rules_and_their_unit_tests(self):
        self.promtool("check", "rules", RULES)
        self.promtool("test", "rules", RULES_TEST)

    def test_the_configuration(self):
        self.promtool("check", "config", "--syntax-only", DEPLOY / "prometheus/prometheus.yml")

    def test_a_rule_that_never_fires_fails_its_test(self):
        text = RULES.read_text()
        wrong = text.replace("riffle_resident_memory_bytes >", "riffle_resident_memory_bytes < 0 >")
        self.assertNotEqual(wrong, text)
        stories = load(RULES_TEST)
        stories["tests"] = [story for story in stories["tests"] if "memory" in story["name"]]
        with tempfile.TemporaryDirectory() as folder:
            test = Path(folder) / RULES_TEST.name
            test.write_text(yaml.safe_dump(stories))
            (Path(folder) / RULES.name).write_text(text)
            self.promtool("test", "rules", test)
            (Path(folder) / RULES.name).write_text(wrong)
            self.assertIn("RiffleMemory", self.promtool("test", "rules", test, status=1))

    def test_every_alert_is_told_in_full(self):
        self.assertGreaterEqual(len(alerts()), 25)
        names = [rule["alert"] for rule in alerts()]
        self.assertEqual(len(set(names)), len(names))
        runbook = docs_blocks.anchors((ROOT / "docs/RUNBOOK.md").read_text())
        for rule in alerts():
            with self.subTest(rule["alert"]):
                self.assertIn(rule["labels"]["severity"], ("critical", "warning", "{{ $labels.severity }}"))
                self.assertEqual(set(rule["annotations"]), {"summary", "description", "runbook_url"})
                path, _, anchor = rule["annotations"]["runbook_url"].partition("#")
                self.assertEqual(path, "docs/RUNBOOK.md")
                self.assertEqual(anchor, rule["alert"].lower())
                self.assertIn(anchor, runbook)

    def test_every_alert_fires_in_a_unit_test(self):
        fired = set(re.findall(r'alertname="(\w+)"', RULES_TEST.read_text()))
        self.assertEqual(fired, {rule["alert"] for rule in alerts()})

    def test_the_runbook_has_no_alert_that_there_is_not(self):
        headings = set(re.findall(r"^### (Riffle\w+)$", (ROOT / "docs/RUNBOOK.md").read_text(), re.MULTILINE))
        self.assertEqual(headings, {rule["alert"] for rule in alerts()})

    def test_every_metric_is_in_the_reference(self):
        for rule in rules():
            with self.subTest(rule.get("alert") or rule["record"]):
                names = queried_metrics(rule["expr"])
                self.assertGreaterEqual(len(names), 1)
                self.assertLessEqual(names, known_names())

    def test_a_misspelt_metric_would_be_found(self):
        text = 'sum by (job) (rate(riffle_event_scored_total{topic="t"}[5m])) > 2 and on (job) up == 1'
        self.assertEqual(queried_metrics(text), {"riffle_event_scored_total", "up"})
        self.assertEqual(queried_metrics(text) - known_names(), {"riffle_event_scored_total"})

    def test_jobs_are_those_that_rules_name(self):
        jobs = {job["job_name"] for job in load(DEPLOY / "prometheus/prometheus.yml")["scrape_configs"]}
        named = set(re.findall(r'job="([\w-]+)"', RULES.read_text()))
        self.assertGreaterEqual(len(named), 1)
        self.assertLessEqual(named, jobs)

    def test_memory_is_warned_of_at_nine_tenths_of_the_limit(self):
        limits = {services()["riffle"]["mem_limit"], *re.findall(r"(?m)^MemoryMax=(\S+)", units())}
        limits |= {container["resources"]["limits"]["memory"] for container in containers()}
        self.assertEqual({limit.rstrip("i").lower() for limit in limits}, {"2g"})
        (rule,) = [rule for rule in alerts() if rule["alert"] == "RiffleMemory"]
        self.assertIn(f"> {int(0.9 * 2 * 2**30)}", rule["expr"])


class DashboardTests(unittest.TestCase):
    def test_they_are_as_their_script_writes_them(self):
        result = subprocess.run([ROOT / "scripts/dashboards.py", "--check"], capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_every_metric_is_in_the_reference(self):
        for name, dashboard in dashboards().items():
            found = list(expressions_of(dashboard))
            self.assertGreaterEqual(len(found), 5, name)
            for title, expression in found:
                with self.subTest(f"{name}: {title}"):
                    self.assertLessEqual(queried_metrics(expression), known_names())
            for one in dashboard["templating"]["list"]:
                self.assertLessEqual(set(re.findall(r"riffle_\w+", one["query"]["query"])), known_names())

    def test_every_expression_parses(self):
        program = tool("promtool")
        if program is None:
            self.skipTest("no promtool: install Debian's package prometheus, or run make deploy-check once")
        found = [one for dashboard in dashboards().values() for _, one in expressions_of(dashboard)]
        recorded = [{"record": f"panel:{number}", "expr": one} for number, one in enumerate(found)]
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "rules.yml"
            file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": recorded}]}))
            result = subprocess.run([program, "check", "rules", file], capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_panels_explain_themselves_and_have_a_place_of_their_own(self):
        uids = [dashboard["uid"] for dashboard in dashboards().values()]
        self.assertEqual(len(set(uids)), len(uids))
        for name, dashboard in dashboards().items():
            taken, ids = set(), [panel["id"] for panel in dashboard["panels"]]
            self.assertEqual(len(set(ids)), len(ids))
            for panel in dashboard["panels"]:
                place = panel["gridPos"]
                cells = {
                    (x, y)
                    for x in range(place["x"], place["x"] + place["w"])
                    for y in range(place["y"], place["y"] + place["h"])
                }
                self.assertFalse(cells & taken, f"{name}: {panel['title']}")
                self.assertLessEqual(place["x"] + place["w"], 24)
                taken |= cells
                if panel["type"] != "row":
                    self.assertGreater(len(panel["description"]), 20, panel["title"])
                    self.assertTrue(panel["fieldConfig"]["defaults"]["unit"])

    def test_what_provisions_them_names_the_same(self):
        (source,) = load(DEPLOY / "grafana/provisioning/datasources/prometheus.yml")["datasources"]
        (provider,) = load(DEPLOY / "grafana/provisioning/dashboards/riffle.yml")["providers"]
        mounts = dict(reversed(volume.split(":")[:2]) for volume in services()["grafana"]["volumes"])
        self.assertEqual(mounts[provider["options"]["path"]], "./deploy/grafana/dashboards")
        home = services()["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
        self.assertIn(Path(home).name, dashboards())
        for dashboard in dashboards().values():
            used = {target["datasource"]["uid"] for panel in dashboard["panels"] for target in panel.get("targets", [])}
            self.assertEqual(used, {source["uid"]})
