"""Every limit of a server by name: its default, its range, and what happens beyond it.

One table, from which the options of `frisket serve`, the checks and the page docs/server.md come.
The limits of the wire stand in `frisket.protocol.limits`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

_MIB = 1 << 20


@dataclass(frozen=True)
class Bound:
    """One row of the table.

    Attributes:
        name: of the limit, and of the field of `Limits`.
        default: what stands when nobody says otherwise.
        least, most: the range of what may be said.
        unit: "", "s" or "bytes"; bytes are said and printed in MiB.
        meaning: what is counted, and what happens beyond the limit.
        option: of `frisket serve`; empty where it cannot be changed there.
    """

    name: str
    default: float
    least: float
    most: float
    unit: str
    meaning: str
    option: str

    @property
    def scale(self) -> int:
        """How much one unit of its option is."""
        return _MIB if self.unit == "bytes" else 1

    def write(self, value: float) -> str:
        """Return a value as the page prints it."""
        unit = {"": "", "s": " s", "bytes": " MiB"}[self.unit]
        return f"{value / self.scale:,g}{unit}"

    def accept(self, value: float) -> bool:
        """Tell whether a value lies in the range; one that is no number does not."""
        return self.least <= value <= self.most


def _bound(
    default: Any, least: float, most: float, meaning: str, unit: str = "", option: str = ""
) -> Any:
    row = {"least": least, "most": most, "unit": unit, "meaning": meaning, "option": option}
    return field(default=default, metadata=row)


@dataclass(frozen=True)
class Limits:
    """What one server takes on; `list_bounds` says what each field means.

    Raises:
        ValueError: a value beyond its range; the text names it.
    """

    connections: int = _bound(
        512, 1, 65_536, "connections at once; others are closed at once", option="--max-connections"
    )
    connections_per_address: int = _bound(
        128,
        1,
        65_536,
        "connections of one address at once, with IPv6 of one /64 network; strangers among those "
        "beyond are closed first",
        option="--max-connections-per-address",
    )
    strangers: int = _bound(
        0,
        0,
        65_536,
        "connections at once by which no call with a token has come; those beyond are closed, the "
        "longest there first. 0 means half of `connections`",
    )
    calls_per_connection: int = _bound(
        64, 1, 1024, "calls at once on one connection; those beyond wait on the client's side"
    )
    sessions: int = _bound(
        32, 1, 4096, "streams and pictures at once; then BUSY", option="--max-sessions"
    )
    sessions_per_token: int = _bound(
        0,
        0,
        4096,
        "the same for one token; then BUSY. 0 means no limit of its own",
        option="--max-sessions-per-token",
    )
    calls_per_token: int = _bound(
        256, 1, 65_536, "calls at once with one token, of any kind; then BUSY"
    )
    calls_per_minute: int = _bound(
        6000, 1, 10_000_000, "calls a minute with one token; then BUSY", option="--max-calls"
    )
    pictures: int = _bound(
        2, 1, 64, "pictures of `MatteImage` worked on at once; others wait for their turn"
    )
    tiles_in_flight: int = _bound(
        24, 1, 1024, "tiles that a session has asked for and not answered"
    )
    tile_bytes_in_flight: int = _bound(20 * _MIB, _MIB, 1024 * _MIB, "the same in bytes", "bytes")
    frames_in_flight: int = _bound(
        4, 1, 64, "frames of a sequence begun and not finished; one more ends it with BAD_ORDER"
    )
    memory: int = _bound(
        0,
        0,
        1 << 46,
        "what sessions, pictures, hints and models may take together, models as measured, the "
        "rest by estimate; then BUSY. "
        "0 means half of the machine's memory",
        "bytes",
        "--memory",
    )
    models: int = _bound(64, 1, 64, "models in memory at once; more only while all are in use")
    model_bytes: int = _bound(
        0,
        0,
        1 << 46,
        "what models may take on a device, as measured where that can be; then BUSY. "
        "0 means no limit of its own",
        "bytes",
        "--model-memory",
    )
    stranger_s: float = _bound(
        20.0, 0.01, 3600, "from a connection to its first call with a token; then it is closed", "s"
    )
    open_s: float = _bound(30.0, 0.01, 3600, "from the start of a stream to `open`; then IDLE", "s")
    planes_s: float = _bound(
        300.0, 0.01, 86_400, "from `open` or new hints to the last row of a plane; then IDLE", "s"
    )
    tile_s: float = _bound(
        120.0, 0.01, 86_400, "from asking for a tile to its pixels; then IDLE", "s"
    )
    frame_s: float = _bound(
        300.0, 0.01, 86_400, "from the end of a sequence's frames to its next frame; then IDLE", "s"
    )
    write_s: float = _bound(
        60.0, 0.01, 86_400, "for a response that the client does not read; then IDLE", "s"
    )
    run_s: float = _bound(
        300.0,
        0.01,
        86_400,
        "for one run of a model; then MODEL_FAILED, and health is NOT_SERVING until it ends",
        "s",
        "--run-limit",
    )
    load_s: float = _bound(
        300.0,
        0.01,
        86_400,
        "for opening a model; then MODEL_FAILED, for all who wait for it",
        "s",
        "--load-limit",
    )

    def __post_init__(self) -> None:
        for row in list_bounds():
            value = getattr(self, row.name)
            if not row.accept(value):
                raise ValueError(
                    f"{row.name} is {row.write(value)}: "
                    f"{row.write(row.least)} to {row.write(row.most)} are possible."
                )


def list_bounds() -> Iterator[Bound]:
    """Yield every limit, in the order of the page."""
    for each in fields(Limits):
        default: Any = each.default
        yield Bound(name=each.name, default=default, **each.metadata)


def write_table() -> str:
    """Return the limits as the table of docs/server.md."""
    head = "| limit | default | range | option | what is counted |\n|---|---|---|---|---|\n"
    return head + "".join(
        f"| `{row.name}` | {row.write(row.default)} | {row.write(row.least)} to "
        f"{row.write(row.most)} | {f'`{row.option}`' if row.option else '–'} | {row.meaning} |\n"
        for row in list_bounds()
    )


if __name__ == "__main__":
    print(write_table(), end="")
