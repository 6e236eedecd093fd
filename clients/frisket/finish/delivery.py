"""A finish as one more kind of result of a cut: checked and written like the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from frisket.documents import Document, Layer, LayerResult, ResultOptions, ResultWriter

from .chain import Finish, FinishTask


@dataclass(frozen=True)
class FinishOptions(ResultOptions):
    """How results are written, and the finish of those that have one."""

    finish: Finish = field(default_factory=Finish)


def _find(options: ResultOptions) -> Finish:
    return options.finish if isinstance(options, FinishOptions) else Finish()


def _check(
    document: Document, output: Path, layers: Sequence[Layer], options: ResultOptions
) -> None:
    [layer] = layers
    _find(options).check(document, layer, output)


def _write(
    document: Document, output: Path, results: Sequence[LayerResult], options: ResultOptions
) -> list[str]:
    [result] = results
    task = FinishTask(document, result.layer, result.alpha, output, result.colours)
    how = _find(options)
    return [*how.check(document, result.layer, output), *how.run(task)]


WRITER = ResultWriter(_check, _write)
