"""Load in a process of its own: load.py TARGET SESSIONS MEGAPIXELS SECONDS QUALITY."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from pathlib import Path

import grpc

sys.path.insert(0, str(Path(__file__).parents[1]))
from trials.kit import Stream, connect, matte, reduce
from trials.pictures import draw


def main() -> None:
    target, sessions, megapixels, seconds, quality = sys.argv[1:]
    end, done = time.monotonic() + float(seconds), []

    def work(number: int) -> None:
        picture = draw(float(megapixels), number % 4)
        proxy = reduce(picture)
        with connect(target) as channel:
            while time.monotonic() < end:
                with contextlib.suppress(grpc.RpcError):
                    matte(Stream(channel), picture, proxy=proxy, quality=int(quality))
                    done.append(number)

    threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(int(sessions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(len(done))


if __name__ == "__main__":
    main()
