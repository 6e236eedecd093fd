"""`frisket serve` with limits that no option sets: FRISKET_TRIAL_LIMITS names them as JSON.

With FRISKET_TRIAL_NO_ROOM no file takes a byte, as on a full disk.
"""

import argparse
import asyncio
import dataclasses
import json
import logging
import os
import resource

from frisket.server.app import App, leave_if_stuck
from frisket.server.arguments import add_arguments, configure
from frisket.server.config import Config


async def run(config: Config) -> None:
    app = App(config)
    await app.run(lambda: print(f"frisket serves on {app.target}", flush=True))
    leave_if_stuck(0)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    config = configure(parser.parse_args())
    if os.environ.get("FRISKET_TRIAL_NO_ROOM"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    limits = json.loads(os.environ["FRISKET_TRIAL_LIMITS"])
    own = dataclasses.replace(config.limits, **(limits or {}))
    asyncio.run(run(dataclasses.replace(config, limits=own)))


if __name__ == "__main__":
    main()
