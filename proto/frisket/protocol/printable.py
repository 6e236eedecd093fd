"""Text of strangers, made fit for a terminal and a log."""

from __future__ import annotations


def make_printable(text: str, limit: int = 0, keep: str = "") -> str:
    """Return a text without what would steer a terminal, each such character as a question mark.

    Args:
        text: from a file or a peer.
        limit: characters to keep at most; 0 for all.
        keep: characters to let through all the same.
    """
    plain = "".join(each if each.isprintable() or each in keep else "?" for each in text)
    return plain[: limit - 1] + "…" if limit and len(plain) > limit else plain
