"""What a server's metrics say: read over HTTP, parsed, and compared with what they said before.

Nothing that comes is trusted: its length is bounded, and its texts are shown without control
characters. Needs prometheus-client.
"""

from __future__ import annotations

import contextlib
import http.client
import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from frisket.client.errors import ClientError
from frisket.extras import advise_install
from frisket.protocol.printable import make_printable

HOST = "127.0.0.1"
_PATH = "/metrics"
_PREFIX = "frisket_"
_MOST_BYTES = 4 << 20
_PATIENCE_S = 10.0

Labels = tuple[str, ...]


class NoMetrics(ClientError):
    """There are no metrics to read; the text says why and what to do."""


@dataclass(frozen=True)
class Durations:
    """A histogram.

    Attributes:
        count: observations.
        total: their sum.
        buckets: counts of observations up to a bound, by the bound.
    """

    count: float = 0.0
    total: float = 0.0
    buckets: Mapping[float, float] = field(default_factory=dict)

    def since(self, before: Durations) -> Durations:
        """Return what came after an earlier reading; all of it where the server began anew."""
        if before.count > self.count:
            return self
        left = {bound: n - before.buckets.get(bound, 0.0) for bound, n in self.buckets.items()}
        return Durations(self.count - before.count, self.total - before.total, left)

    @property
    def mean(self) -> float:
        """The mean; not a number without observations."""
        return self.total / self.count if self.count else math.nan

    def quantile(self, share: float) -> float:
        """Return the value that a share of the observations does not exceed, at most.

        Between two bounds it is interpolated, above the last one it is that; not a number
        without observations.
        """
        wanted, below, lower = share * self.count, 0.0, 0.0
        for bound, count in sorted(self.buckets.items()):
            if count >= wanted and count > below:
                if math.isinf(bound):
                    return lower
                return lower + (bound - lower) * (wanted - below) / (count - below)
            below, lower = count, bound
        return math.nan


@dataclass(frozen=True)
class Reading:
    """Metrics at a moment, by name and by the values of their labels.

    Attributes:
        values: gauges and counters.
        durations: histograms.
    """

    values: Mapping[str, Mapping[Labels, float]]
    durations: Mapping[str, Mapping[Labels, Durations]]

    def value(self, name: str) -> float:
        """Return a metric without labels; 0 where there is none."""
        return self.values.get(name, {}).get((), 0.0)

    def since(self, before: Reading) -> Reading:
        """Return the same with what came after an earlier reading only, in histograms."""
        found = {
            name: {
                labels: one.since(before.durations.get(name, {}).get(labels, Durations()))
                for labels, one in rows.items()
            }
            for name, rows in self.durations.items()
        }
        return Reading(self.values, found)


def fetch(port: int) -> Reading:
    """Return what a server on this machine says of itself.

    Args:
        port: that it was given with `--metrics`.

    Raises:
        NoMetrics: nothing answers there, or no frisket; or prometheus-client is missing.
    """
    return parse(_fetch_text(port))


def _fetch_text(port: int) -> str:
    try:
        with contextlib.closing(http.client.HTTPConnection(HOST, port, _PATIENCE_S)) as connection:
            connection.request("GET", _PATH)
            answer = connection.getresponse()
            text = answer.read(_MOST_BYTES + 1)
    except http.client.HTTPException as error:
        raise _is_stranger(port) from error
    except OSError as error:
        raise NoMetrics(
            f"Nothing answers on port {port} of {HOST} ({error.strerror or 'not in time'}): "
            "give the PORT of 'frisket serve --metrics PORT'."
        ) from error
    if answer.status != http.client.OK or len(text) > _MOST_BYTES:
        raise _is_stranger(port)
    return text.decode(errors="replace")


def parse(text: str) -> Reading:
    """Return what a text of Prometheus says of frisket.

    Raises:
        NoMetrics: it is none, or says nothing of a server; or prometheus-client is missing.
    """
    try:
        from prometheus_client.parser import text_string_to_metric_families
    except ImportError as error:
        advice = advise_install("metrics")
        raise NoMetrics(f"Reading metrics needs prometheus-client; {advice}") from error
    values: dict[str, dict[Labels, float]] = defaultdict(dict)
    durations: dict[str, dict[Labels, Durations]] = defaultdict(dict)
    try:
        for family in text_string_to_metric_families(text):
            if not family.name.startswith(_PREFIX):
                continue
            for one in family.samples:
                if family.type == "histogram":
                    _add(
                        durations[make_printable(family.name)],
                        one.name,
                        dict(one.labels),
                        one.value,
                    )
                else:
                    values[one.name][_list_values(one.labels)] = one.value
    except (ValueError, KeyError, IndexError) as error:
        raise NoMetrics(
            f"These are no metrics of Prometheus: {make_printable(str(error))}."
        ) from error
    if f"{_PREFIX}server_info" not in values:
        raise NoMetrics("These are no metrics of a frisket server.")
    return Reading(values, durations)


def _add(rows: dict[Labels, Durations], name: str, labels: dict[str, str], value: float) -> None:
    """Add one sample to the histogram that it is of."""
    bound = labels.pop("le", "")
    key = _list_values(labels)
    row = rows.get(key, Durations())
    if name.endswith("_count"):
        row = Durations(value, row.total, row.buckets)
    elif name.endswith("_sum"):
        row = Durations(row.count, value, row.buckets)
    elif name.endswith("_bucket"):
        row = Durations(row.count, row.total, {**row.buckets, float(bound): value})
    rows[key] = row


def _list_values(labels: Mapping[str, str]) -> Labels:
    """Return the values of labels, in the order of their names."""
    return tuple(make_printable(labels[name]) for name in sorted(labels))


def _is_stranger(port: int) -> NoMetrics:
    return NoMetrics(
        f"What answers on port {port} of {HOST} tells no metrics: give the PORT of 'frisket serve "
        "--metrics PORT'."
    )
