"""A finish as one more kind of result of a cut: checked and written like the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from frisket.documents import Document, Layer, LayerResult, ResultOptions, ResultWriter

from .chain import Finish, FinishTask
from .entry import Progress


@dataclass(frozen=True)
class FinishOptions(ResultOptions):
    """How results are written, the finish of those that have one, and who is told of it."""

    finish: Finish = field(default_factory=Finish)
    progress: Progress = field(default=lambda stage, done, total: None, compare=False)


def _find(options: ResultOptions) -> FinishOptions:
    return options if isinstance(options, FinishOptions) else FinishOptions()


def _check(
    document: Document, output: Path, layers: Sequence[Layer], options: ResultOptions
) -> None:
    [layer] = layers
    _find(options).finish.check(document, layer, output)


def _write(
    document: Document, output: Path, results: Sequence[LayerResult], options: ResultOptions
) -> list[str]:
    [result] = results
    found = _find(options)
    task = FinishTask(
        document, result.layer, result.alpha, output, result.colours, progress=found.progress
    )
    how = found.finish
    return [*how.check(document, result.layer, output), *how.run(task)]


WRITER = ResultWriter(_check, _write)
