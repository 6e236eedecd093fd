"""When a person should look at a model's matte: a logistic regression, as data.

The numbers were fitted by ``benchmarks/assessment.py``, which prints them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Weights:
    """The log odds that a matte is bad: the offset, and each kind of evidence times its weight.

    Attributes:
        offset: where all evidence is 0.
        undecided: for each e-fold of how much is undecided, as a share of the subject.
        outline: for each e-fold of how much is undecided along the outline.
        patches: for each e-fold of how much lies in undecided patches wider than an outline.
        apart: for each e-fold of how far another model's answer lies apart.
    """

    offset: float
    undecided: float = 0.0
    outline: float = 0.0
    patches: float = 0.0
    apart: float = 0.0


@dataclass(frozen=True)
class Doubt:
    """How a model's answers are doubted.

    Attributes:
        flag_from: from this probability on a person should look.
        alone: the weights where nobody else is asked.
        second: another model that is asked when in doubt, or "".
        ask_from: from this probability on it is asked.
        together: the weights where it has answered; None without `second`.
        fitted: on this model's own answers; else its confidence in them counts beside the weights.
    """

    flag_from: float
    alone: Weights
    second: str = ""
    ask_from: float = 0.0
    together: Weights | None = None
    fitted: bool = True

    def __post_init__(self) -> None:
        if bool(self.second) != (self.together is not None):
            raise ValueError("a second model and weights together with it need one another")
        if not 0 <= self.ask_from <= self.flag_from <= 1:
            raise ValueError("0 <= ask_from <= flag_from <= 1 must hold")


UNFITTED = Doubt(0.36, Weights(5.749, undecided=1.622, outline=1.984, patches=0.117), fitted=False)
"""For models that nobody has fitted: fitted on the answers of two that were, together."""
