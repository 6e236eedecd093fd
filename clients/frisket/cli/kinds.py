"""Which options are for which kind of result: one that would do nothing is refused by its name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from frisket.cli.cut_options import CUTLINE, EXISTING, OUTLINE, THRESHOLD
from frisket.cli.finish_options import EDGE_OPTIONS, FINISH_OPTIONS
from frisket.cli.parser import UsageError
from frisket.finish.readers import FINISHED
from frisket.jobs.deliver import TRACED

Uses = Mapping[str, tuple[str, ...]]
"""The kinds of result that an option is for, by its attribute."""

_PATH, _CUTLINE = "path", "cutline"
_NAMED = ("path_name", "no_clip")  # what only a path has
CUT_USES: Uses = {
    **{row.attribute: (FINISHED,) for row in FINISH_OPTIONS},
    **{row.attribute: (_PATH,) if row.attribute in _NAMED else TRACED for row in OUTLINE},
    **{row.attribute: (_CUTLINE,) for row in CUTLINE},
}
FINISH_USES: Uses = {
    **CUT_USES,
    **{row.attribute: (FINISHED,) for row in EDGE_OPTIONS},
    THRESHOLD.attribute: TRACED,
    EXISTING.attribute: (_PATH,),
}
_INSTEAD = {"shift": "; --inset moves an outline"}


def check_kinds(given: Iterable[str], kinds: Collection[str], uses: Uses) -> None:
    """Refuse options that none of the kinds of result has a use for.

    Args:
        given: attributes of the options that somebody gave.
        kinds: of result; none where they are not known yet.
        uses: which option is for what.

    Raises:
        UsageError: there is one; it says what to do.
    """
    for attribute in given:
        wanted = uses.get(attribute, ())
        if kinds and wanted and not set(wanted) & set(kinds):
            raise UsageError(
                f"--{attribute.replace('_', '-')} is for --as {' or '.join(wanted)}, not for --as "
                f"{' or '.join(kinds)}: leave it out, or choose another --as"
                f"{_INSTEAD.get(attribute, '')}."
            )
