#!/usr/bin/env python3
"""Writes Tests/DriftTests/Goldens/performance.json: scikit-learn's measures of small samples of scores and labels.

Needs scikit-learn (1.9.1 wrote the file) and numpy. What scikit-learn does not have is computed here straight from its
definition: the calibration error in bins of equal mass, expected performance, and the prior by EM.
"""
import json
import sys

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, precision_score, recall_score, roc_auc_score


def sample(rng, n, prior, digits):
    labels = rng.random(n) < prior
    scores = np.where(labels, rng.beta(4, 2, n), rng.beta(1, 8, n))
    return np.round(scores, digits), labels


def calibration_error(scores, labels, bins):
    """A bin ends with the first distinct score at or beyond its share of the events."""
    order = np.argsort(scores, kind="stable")
    scores, labels = scores[order], labels[order]
    n, error, start, done = len(scores), 0.0, 0, 0
    parts = []
    for place in range(n):
        if place + 1 < n and scores[place + 1] == scores[place]:
            continue
        if (place + 1) * bins >= (done + 1) * n or place + 1 == n:
            part = slice(start, place + 1)
            parts.append([place + 1 - start, float(scores[part].mean()), float(labels[part].mean())])
            error += (place + 1 - start) / n * abs(scores[part].mean() - labels[part].mean())
            start, done = place + 1, done + 1
    return error, parts


def expected(probabilities, flagged):
    c, f = np.asarray(probabilities), np.asarray(flagged)
    return {
        "positives": float(c.sum()),
        "precision": float(c[f].sum() / f.sum()) if f.any() else None,
        "recall": float(c[f].sum() / c.sum()),
    }


def expected_auc(scores, c):
    """Every pair, itself too, with its probability of being one."""
    up = (scores[:, None] > scores[None, :]) + 0.5 * (scores[:, None] == scores[None, :])
    return float((c[:, None] * (1 - c)[None, :] * up).sum() / (c.sum() * (1 - c).sum()))


def em_prior(c, reference, steps=200_000):
    prior = reference
    for _ in range(steps):
        up, down = prior / reference * c, (1 - prior) / (1 - reference) * (1 - c)
        following = float((up / (up + down)).mean())
        if abs(following - prior) < 1e-16:
            break
        prior = following
    return prior


def case(name, rng, n, prior, digits, monotone=None):
    scores, labels = sample(rng, n, prior, digits)
    if monotone is not None:
        scores = monotone(scores)
    flagged = scores >= 0.5
    error, parts = calibration_error(scores, labels, 10)
    both = labels.any() and not labels.all()
    result = {
        "name": name, "scores": scores.tolist(), "labels": labels.astype(int).tolist(),
        "roc_auc": roc_auc_score(labels, scores) if both else None,
        "average_precision": average_precision_score(labels, scores) if labels.any() else None,
        "log_loss": log_loss(labels, scores, labels=[False, True]),
        "brier": brier_score_loss(labels, scores) if both else float(((scores - labels) ** 2).mean()),
        "precision": precision_score(labels, flagged) if flagged.any() else None,
        "recall": recall_score(labels, flagged) if labels.any() else None,
        "calibration_error": error, "bins": parts,
    }
    if both:
        # Learned on these, used on others of another prior: on the monitor's grid of thousandths.
        scores = np.round(scores, 3)
        fit = IsotonicRegression(out_of_bounds="clip").fit(scores, labels)
        asked = np.linspace(-0.1, 1.1, 61)
        fresh, _ = sample(rng, n, min(0.5, prior * 2), 3)
        flagged = fresh >= 0.5
        c = fit.predict(fresh)
        result["isotonic"] = {
            "asked": asked.tolist(), "given": fit.predict(asked).tolist(), "fresh": fresh.tolist(),
            **expected(c, flagged), "roc_auc": expected_auc(fresh, c), "prior": em_prior(c, float(labels.mean())),
        }
    return result


def main():
    rng = np.random.default_rng(20_261_121)
    cases = [
        case("plain", rng, 300, 0.2, 12),
        case("ties", rng, 300, 0.2, 2),
        case("rare", rng, 400, 0.02, 3),
        case("few", rng, 7, 0.5, 3),
        case("one value", rng, 40, 0.3, 0, lambda s: np.full_like(s, 0.25)),
        case("zeros and ones", rng, 60, 0.3, 0),
        case("no positive", rng, 30, 0.0, 3),
        case("no negative", rng, 30, 1.0, 3),
    ]
    json.dump({"cases": cases}, open(sys.argv[1], "w"), separators=(",", ":"))


main()
