"""`riffle model inspect`: what a model file holds, in both forms, and what is wrong with one that is refused."""

import hashlib
import json
import tempfile
import unittest
from pathlib import Path

from pipeline_case import PipelineCase

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "pipelines/card-fraud/models/card-fraud.json"


class InspectTests(PipelineCase):
    def inspect(self, path, *options, status=0):
        return self.riffle("model", "inspect", path, *options, status=status)

    def test_json_is_the_file(self):
        content = json.loads(MODEL.read_text())
        learner = content["learner"]
        trees = learner["gradient_booster"]["model"]["trees"]
        report = json.loads(self.inspect(MODEL, "--format", "json"))
        self.assertEqual(report["sha256"], hashlib.sha256(MODEL.read_bytes()).hexdigest())
        self.assertEqual(report["bytes"], MODEL.stat().st_size)
        model = report["model"]
        self.assertEqual(model["format"], "xgboost-json")
        self.assertEqual(model["library_version"], ".".join(map(str, content["version"])))
        self.assertEqual(model["objective"], learner["objective"]["name"])
        self.assertEqual([entry["name"] for entry in model["inputs"]], learner["feature_names"])
        self.assertEqual(model["trees"]["count"], len(trees))
        self.assertEqual(model["trees"]["leaves"], sum(tree["left_children"].count(-1) for tree in trees))
        self.assertEqual(model["problems"], [])
        self.assertGreater(model["evaluation"]["memory_bytes"], model["trees"]["leaves"] * 17)
        gains = {}
        for tree in trees:
            for child, feature, gain in zip(tree["left_children"], tree["split_indices"], tree["loss_changes"]):
                if child != -1:
                    gains[feature] = gains.get(feature, 0) + gain
        found = {entry["input"]: entry["total_gain"] for entry in model["importance"]}
        self.assertEqual(found.keys(), gains.keys())
        for feature, gain in gains.items():
            self.assertAlmostEqual(found[feature], gain, delta=1e-5 * gain)

    def test_text_names_what_matters(self):
        text = self.inspect(MODEL)
        for wanted in ["format      xgboost-json", "sha256 ", "trees ", "runs as ", "memory ", "importance by total gain"]:
            self.assertIn(wanted, text)
        for name in json.loads(MODEL.read_text())["learner"]["feature_names"]:
            self.assertIn(name, text)

    def test_a_refused_file_is_named_with_all_its_faults(self):
        content = json.loads(MODEL.read_text())
        learner = content["learner"]
        learner["objective"]["name"] = "reg:unheard"
        learner["feature_names"][0] = "a\x1b[2Jb"
        trees = learner["gradient_booster"]["model"]["trees"]
        for tree in trees[:2]:
            tree["split_indices"][0] = 999
        path = self.folder / "broken.json"
        path.write_text(json.dumps(content))
        text = self.inspect(path, status=2)
        self.assertIn('objective "reg:unheard" is not supported', text)
        self.assertIn("tree 0, node 0: feature 999", text)
        self.assertIn("tree 1, node 0: feature 999", text)
        # A name out of a file does not reach the terminal as a command.
        self.assertNotIn("\x1b", text)
        report = json.loads(self.inspect(path, "--format", "json", status=2))
        self.assertEqual(len(report["model"]["problems"]), 3)
        self.assertEqual(report["model"]["trees"]["count"], len(trees))
        self.assertNotIn("evaluation", report["model"])

    def test_what_is_no_model_is_said(self):
        with tempfile.NamedTemporaryFile(suffix=".pkl") as file:
            file.write(b"\x80\x04\x95junk")
            file.flush()
            self.assertIn("a Python pickle is not supported", self.inspect(file.name, status=2))
        self.assertIn("cannot be read: no such file", self.inspect(self.folder / "absent.json", status=2))


if __name__ == "__main__":
    unittest.main()
