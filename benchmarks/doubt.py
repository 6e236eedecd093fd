"""Fits when a person should look at a model's matte: weights of evidence, and a threshold.

A logistic regression with a small penalty on each weight, by Newton's method. What is chosen on
one half of the pictures is reported on the other, and the reverse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from frisket.matting.engine.assess import Evidence, judge
from frisket.models import Doubt, Weights

BAD = 0.8
_PENALTY = 1.0
_ROUNDS = 40
_NAMES = ("undecided", "outline", "patches", "apart")
#: Thresholds looked at, and how often the folds are drawn anew to choose one.
_THRESHOLDS = np.arange(0.2, 0.61, 0.02)
_FOLDS, _DRAWS = 5, 4
Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Row:
    """One picture and one model: what is seen of its answer, and how good its matte is."""

    group: str
    name: str
    seen: Evidence
    overlap: float

    @property
    def bad(self) -> bool:
        """Whether a person should have looked."""
        return self.overlap < BAD


def fit(rows: Sequence[Row], names: Sequence[str]) -> Weights:
    """Return the weights of the evidence named, the others 0; none is negative.

    What would lower a doubt by being worse does so by chance, and is left out.
    """
    kept = list(names)
    while True:
        seen = np.array([row.seen.logs for row in rows], np.float64)
        seen = seen[:, [_NAMES.index(name) for name in kept]]
        mean, spread = seen.mean(0), seen.std(0)
        # What is the same everywhere says nothing.
        spread[spread < 0.01] = np.inf
        found = _regress((seen - mean) / spread, np.array([row.bad for row in rows]))
        weights = found[:-1] / spread
        if not kept or weights.min() >= 0:
            break
        kept.pop(int(weights.argmin()))
    offset = round(float(found[-1] - weights @ mean), 3)
    return Weights(offset, **{n: round(float(w), 3) for n, w in zip(kept, weights, strict=True)})


def _regress(x: Numbers, bad: Flags) -> Numbers:
    """Return the weight of each column, and the offset last."""
    x = np.column_stack([x, np.ones(len(x))])
    penalty = np.append(np.full(x.shape[1] - 1, _PENALTY), 1e-6)
    weights = np.zeros(x.shape[1])
    for _ in range(_ROUNDS):
        p = 1 / (1 + np.exp(-x @ weights))
        slope = x.T @ (p - bad) + penalty * weights
        curve = (x.T * (p * (1 - p))) @ x + np.diag(penalty)
        weights = weights - np.linalg.solve(curve, slope)
    return weights


def fit_doubt(rows: Sequence[Row], second: str = "", ask_from: float = 0.0) -> Doubt:
    """Return a whole doubt; its threshold is the one of the best F measure on folds left out."""
    chosen = _fit_weights(rows, second, ask_from)
    chances, bad = _judge_folds(rows, second, ask_from), np.array([row.bad for row in rows])
    best = max(_THRESHOLDS, key=lambda t: _measure_f(chances >= t, np.tile(bad, _DRAWS)))
    return replace(chosen, flag_from=round(float(best), 2))


def _fit_weights(rows: Sequence[Row], second: str, ask_from: float) -> Doubt:
    alone = fit(rows, _NAMES[:3])
    together = fit(rows, ("undecided", "outline", "apart")) if second else None
    return Doubt(1.0, alone, second=second, ask_from=ask_from, together=together)


def _judge_folds(rows: Sequence[Row], second: str, ask_from: float) -> Numbers:
    """Return the probability of each row by weights fitted on other rows, draw after draw."""
    random, found = np.random.default_rng(0), []
    for _ in range(_DRAWS):
        fold, chances = random.permutation(len(rows)) % _FOLDS, np.zeros(len(rows))
        for number in range(_FOLDS):
            learnt = [row for row, f in zip(rows, fold, strict=True) if f != number]
            doubt = _fit_weights(learnt, second, ask_from)
            for index in np.flatnonzero(fold == number).tolist():
                chances[index] = judge_row(doubt, rows[index])
        found.append(chances)
    return np.concatenate(found)


def judge_row(doubt: Doubt, row: Row) -> float:
    """Return the probability that the server would give: the second is asked only in doubt."""
    alone = judge(replace(row.seen, apart=None), doubt)[0]
    return judge(row.seen, doubt)[0] if doubt.second and alone >= doubt.ask_from else alone


def _measure_f(flagged: Flags, bad: Flags) -> float:
    return 2 * float((flagged & bad).sum()) / max(1.0, float(flagged.sum() + bad.sum()))


def report_halves(
    rows: Sequence[Row], more: Sequence[Row], second: str, ask_from: float
) -> tuple[Numbers, Flags]:
    """Return each row's probability and flag by what was fitted on the other half and `more`."""
    chances, flags = np.zeros(len(rows)), np.zeros(len(rows), np.bool_)
    for half in (0, 1):
        doubt = fit_doubt([*rows[1 - half :: 2], *more], second, ask_from)
        chances[half::2] = [judge_row(doubt, row) for row in rows[half::2]]
        flags[half::2] = chances[half::2] >= doubt.flag_from
    return chances, flags
