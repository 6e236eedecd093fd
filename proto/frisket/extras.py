"""How to install what only an extra of frisket brings; every room may say it."""

from __future__ import annotations


def advise_install(extra: str) -> str:
    """Return what to do when a package of an extra is missing, as the end of a sentence.

    frisket is installed from its checkout: on package indexes its name is another project's.
    """
    return f"run in frisket's checkout: pip install '.[{extra}]'"
