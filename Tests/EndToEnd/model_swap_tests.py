"""`riffle run` while its model's file changes: by rename, in place, on SIGHUP, and to what cannot be used."""

import json
import os
import signal
import unittest

from kill_processes import RUN_PROPERTIES, wait_until
from metrics_tests import parse, total
from pipeline_case import PipelineCase

PIPELINE = """\
pipeline: swapped
kafka: {brokers: embedded, group: swapped}
sources:
  payments:
    topic: payments
    key: card
    id: id
    time: {field: at, format: epoch-ms}
    fields: {id: int, card: string, amount: {type: decimal, scale: 2}}
features:
  - amount: amount
  - {by: card, over: [1d], aggregates: {payments: count()}}
models:
  first: {file: first.json}
  second: {file: second.json, reload: on-signal}
score: first
decide: [{high: second > 0.5}, {low: true}]
output: {topic: scores, features: all}
dead_letter: {topic: letters}
state: {directory: STATE}
"""
START = 1_709_251_200_000


def model(leaf, names=("amount", "payments_1d")):
    """An XGBoost model of one leaf: what it says tells which one it is."""
    tree = {
        "id": 0, "tree_param": {"num_deleted": "0", "num_feature": "2", "num_nodes": "1", "size_leaf_vector": "1"},
        "left_children": [-1], "right_children": [-1], "parents": [2147483647], "split_indices": [0],
        "split_conditions": [leaf], "split_type": [0], "default_left": [0], "base_weights": [leaf],
        "loss_changes": [0], "sum_hessian": [1], "categories": [], "categories_nodes": [], "categories_segments": [],
        "categories_sizes": []}  # fmt: skip
    return json.dumps({"version": [3, 0, 0], "learner": {
        "feature_names": list(names), "feature_types": ["float"] * len(names), "attributes": {},
        "objective": {"name": "reg:squarederror", "reg_loss_param": {"scale_pos_weight": "1"}},
        "learner_model_param": {"base_score": "0E0", "num_class": "0", "num_feature": "2", "num_target": "1",
                                "boost_from_average": "1"},
        "gradient_booster": {"name": "gbtree", "model": {
            "gbtree_model_param": {"num_trees": "1", "num_parallel_tree": "1"}, "iteration_indptr": [0, 1],
            "tree_info": [0], "trees": [tree]}}}})  # fmt: skip


class ModelSwapTests(PipelineCase):
    PIPELINE = PIPELINE

    def setUp(self):
        super().setUp()
        self.sent = 0
        self.metrics = self.folder / "riffle.prom"
        for name in ["first", "second"]:
            (self.folder / f"{name}.json").write_text(model(0.25))
        self.brokers = self.start_cluster()
        properties = [part for name in RUN_PROPERTIES for part in ("-X", name)]
        self.run_process = self.start(
            "run", self.pipeline, "--brokers", self.brokers, "--metrics-file", self.metrics, "--metrics-every", "100ms",
            *properties)  # fmt: skip

    def score_next(self):
        """One more payment of the same card; its score, which counts all before it."""
        event = {"id": self.sent, "card": "c", "at": START + self.sent * 1000, "amount": 1.5}
        self.publish(self.brokers, "payments", [("c", json.dumps(event))])
        self.sent += 1
        scores = self.read_scores(self.brokers, self.sent)
        self.assertEqual([scores[number]["features"]["payments_1d"] for number in range(self.sent)],
                         list(range(1, self.sent + 1)))  # fmt: skip
        return scores[self.sent - 1]

    def replace(self, name, text):
        new = self.folder / "new.json"
        new.write_text(text)
        os.rename(new, self.folder / name)

    def wait_for_metric(self, name, count):
        def found():
            return self.metrics.exists() and total(parse(self.metrics.read_text()), name) >= count

        wait_until(lambda: f"{name} {count}:\n{self.run_process.text()}", found)

    def test_models_are_swapped_without_a_restart(self):
        score = self.score_next()
        self.assertEqual((score["score"], score["scores"]), (0.25, {"first": 0.25, "second": 0.25}))
        self.assertEqual((score["model"], score["decision"]), ("first+second", "low"))
        versions = {score["version"]}

        self.replace("first.json", model(0.5))
        self.wait_for_metric("riffle_model_swaps_total", 1)
        score = self.score_next()
        self.assertEqual((score["score"], score["scores"]), (0.5, {"first": 0.5, "second": 0.25}))
        versions.add(score["version"])

        (self.folder / "first.json").write_text(model(0.625))
        self.wait_for_metric("riffle_model_swaps_total", 2)
        score = self.score_next()
        self.assertEqual(score["score"], 0.625)
        versions.add(score["version"])

        # Refused, with the reason; what scores goes on.
        for failures, text in enumerate([model(0.75)[:500], model(0.75, ("payments_1d", "amount"))], start=1):
            self.replace("first.json", text)
            self.wait_for_metric("riffle_model_swap_failures_total", failures)
            score = self.score_next()
            self.assertEqual(score["score"], 0.625)
            self.assertIn(score["version"], versions)
        self.assertIn("the new model file is refused", self.run_process.text())
        self.assertIn('input 1 of the model is "payments_1d"', self.run_process.text())

        # One that waits for the signal; both are taken at once then.
        self.replace("second.json", model(1))
        self.replace("first.json", model(0.875))
        self.run_process.process.send_signal(signal.SIGHUP)
        self.run_process.wait_for(r"a new model scores from the next batch on.*second")
        score = self.score_next()
        self.assertEqual((score["scores"], score["decision"]), ({"first": 0.875, "second": 1}, "high"))
        versions.add(score["version"])
        self.assertEqual(len(versions), 4)

        self.assertEqual(self.run_process.end(signal.SIGTERM), 0, self.run_process.text())
        last = parse(self.metrics.read_text())
        self.assertEqual(total(last, "riffle_model_swap_failures_total"), 2)
        self.assertEqual(total(last, "riffle_events_scored_total"), self.sent)


if __name__ == "__main__":
    unittest.main()
