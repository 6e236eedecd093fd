"""What the server's memory is spent on: one sum for sessions, pictures, hints and models.

It counts estimates, not what the system says: a request is refused before it works, and what one
gives back another can have at once. There is no I/O, clock or waiting here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from frisket.protocol.reasons import Reason
from frisket.server.errors import ServiceError


class Budget:
    """Counts bytes.

    Models in use are never refused, for a session that holds one and needs another must not
    wait: so the sum may pass the total, and then others are refused until it has sunk.

    Args:
        total: bytes that may be spent; 0 for no limit.

    Attributes:
        reclaim: called with the bytes that are missing before somebody is refused; returns how
            many will be given back at once, for example by models that nobody uses.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self.reclaim: Callable[[int], int] = lambda missing: 0
        self._spent: Counter[str] = Counter()

    @property
    def spent(self) -> int:
        """Bytes that are spent."""
        return self._spent.total()

    def spent_on(self, purpose: str) -> int:
        """Return the bytes spent on one purpose."""
        return self._spent[purpose]

    def left_beside(self, purpose: str) -> int:
        """Return what one purpose may take, itself included; all there is without a limit."""
        if not self.total:
            return 1 << 62
        return max(0, self.total - (self.spent - self._spent[purpose]))

    def state(self, purpose: str, size: int) -> None:
        """Say what a purpose takes now in all, whether or not there is room for it."""
        self._spent[purpose] = size

    def take(self, purpose: str, size: int) -> None:
        """Spend bytes until `give`.

        Raises:
            ServiceError: TOO_LARGE: they can never be had. BUSY: others have them now.
        """
        if self.total and size > self.total:
            raise ServiceError(
                Reason.TOO_LARGE,
                f"This needs about {_mib(size)} MiB of the server's memory, which has "
                f"{_mib(self.total)} to spend: see --memory.",
            )
        missing = self.spent + size - self.total
        if self.total and missing > 0 and self.reclaim(missing) < missing:
            raise ServiceError(
                Reason.BUSY,
                "The server's memory is spent on other work: try again shortly.",
                retry_s=1.0,
            )
        self._spent[purpose] += size

    def give(self, purpose: str, size: int) -> None:
        """Give back what was taken."""
        self._spent[purpose] -= size


def _mib(size: int) -> int:
    return -(-size >> 20)
