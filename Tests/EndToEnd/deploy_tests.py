"""What is in deploy/, docker-compose.yml and the Dockerfile, as far as it can be held against the rest without containers.

Rules go through promtool where there is one: on the PATH, or where `make deploy-check` puts it. What needs packages from
PyPI (the schemas of compose and Kubernetes, hadolint) is in scripts/deploy_check.py.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml

import docs_blocks
import docs_tests
import pipeline_case
from docs_blocks import ROOT
from kill_processes import wait_until

DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus/rules/riffle.yml"
RULES_TEST = DEPLOY / "prometheus/rules/riffle.test.yml"
REFERENCE = ROOT / "docs/reference/metrics.md"
PROMETHEUS = ROOT / ".build/prometheus/usr/bin"
# Prometheus' own, beside Riffle's.
FOREIGN_METRICS = {"up", "ALERTS"}
# Words of PromQL that stand where a name of a metric could.
WORDS = {
    "abs", "absent", "and", "avg", "bool", "by", "changes", "clamp_max", "clamp_min", "count", "delta", "deriv", "group_left",
    "group_right", "histogram_quantile", "ignoring", "increase", "label_replace", "last_over_time", "le", "max",
    "max_over_time", "min", "min_over_time", "offset", "on", "or", "rate", "scalar", "sort_desc", "sum", "time", "topk",
    "unless", "vector", "without",
}  # fmt: skip


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
                cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                         for y in range(place["y"], place["y"] + place["h"])}  # fmt: skip
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


class ComposeTests(unittest.TestCase):
    def setUp(self):
        self.compose = load(ROOT / "docker-compose.yml")

    def test_images_are_pinned(self):
        images = {service["image"] for service in services().values() if "build" not in service}
        self.assertGreaterEqual(len(images), 3)
        for image in images:
            self.assertRegex(image, r"^[\w./-]+:v?\d+\.\d+\.\d+$")
        self.assertEqual({service["image"] for service in services().values() if "build" in service}, {"riffle"})
        for image in re.findall(r"_IMAGE=(\S+)", (ROOT / "Dockerfile").read_text()):
            self.assertRegex(image, r"^swift:\d+\.\d+\.\d+-bookworm$|^debian:bookworm-\d{8}-slim$")

    def test_what_is_mounted_is_there(self):
        volumes, seen = set(self.compose["volumes"]), 0
        for name, service in services().items():
            for volume in service.get("volumes", []):
                source, target, *_ = volume.split(":")
                seen += 1
                if source.startswith("."):
                    self.assertTrue((ROOT / source).is_dir(), f"{name}: {source}")
                    self.assertTrue(volume.endswith(":ro"), volume)
                else:
                    self.assertIn(source, volumes)
                self.assertTrue(target.startswith("/"), volume)
        self.assertGreaterEqual(seen, 6)

    def test_nothing_is_published_beyond_this_machine(self):
        ports = [port for service in services().values() for port in service.get("ports", [])]
        self.assertGreaterEqual(len(ports), 3)
        for port in ports:
            self.assertTrue(port.startswith("127.0.0.1:"), port)

    def test_commands_parse(self):
        riffle_help, seen = docs_tests.Help(), 0
        for service in services().values():
            if service["image"] == "riffle":
                seen += 1
                self.assertIsNone(riffle_help.problem(["riffle", *service["command"].split()]))
        self.assertGreaterEqual(seen, 3)

    def test_what_listens_is_scraped_where_it_listens(self):
        targets = {target for job in load(DEPLOY / "prometheus/prometheus.yml")["scrape_configs"]
                   for config in job["static_configs"] for target in config["targets"]}  # fmt: skip
        for name, service in services().items():
            listens = re.search(r"--http 0\.0\.0\.0:(\d+)", str(service.get("command")))
            if listens:
                self.assertIn(f"{name}:{listens[1]}", targets)
                self.assertIn(f"127.0.0.1:{listens[1]}:{listens[1]}", service["ports"])
                self.assertIn("RIFFLE_HTTP_TOKEN", service["environment"])
                self.assertEqual(service["healthcheck"]["test"][1:], ["riffle-health", "readyz"])
        self.assertIn("riffle:8080", targets)

    def test_no_secret_is_written_down(self):
        text = (ROOT / "docker-compose.yml").read_text()
        self.assertRegex(text, r"RIFFLE_HTTP_TOKEN: \$\{RIFFLE_HTTP_TOKEN:\?")
        (job,) = [job for job in load(DEPLOY / "prometheus/prometheus.yml")["scrape_configs"] if job["job_name"] == "riffle"]
        secret = job["authorization"]["credentials_file"]
        (given,) = services()["prometheus"]["secrets"]
        self.assertEqual(secret, f"/run/secrets/{given['source']}")
        self.assertEqual(self.compose["secrets"][given["source"]], {"environment": "RIFFLE_HTTP_TOKEN"})
        # Compose refuses both together.
        self.assertNotIn("read_only", services()["prometheus"])
        self.assertIn(".env", (ROOT / ".gitignore").read_text().split())

    def test_the_pipeline_is_fine_as_it_is_run(self):
        for name in ("riffle", "monitor"):
            service = services()[name]
            given = {key: value for key, value in service["environment"].items() if key != "RIFFLE_HTTP_TOKEN"}
            pipeline = service["command"].split()[1]
            result = subprocess.run([pipeline_case.RIFFLE, "check", pipeline], cwd=ROOT, capture_output=True, text=True,
                                    timeout=60, env=os.environ | given)  # fmt: skip
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("exactly-once", result.stdout)
            self.assertIn(f"snapshots in {given['RIFFLE_STATE']}", result.stdout)
            self.assertTrue(any(volume.endswith(f":{given['RIFFLE_STATE']}") for volume in service["volumes"]))

    def test_the_topics_are_those_of_the_pipeline(self):
        made = dict(re.findall(r"--topic (\S+) --partitions (\d+)", services()["topics"]["command"][0]))
        pipeline = load(ROOT / "pipelines/card-fraud/pipeline.yaml")
        sources = {source["topic"] for source in pipeline["sources"].values()}
        drift = pipeline["monitor"]["topic"]
        outputs = {pipeline[key]["topic"] for key in ("output", "dead_letter", "order")}
        self.assertEqual(set(made), sources | outputs | {drift, f"{drift}.closings"})
        self.assertEqual(made[pipeline["output"]["topic"]], made[pipeline["sources"]["transactions"]["topic"]])


class ImageTests(unittest.TestCase):
    def setUp(self):
        self.text = (ROOT / "Dockerfile").read_text()
        self.lines = re.sub(r"\\\n\s*(#.*\n\s*)*", " ", self.text).splitlines()

    def last(self, instruction):
        return [line.split(None, 1)[1] for line in self.lines if line.startswith(instruction + " ")][-1]

    def test_it_does_not_run_as_root(self):
        user = self.last("USER")
        self.assertGreater(int(user), 0)
        self.assertIn(f"--uid {user} ", self.text)

    def test_what_is_copied_is_there_and_in_the_context(self):
        allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
        copied = [line.split()[1:-1] for line in self.lines if line.startswith("COPY ") and "--from=" not in line]
        sources = [source for sources in copied for source in sources if not source.startswith("--")]
        self.assertGreaterEqual(len(sources), 5)
        for source in sources:
            # With a star it is copied where it is there.
            self.assertTrue(source.endswith("*") or (ROOT / source).exists(), source)
            self.assertTrue(any(source.rstrip("*").startswith(path) for path in allowed), source)

    def test_health_and_end(self):
        self.assertIn('["riffle-health", "livez"]', self.last("HEALTHCHECK"))
        self.assertEqual(self.last("STOPSIGNAL"), "SIGTERM")
        for label in ("title", "version", "revision", "created"):
            self.assertIn(f"org.opencontainers.image.{label}=", self.last("LABEL"))

    def test_the_state_directory_is_the_users(self):
        state = re.search(r"^ENV RIFFLE_STATE=(\S+)$", self.text, re.MULTILINE)[1]
        self.assertRegex(self.text, rf"install -d -o riffle -g riffle -m 0700 {state}\b")


class ServiceTests(unittest.TestCase):
    """What supervises a run asks for what there is, and leaves it the time that it needs."""

    def test_commands_parse(self):
        riffle_help = docs_tests.Help()
        found = [shlex.split(line) for line in re.findall(r"(?m)^ExecStart=\S+/(riffle .*)$", units())]
        found += [["riffle", *container["args"]] for container in containers()]
        self.assertGreaterEqual(len(found), 3)
        for words in found:
            self.assertIsNone(riffle_help.problem([word for word in words if not word.startswith("$")]))

    def test_a_stop_has_time_to_drain(self):
        # A fifth of librdkafka's max.poll.interval.ms, five minutes, and what is written at the end.
        given = {services()["riffle"]["stop_grace_period"].removesuffix("s"), *re.findall(r"(?m)^TimeoutStopSec=(\d+)$", units())}
        given |= {str(one["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]) for one in manifests()
                  if one["kind"] == "StatefulSet"}  # fmt: skip
        self.assertEqual(given, {"90"})

    def test_units_are_verified_by_systemd(self):
        program = shutil.which("systemd-analyze")
        if program is None:
            self.skipTest("no systemd-analyze")
        with tempfile.TemporaryDirectory() as folder:
            for path in DEPLOY.glob("systemd/*.service"):
                unit = Path(folder) / path.name.replace("@", "@tried")
                unit.write_text(path.read_text().replace("/usr/local/bin/riffle", str(Path(pipeline_case.RIFFLE).resolve())))
                result = subprocess.run([program, "verify", "--man=no", unit], capture_output=True, text=True, timeout=60)
                self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_units_differ_only_in_what_they_run(self):
        def kept(text):
            return [line for line in text.splitlines()
                    if not re.match(r"#|Description|Environment=|Exec|StateDirectory=", line)]  # fmt: skip

        run, monitor = ((DEPLOY / f"systemd/{name}@.service").read_text() for name in ("riffle", "riffle-monitor"))
        self.assertEqual(kept(run), kept(monitor))
        self.assertIn("RestartPreventExitStatus=2", kept(run))

    def test_pods_are_those_that_services_and_volumes_mean(self):
        by_kind = {}
        for one in manifests():
            by_kind.setdefault(one["kind"], {})[one["metadata"]["name"]] = one
        for name, one in by_kind["StatefulSet"].items():
            labels = one["spec"]["template"]["metadata"]["labels"]
            service = by_kind["Service"][one["spec"]["serviceName"]]
            self.assertLessEqual(service["spec"]["selector"].items(), labels.items())
            self.assertLessEqual(one["spec"]["selector"]["matchLabels"].items(), labels.items())
            (container,) = one["spec"]["template"]["spec"]["containers"]
            claimed = {claim["metadata"]["name"] for claim in one["spec"]["volumeClaimTemplates"]}
            self.assertEqual({mount["name"] for mount in container["volumeMounts"]}, claimed)
            (config,) = [source["configMapRef"]["name"] for source in container["envFrom"]]
            state = by_kind["ConfigMap"][config]["data"]["RIFFLE_STATE"]
            self.assertTrue(any(state.startswith(mount["mountPath"] + "/") for mount in container["volumeMounts"]), name)
            (address,) = re.findall(r"--http \S+:(\d+)", " ".join(container["args"]))
            self.assertEqual([str(port["containerPort"]) for port in container["ports"]], [address])
            user = re.search(r"(?m)^USER (\d+)$", (ROOT / "Dockerfile").read_text())[1]
            self.assertEqual(str(one["spec"]["template"]["spec"]["securityContext"]["runAsUser"]), user)
            self.assertRegex(container["image"], r":\d+\.\d+\.\d+$")


class HealthTests(pipeline_case.PipelineCase):
    """deploy/docker/riffle-health asks the console of a run that lives."""

    PIPELINE = """\
pipeline: health
kafka: {brokers: embedded, group: health}
sources:
  payments: {topic: payments, key: card, id: id, time: {field: at, format: epoch-ms}, fields: {id: int, card: string}}
features: [{by: card, over: [1h], aggregates: {payments: count()}}]
decide: [{allow: true}]
output: {topic: scores, features: all}
dead_letter: {topic: letters}
"""

    def health(self, path, pid):
        return self.command(DEPLOY / "docker/riffle-health", path, pid)

    def test_ready_unknown_and_gone(self):
        process = self.start("run", self.pipeline, "--http", "127.0.0.1:0")
        port = process.wait_for(r"console at http://127\.0\.0\.1:(\d+)/")[1]
        # The command line says port 0; the test's stand-in says the one that was taken.
        words = ["bash", "-c", "read -r", "riffle", "run", "--http"]
        for host in ("127.0.0.1", "0.0.0.0"):
            stand_in = subprocess.Popen([*words, f"{host}:{port}"], stdin=subprocess.PIPE)
            try:
                self.assertEqual(self.health("livez", stand_in.pid).returncode, 0)
                wait_until("ready", lambda: self.health("readyz", stand_in.pid).returncode == 0)
                missing = self.health("nothing", stand_in.pid)
                self.assertEqual(missing.returncode, 1)
                self.assertIn("no-such-path", missing.stdout)
            finally:
                stand_in.communicate(b"\n")
        self.assertNotEqual(self.health("livez", stand_in.pid).returncode, 0)

    def test_without_a_console_it_is_well(self):
        self.assertEqual(self.health("livez", os.getpid()).returncode, 0)

    def test_nobody_answers(self):
        stand_in = subprocess.Popen(["bash", "-c", "read -r", "riffle", "run", "--http=127.0.0.1:1"], stdin=subprocess.PIPE)
        try:
            self.assertNotEqual(self.health("livez", stand_in.pid).returncode, 0)
        finally:
            stand_in.communicate(b"\n")
