"""Starts a server: `frisket serve`, or `python -m frisket.server`.

What a server needs is imported only after it is known to be there, so that a part that is
missing is named in a sentence.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from frisket.server.arguments import add_arguments, configure
from frisket.server.config import Config, ConfigError, check
from frisket.server_needs import explain_lack
from frisket.token_file import BadToken, is_exposed, make_token

EXIT_OK, EXIT_REFUSED = 0, 7


def serve(arguments: argparse.Namespace) -> int:
    """Run a server, or write its token, and return the exit status."""
    if arguments.make_token is not None:
        return _make_token(arguments.make_token)
    if lack := explain_lack():
        return _refuse(lack)
    from frisket.server.errors import ServiceError

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        config = configure(arguments)
        check(config)
        _warn(config, arguments.token_file)
        asyncio.run(_run(config))
    except (ConfigError, ServiceError) as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        pass
    return EXIT_OK


async def _run(config: Config) -> None:
    # Imported late: a refused configuration should not cost the import of gRPC.
    from frisket.protocol.heap import empty_the_heap, return_what_is_freed
    from frisket.server.app import App, leave_if_stuck

    return_what_is_freed()
    imports = ThreadPoolExecutor(thread_name_prefix="import")
    asyncio.get_running_loop().set_default_executor(imports)
    app = App(config)
    empty_the_heap()
    await app.run(lambda: _say_ready(app.target))
    # The loop would do it only when this has ended, and threads that rest would look busy.
    imports.shutdown(wait=False)
    leave_if_stuck(EXIT_OK)


def _say_ready(target: str) -> None:
    with contextlib.suppress(OSError):  # nobody reads it, or its disk is full; the log says it too
        print(f"frisket serves on {target}", flush=True)


def _make_token(path: Path) -> int:
    try:
        make_token(path)
    except BadToken as error:
        return _refuse(str(error))
    print(f"A new token is in {path}: give the file to --token-file here and on the clients.")
    return EXIT_OK


def _warn(config: Config, token_file: Path | None) -> None:
    if not config.access.closed:
        print("frisket: no token is set; any program on this machine may call", file=sys.stderr)
    if token_file is not None and is_exposed(token_file):
        print(
            f"frisket: every user of this machine can read the token in {token_file}; "
            f"run: chmod 600 {token_file}",
            file=sys.stderr,
        )


def _refuse(sentence: str) -> int:
    print(f"frisket: {sentence}", file=sys.stderr)
    return EXIT_REFUSED


def main() -> int:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="frisket serve", description="Start a frisket server.")
    add_arguments(parser)
    return serve(parser.parse_args())
