"""Writes the reference of the protocol from the comments of its `.proto` files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from textwrap import dedent

PROTO = Path(__file__).resolve().parents[2] / "proto" / "frisket" / "v1"
HEAD = """# Protocol reference

Written from the comments of the `.proto` files, which are in every installation beside
`frisket.v1`. [Clients in other languages](../clients.md) shows how to use them.
"""
_BLOCK = re.compile(r"(service|message|enum) (\w+) \{(\})?$")
_RPC = re.compile(r"rpc (\w+)\((.+?)\) returns \((.+?)\);?")
_FIELD = re.compile(r"((?:repeated |optional )?[\w.]+) (\w+) = (\d+)[^;]*;$")
_VALUE = re.compile(r"(\w+) = (\d+);$")


@dataclass
class Block:
    """A service, message or enum: its comment, and rows of its members."""

    kind: str
    name: str
    comment: list[str]
    rows: list[tuple[str, ...]] = field(default_factory=list)


def render() -> str:
    """Return the page in Markdown."""
    parts = [HEAD]
    for path in sorted(PROTO.glob("*.proto")):
        parts += _render_file(path.name, path.read_text(encoding="utf-8").splitlines())
    return "\n".join(parts)


def _render_file(name: str, lines: list[str]) -> Iterator[str]:
    start = next(number for number, line in enumerate(lines) if line.startswith("syntax"))
    yield f"## {name}\n"
    yield from _render_opening(line.removeprefix("//")[1:] for line in lines[:start])
    for block in read_blocks(lines[start:]):
        yield f"### {block.kind} {block.name}\n"
        yield _join(block.comment) + "\n"
        yield from _render_rows(block)


def _render_opening(comment: Iterable[str]) -> Iterator[str]:
    """Yield the opening comment: paragraphs, and the indented table of reasons as it is."""
    kinds = groupby(comment, lambda line: "" if not line else "table" if line[0] == " " else "text")
    for kind, lines in kinds:
        if kind:
            text = "\n".join(lines)
            yield f"```text\n{dedent(text)}\n```\n" if kind == "table" else f"{text}\n"


def _render_rows(block: Block) -> Iterator[str]:
    if block.kind == "service":
        for name, request, answer, meaning in block.rows:
            yield f"**{name}**({request}) → {answer}\n\n{meaning}\n"
    elif block.rows:
        heads = ("field", "type", "number") if block.kind == "message" else ("value", "number")
        yield f"| {' | '.join(heads)} | meaning |"
        yield f"|{'---|' * (len(heads) + 1)}"
        yield from (f"| {' | '.join(row)} |" for row in block.rows)
        yield ""


def read_blocks(lines: Iterable[str]) -> Iterator[Block]:
    """Yield the blocks of a file, in order; a `oneof` belongs to its message."""
    comment: list[str] = []
    block: Block | None = None
    for line in map(str.strip, lines):
        if line.startswith("//"):
            comment.append(line.removeprefix("//").strip())
        elif begins := _BLOCK.match(line):
            block = Block(begins[1], begins[2], comment)
            if begins[3]:
                yield block
                block = None
            comment = []
        elif line == "}" and block and block.rows and not _in_oneof(block):
            yield block
            block, comment = None, []
        elif line == "}":
            _leave_oneof(block)
        elif not line:
            comment = []
        elif block:
            comment = _add(block, line, comment)


def _add(block: Block, line: str, comment: list[str]) -> list[str]:
    """Add a member; return the comment that is still to be used."""
    if line.startswith("oneof"):
        block.rows.append(("oneof",))
        return comment
    found = {"service": _RPC, "enum": _VALUE, "message": _FIELD}[block.kind].match(line)
    if not found:
        return comment
    names = found.groups()
    if block.kind == "message":
        names = (names[1], names[0], names[2])
    block.rows.append((f"`{names[0]}`", *names[1:], _join(comment)))
    return []


def _in_oneof(block: Block) -> bool:
    return any(row == ("oneof",) for row in block.rows)


def _leave_oneof(block: Block | None) -> None:
    """Say of the members of a `oneof` that only one of them is set."""
    if block is None:
        return
    at = block.rows.index(("oneof",))
    block.rows[at:] = [
        (*row[:-1], f"{row[-1]} One of these.".strip()) for row in block.rows[at + 1 :]
    ]


def _join(comment: list[str]) -> str:
    """Return a comment as one paragraph that is safe in a table."""
    return " ".join(comment).replace("|", r"\|").replace("<", "&lt;")
