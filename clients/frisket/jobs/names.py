"""What results are called: STEM-KIND beside the input, in a folder, or by a template.

Naming is done before any work, so that results that would overwrite one another, or an input,
are refused while nothing has happened yet.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from frisket.client.errors import ClientError
from frisket.documents import Document, DocumentError, Layer, decode_in_sandbox, open_document
from frisket.jobs.deliver import DELIVERIES, default_kind
from frisket.jobs.inputs import Input
from frisket.jobs.task import CutOptions, Task, group_tasks

PLACEHOLDERS = {
    "dir": "folder of the input",
    "sub": "folder of the input, seen from the folder that was named",
    "stem": "name of the input without suffix",
    "kind": "kind of result",
    "ext": "suffix that suits the kind",
    "layer": "name of the layer: one file for each",
    "id": "number of the layer: one file for each",
    "class": "one file for each of --classes",
}
_BESIDE = "{dir}/{stem}-{kind}.{ext}"
_MIRRORED = "{dir}/{sub}/{stem}-{kind}.{ext}"
_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
# What one of the systems does not take in a name, or takes for something else.
_UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")
_LONGEST_BYTES = 120
# Their structure alone says what they can carry; it is read without decoding pixels.
_CHEAP_HEADS = (b"8BPS", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"v/1\x01", b"\xff\xd8\xff")


# Opens a document in a child process first, and perhaps decodes it there.
Look = Callable[..., None]


class BadName(ClientError):
    """Outputs cannot be named as was asked."""


@dataclass(frozen=True)
class Template:
    """How files are named; `{name}` stands for a value, `{{` for a brace.

    Attributes:
        text: the name.
        known: the placeholders that there are: those of outputs, or some of them.

    Raises:
        BadName: a placeholder is none of them, or no system takes the name.
    """

    text: str
    known: tuple[str, ...] = tuple(PLACEHOLDERS)

    def __post_init__(self) -> None:
        _check_nameable(self.text)
        for name in sorted(self.names - set(self.known)):
            known = ", ".join(f"{{{one}}}" for one in self.known)
            raise BadName(
                f"{self.text}: {{{name}}} is no placeholder; there are {known}; "
                "write {{ for a brace."
            )

    @property
    def names(self) -> frozenset[str]:
        """The placeholders in it."""
        found = (match[1] for match in _PIECE.finditer(self.text))
        return frozenset(name for name in found if name is not None)

    @property
    def derives(self) -> bool:
        """Whether names depend on the input, so that nobody has spelt them out."""
        return bool(self.names)

    @property
    def fixed(self) -> str:
        """What stands before the first placeholder, as it is in a name."""
        pieces = [match for match in _PIECE.finditer(self.text) if match[1] is not None]
        end = pieces[0].start() if pieces else len(self.text)
        return _PIECE.sub(lambda match: match[0][0], self.text[:end])

    def fill(self, values: Mapping[str, str]) -> Path:
        """Return the path for these values of the placeholders.

        Raises:
            BadName: nothing is left of the name.
        """

        def take(match: re.Match[str]) -> str:
            return values.get(match[1], "") if match[1] is not None else match[0][0]

        path = Path(_PIECE.sub(take, self.text))
        if not path.name:
            raise BadName(f"{self.text}: nothing is left of this name here; add {{stem}}.")
        return path


def _check_nameable(text: str) -> None:
    """Refuse what can be no file's name on this system.

    Raises:
        BadName: it cannot.
    """
    try:
        is_nameable = b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        is_nameable = False
    if not is_nameable:
        raise BadName(f"{text!r} holds a character that no file's name has; take it out.")


def beside(folder: Path | None = None) -> Template:
    """Return the template of STEM-KIND in the input's folder, or in one folder for all."""
    return Template(_BESIDE if folder is None else _BESIDE.replace("{dir}", _escape(folder)))


def mirrored(folder: Path) -> Template:
    """Return the template of STEM-KIND in a folder that has the folders of the inputs."""
    return Template(_MIRRORED.replace("{dir}", _escape(folder)))


def spelt_out(path: Path) -> Template:
    """Return the template that is this very path, braces and all."""
    return Template(_escape(path))


def _escape(path: Path) -> str:
    return str(path).replace("{", "{{").replace("}", "}}")


def clean_name(name: str) -> str:
    """Return a name from inside a document as a part of a file's name, on any system.

    It never is a path, hidden or reserved, and is at most 120 bytes long.
    """
    safe = _UNSAFE.sub("_", name).encode("utf-8", "replace")[: _LONGEST_BYTES - 1]
    word = safe.decode("utf-8", "ignore").strip(" .") or "_"
    return f"_{word}" if _RESERVED.match(word) else word


def plan_tasks(
    sources: Sequence[Path],
    choices: Sequence[CutOptions],
    template: Template,
    overwrite: bool = False,
) -> list[Task]:
    """Return what is to be done: a task for each result that has its own file.

    Args:
        sources: the inputs.
        choices: the options of each result that an input gives.
        template: how outputs are named.
        overwrite: whether a name that was derived may be taken already.

    Raises:
        BadName: two outputs, or an output and an input, would be one file, or `{class}` is
            asked for without classes.
    """
    tasks = [task for one in sources for task in plan_results(Input(one), choices, template)]
    if template.derives:
        tasks = [replace(task, overwrite=overwrite) for task in tasks]
    check_collisions(tasks, template.derives)
    return tasks


def plan_results(
    given: Input, choices: Sequence[CutOptions], template: Template, look: Look = decode_in_sandbox
) -> list[Task]:
    """Return what is to be done with one input; results of one matte follow one another.

    Args:
        given: the input.
        choices: the options of each result.
        template: how outputs are named.
        look: opens an untrusted document first; see `frisket.documents.decode_in_sandbox`.

    Raises:
        BadName: `{class}` is asked for without classes.
    """
    tasks = [task for one in choices for task in _plan_choice(given, one, template, look)]
    return [task for group in group_tasks(tasks) for task in group]


def _plan_choice(given: Input, options: CutOptions, template: Template, look: Look) -> list[Task]:
    source, values = given.path, {"sub": given.below}
    if "class" not in template.names:
        return _plan_layers(source, options, template, values, look)
    if not options.classes:
        raise BadName("An output with {class} needs --classes, which say what to write.")
    found: list[Task] = []
    for name in options.classes:
        one = replace(options, classes=(name,))
        named = {**values, "class": clean_name(name)}
        found += _plan_layers(source, one, template, named, look)
    return found


def _plan_layers(
    source: Path, options: CutOptions, template: Template, values: Mapping[str, str], look: Look
) -> list[Task]:
    values = {"dir": str(source.parent), "stem": source.stem, **values}
    if not template.names & {"kind", "ext", "layer", "id"}:
        return [Task(source, template.fill(values), options)]
    try:
        if _is_cheap(source):
            return _look_inside(source, options, template, values, look)
    except (DocumentError, OSError):
        # Whoever does the task meets the same error, and reports it.
        pass
    kind = options.kind or "cutout"
    flat = {"kind": kind, "ext": _suffixes(kind, source)[0][1:], "layer": "Image", "id": "1"}
    return [Task(source, template.fill({**values, **flat}), options)]


def _is_cheap(source: Path) -> bool:
    with source.open("rb") as file:
        return file.read(4).startswith(_CHEAP_HEADS)


def _look_inside(
    source: Path, options: CutOptions, template: Template, values: Mapping[str, str], look: Look
) -> list[Task]:
    if options.sandbox:
        look(source, options.layers, options.all_layers, encoding=options.encoding)
        # Whoever only looked has yet to decode it.
        options = replace(options, sandbox=look is not decode_in_sandbox)
    with open_document(source, options.encoding) as document:
        layers = document.find_layers(options.layers, options.all_layers)
        if not template.names & {"layer", "id"}:
            return [_name_result(document, layers, options, template, values)]
        return [
            _name_result(
                document,
                [layer],
                replace(options, layers=(f"#{layer.id}",), all_layers=False),
                template,
                {**values, "layer": clean_name(layer.name), "id": str(layer.id)},
            )
            for layer in layers
        ]


def _name_result(
    document: Document,
    layers: Sequence[Layer],
    options: CutOptions,
    template: Template,
    values: Mapping[str, str],
) -> Task:
    """Return the task with the first name that its kind can be written under."""
    source = Path(document.path)
    fixed = Path(template.text).suffix
    spoken = Path(f"x{fixed}") if fixed and "{" not in fixed else source
    kind = options.kind or default_kind(document, layers, spoken)
    tasks = []
    for suffix in _suffixes(kind, source):
        output = template.fill({**values, "kind": kind, "ext": suffix[1:]})
        tasks.append(Task(source, output, options))
        if _suits(document, layers, tasks[-1], kind):
            return tasks[-1]
    return tasks[0]


def _suits(document: Document, layers: Sequence[Layer], task: Task, kind: str) -> bool:
    try:
        DELIVERIES[kind].check(document, task.output, layers, task.options.result_options())
    except DocumentError:
        return False
    return True


def _suffixes(kind: str, source: Path) -> list[str]:
    """Return the suffixes that a result may have, the likeliest first; at least one."""
    own = source.suffix.lower()
    possible = DELIVERIES[kind].suffixes
    if not possible:  # spliced into a copy, which keeps its suffix
        return [own or ".psd"]
    if DELIVERIES[kind].traces:  # a copy of the document where it holds paths, else a drawing
        return [own if own in possible else possible[0]]
    return [suffix for suffix in dict.fromkeys((own, ".png", ".tif")) if suffix in possible]


def check_collisions(tasks: Sequence[Task], derived: bool) -> None:
    """Refuse outputs that would be one file, on any system, or replace an input.

    Args:
        tasks: everything that is to be done.
        derived: whether names depend on the inputs.

    Raises:
        BadName: they would.
    """
    inputs = {_identify(task.source): task.source for task in tasks}
    outputs: dict[str, Task] = {}
    for task in tasks:
        place = _identify(task.output)
        if (folded := fold_place(task.output)) in outputs:
            raise BadName(_tell_collision(outputs[folded], task))
        outputs[folded] = task
        if place in inputs and (derived or len(tasks) > 1):
            raise BadName(
                f"The output {task.output} of {task.source} would replace the input "
                f"{inputs[place]}; name outputs so that no input is among them."
            )


def _tell_collision(first: Task, second: Task) -> str:
    if first.output.name != second.output.name:
        return (
            f"The results of {first.source} and {second.source} would be {first.output.name} and "
            f"{second.output.name}, which many systems take for one file; rename one of the two, "
            "or cut them into different folders."
        )
    if first.source == second.source:
        return (
            f"Two results of {first.source} would both be written to {second.output}; "
            "add {kind}, {layer}, {id} or {class} to the name."
        )
    return (
        f"The results of {first.source} and {second.source} would both be written to "
        f"{second.output}; name a folder (FOLDER/) or a template with {{stem}}, or cut them "
        "one by one."
    )


def fold_place(path: Path) -> str:
    """Return a place as systems see it that know no case, or compose accents."""
    return unicodedata.normalize("NFC", _identify(path).casefold())


def _identify(path: Path) -> str:
    try:
        return os.path.normcase(os.path.realpath(path))
    except ValueError as error:
        raise BadName(f"{str(path)!r} can be no file's name ({error}).") from error
