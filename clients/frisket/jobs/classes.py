"""Every class of a semantic model: which there are, and a matte for each of them in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from frisket.client.capabilities import ask_capabilities
from frisket.client.errors import TransportError
from frisket.documents.write.classes import MOST_CLASSES
from frisket.jobs.choices import BadOption
from frisket.jobs.connection import Connection, raise_loss
from frisket.jobs.task import CutOptions

_PATIENCE_S = 10.0


def list_passes(options: CutOptions, connection: Connection) -> list[CutOptions]:
    """Return the options of a cut for each class that was asked for, or that the model has.

    Raises:
        BadOption: the model has none, or too many.
        NoServer: the server does not answer.
        TransportError: it refuses.
    """
    names = options.classes or _ask_classes(options.model, connection)
    if names is None:
        return [options]
    if not 0 < len(names) <= MOST_CLASSES:
        raise BadOption(
            f"--as classes holds {MOST_CLASSES} classes, and {len(names)} were chosen; "
            "choose some with --classes."
        )
    return [replace(options, classes=(name,), allow_empty=True) for name in names]


def _ask_classes(model: str, connection: Connection) -> Sequence[str] | None:
    """Return the names of a model's classes; an empty name means the server's default.

    None is returned for a model that the server does not know: it says so best itself.
    """
    try:
        found = ask_capabilities(connection.open(), _PATIENCE_S)
    except TransportError as error:
        connection.close()
        raise_loss(connection.choice, error)
    models = [one for one in found.models if not one.refiner]
    chosen = [one for one in models if (one.name == model if model else one.is_default)]
    if not chosen:
        return None
    if chosen[0].classes:
        return tuple(chosen[0].classes)
    having = " or ".join(one.name for one in models if one.classes)
    raise BadOption(
        f"--as classes needs a model with classes, and {chosen[0].name} has none; "
        + (f"give --model {having}." if having else "'frisket models list' shows some.")
    )
