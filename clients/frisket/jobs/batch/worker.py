"""Makes the results of one input after another: claimed, cut beside, renamed, marked."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from frisket.documents import DocumentError, OutputError, PlaceError, UnreadableDocument
from frisket.documents.io.output import remove_debris, rename_durably
from frisket.jobs.batch.engine import Engine, LocalEngine
from frisket.jobs.batch.fingerprint import identify_content
from frisket.jobs.batch.journal import Findings, Journal
from frisket.jobs.batch.place import Place
from frisket.jobs.batch.states import Stamp, State, Verdict, stamp_of
from frisket.jobs.batch.workqueue import Item
from frisket.jobs.many import TaskOutcome
from frisket.jobs.matting import BUSY
from frisket.jobs.previews import Preview
from frisket.jobs.task import CutResult, Task

SMALL_PX, LARGE_PX = 256, 1024
"""The longer sides of thumbnails: of every result, and of those that should be looked at."""
_PART = ".frisket-"


class SourceChanged(UnreadableDocument):
    """The input is no more what it was when it was planned or claimed."""


@dataclass(frozen=True)
class Claim:
    """A result that is being made: from which bytes, and where it lies until it has its name."""

    item: Item
    stamp: Stamp
    part: Path


# Called with what became of an item: its result, or its error.
Settle = Callable[[Item, "CutResult | None", "Exception | None"], None]


class Worker:
    """Makes results; one thread, one station.

    Args:
        journal: where everything is noted.
        place: of the results.
        settle: called with what became of every item, after the journal knows of success.
        tell_busy: called with an item for which a server has no room now, each time.
        thumbnails: whether small pictures are kept for the review page.
        watched: a folder whose files others write: each counts only as it was when it was
            planned. None takes every file as it is when it is claimed.
        engine: where results are made; None: on this machine.
    """

    def __init__(
        self,
        journal: Journal,
        place: Place,
        settle: Settle,
        tell_busy: Callable[[Item], None],
        thumbnails: bool = True,
        watched: Path | None = None,
        engine: Engine | None = None,
    ) -> None:
        self._journal, self._place, self._settle = journal, place, settle
        self._tell_busy = tell_busy
        self._watched = watched
        self._preview_px = (SMALL_PX, LARGE_PX) if thumbnails else None
        self._station = (engine or LocalEngine()).open()
        self.claims: tuple[Claim, ...] = ()

    def close(self) -> None:
        """Close what is kept open from one group of items to the next."""
        self._station.close()

    def make(self, items: Sequence[Item]) -> None:
        """Make items that share a matte.

        Raises:
            JournalError: the journal cannot be written.
        """
        # All before the input is read: what is written last must be of the same bytes.
        for item in items:
            self._claim(item)
        if not self.claims:
            return
        tasks = [self._place_part(claim) for claim in self.claims]
        for outcome in self._station.cut(tasks, self._watch):
            self._end(self.claims[0], outcome)
            self.claims = self.claims[1:]

    def _watch(self, stage: str, done: int, total: int) -> None:
        if stage == BUSY:
            self._tell_busy(self.claims[0].item)

    def _claim(self, item: Item) -> None:
        try:
            self.claims += (self._begin(item),)
        except Exception as error:
            self._settle(item, None, error)

    def _place_part(self, claim: Claim) -> Task:
        px = self._preview_px
        return replace(claim.item.task, output=claim.part, overwrite=True, preview_px=px)

    def _begin(self, item: Item) -> Claim:
        task = item.task
        try:
            stamp = stamp_of(task.source)
            content = identify_content(task.source, stamp)
        except OSError as error:
            self._check_planned(item)
            reason = (error.strerror or str(error)).lower()
            raise UnreadableDocument(task.source, f"cannot be read ({reason})") from error
        self._check_planned(item)
        self._place.make_folder(task.output)
        part = task.output.with_name(f"{_PART}{secrets.token_hex(6)}{task.output.suffix}")
        self._journal.claim(item.row, stamp, content, part)
        if not task.overwrite and os.path.lexists(task.output):
            advice = "add --overwrite, or name another place"
            raise OutputError(task.output, "exists already", advice=advice)
        return Claim(item, stamp, part)

    def _check_planned(self, item: Item) -> None:
        """Refuse a file of a watched folder that is not what was planned.

        Raises:
            SourceChanged: it is not.
        """
        if self._watched is None:
            return
        try:
            stamp = stamp_of(item.source)
        except FileNotFoundError as error:
            if self._watched.is_dir():  # else the folder is lost, and not this file
                raise SourceChanged(item.source, "it was taken away") from error
        except OSError:
            return
        else:
            if stamp != item.stamp:
                raise SourceChanged(item.source, "it changed after it was planned")

    def _end(self, claim: Claim, outcome: TaskOutcome) -> None:
        """Give a result its name, and say what became of its item."""
        result, error = outcome.result, outcome.error
        if result is not None:
            try:
                self._publish(claim, result)
                result = _rename(result, claim)
            except OSError as failure:
                result, error = None, _word_failure(claim, failure)
            except UnreadableDocument as failure:
                result, error = None, failure
        if error is not None:
            error = self._find_cause(claim.item, error)
            _rename_error(error, claim)
            with contextlib.suppress(OSError):
                claim.part.unlink()
        self._settle(claim.item, result, error)

    def _find_cause(self, item: Item, error: Exception) -> Exception:
        """Return why a file failed: a lost place, or a change, counts more than what came of it."""
        try:
            self._place.check(item.task.output)
            self._check_planned(item)
        except (PlaceError, SourceChanged) as cause:
            return cause
        return error

    def _publish(self, claim: Claim, result: CutResult) -> None:
        """Give a written result its name, and note every step of it."""
        source, row = claim.item.source, claim.item.row
        if stamp_of(source) != claim.stamp:
            raise SourceChanged(source, "it changed while it was read")
        found = find(result)
        self._keep_thumbnails(row, result.preview, found.verdict.needs_review)
        self._journal.mark_written(row, stamp_of(claim.part), found)
        rename_durably(claim.part, claim.item.task.output)
        self._journal.mark_done(row)

    def _keep_thumbnails(self, row: int, preview: Preview | None, flagged: bool) -> None:
        """Keep a small picture of every result, and a larger one of what is looked at."""
        self._journal.drop_thumbnails(row)
        if preview is None:
            return
        for pixels in (SMALL_PX, LARGE_PX) if flagged else (SMALL_PX,):
            for name, data in preview.encode(pixels).items():
                self._journal.keep_thumbnail(row, pixels, name, data)


def _rename(result: CutResult, claim: Claim) -> CutResult:
    """Return a result that knows nothing of the place where it lay first."""
    output = claim.item.task.output
    notice = result.notice.replace(claim.part.name, output.name)
    return replace(result, output=output, notice=notice, preview=None)


def _rename_error(error: Exception, claim: Claim) -> None:
    """Let an error of the temporary name speak of the result's own."""
    if isinstance(error, DocumentError) and Path(error.path).name == claim.part.name:
        error.path = str(claim.item.task.output)
        error.args = (error.compose_sentence(),)


def _word_failure(claim: Claim, error: OSError) -> Exception:
    reason = (error.strerror or str(error)).lower()
    if error.filename and Path(error.filename) == claim.item.source:
        return UnreadableDocument(claim.item.source, f"cannot be read ({reason})")
    return OutputError(claim.item.task.output, f"cannot be written ({reason})")


def find(result: CutResult) -> Findings:
    """Return what the journal keeps of a result; of several layers, the most doubtful one."""
    judgements = [layer.outcome.judgement for layer in result.layers]
    worst = min(judgements, key=lambda one: (not one.needs_review, one.overall))
    reasons = tuple(dict.fromkeys(reason for one in judgements for reason in one.reasons))
    return Findings(
        kind=result.kind,
        seconds=result.seconds,
        megapixels=sum(layer.width * layer.height for layer in result.layers) / 1e6,
        model=result.model,
        device=result.device,
        verdict=Verdict(worst.overall, worst.needs_review, reasons),
    )


def recover(journal: Journal) -> None:
    """Bring what a killed run left behind to its end or back to its beginning.

    A result that was written whole gets its name if it has not; anything less is removed and
    waits again.

    Raises:
        JournalError: the journal cannot be written.
    """
    for row, written in journal.unfinished():
        with contextlib.suppress(OSError):
            remove_debris(row.output.parent)
        if row.state is State.WRITTEN and written and _complete(row.part, row.output, written):
            journal.mark_done(row.id)
            continue
        with contextlib.suppress(OSError):
            if row.part is not None:
                row.part.unlink()
        journal.release(row.id)


def _complete(part: Path | None, output: Path, written: Stamp) -> bool:
    """Tell whether a result that was written has its name now."""
    with contextlib.suppress(OSError):
        if part is not None and part.is_file() and stamp_of(part) == written:
            rename_durably(part, output)
    with contextlib.suppress(OSError):
        return stamp_of(output) == written
    return False
