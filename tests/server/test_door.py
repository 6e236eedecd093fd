"""Strangers stay for a short time, one address has so many connections, and who is known stays."""

from __future__ import annotations

import contextlib
import os
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frisket.server.door import Door, Guest, choose_unwelcome, list_peers, make_peer, read_peer
from frisket.server.limits import Limits

LIMITS = Limits(connections=8, connections_per_address=3, stranger_s=20)
posix = pytest.mark.skipif(os.name != "posix", reason="the system does not list a process's files")


def guest(host: str, port: int, since: float, known: bool = False) -> Guest:
    return Guest(make_peer(host, port), since, known)


def close(guests: list[Guest], limits: Limits = LIMITS, now: float = 20.0) -> list[int]:
    return sorted(one.peer.port for one in choose_unwelcome(guests, limits, now))


def test_a_stranger_has_its_time_and_no_more() -> None:
    guests = [guest("1.1.1.1", 1, 0.0), guest("1.1.1.1", 2, 0.0, known=True)]
    assert close(guests, now=20.0) == []
    assert close(guests, now=20.01) == [1]


def test_of_one_address_the_strangers_that_came_first_go_first() -> None:
    three = [guest("1.1.1.1", port, port) for port in (1, 2)] + [guest("1.1.1.1", 3, 3, known=True)]
    assert close(three) == [], "at the edge all stay"
    assert close([*three, guest("1.1.1.1", 4, 4)]) == [1]
    assert close([*three, guest("2.2.2.2", 4, 4)]) == []


def test_of_one_address_the_known_that_came_last_goes_when_no_stranger_is_left() -> None:
    known = [guest("1.1.1.1", port, port, known=True) for port in range(4)]
    assert close(known[:3]) == []
    assert close(known) == [3]
    assert close([*known, guest("1.1.1.1", 9, 9)]) == [3, 9]


def test_strangers_have_half_of_all_connections_or_what_is_said() -> None:
    many = [guest(f"1.1.1.{host}", host, host) for host in range(5)]
    known = [guest(f"2.1.1.{host}", 9, host, known=True) for host in range(5)]
    assert close(many[:4] + known) == []
    assert close(many + known) == [0]
    assert close(many, Limits(connections=8, strangers=2)) == [0, 1, 2]
    assert close(many, Limits(connections=8, strangers=5)) == []
    assert close([many[0]], Limits(connections=1)) == []


def test_all_of_one_network_of_ipv6_are_one_address() -> None:
    near = [guest(f"2001:db8::{port}", port, port) for port in range(1, 5)]
    assert close(near) == [1]
    assert close([*near[:3], guest("2001:db8:0:1::4", 4, 4)]) == []


guests_of_any_kind = st.builds(
    guest,
    st.sampled_from(["1.1.1.1", "2.2.2.2", "2001:db8::1"]),
    st.integers(1, 65535),
    st.floats(0, 60),
    st.booleans(),
)


@given(st.lists(guests_of_any_kind, max_size=30, unique_by=lambda one: one.peer))
def test_what_stays_is_within_every_limit_and_nobody_goes_twice(guests: list[Guest]) -> None:
    closed = choose_unwelcome(guests, LIMITS, 60.0)
    assert len(set(closed)) == len(closed)
    stay = [one for one in guests if one not in closed]
    for one in stay:
        assert sum(other.peer.origin == one.peer.origin for other in stay) <= 3
        assert one.known or 60.0 - one.since <= 20
    assert sum(not one.known for one in stay) <= 4
    if all(sum(o.peer.origin == one.peer.origin for o in guests) <= 3 for one in guests):
        assert not any(one.known for one in closed)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("ipv4:127.0.0.1:52000", "127.0.0.1", 52000),
        ("ipv6:%5B::1%5D:52000", "::1", 52000),
        ("ipv6:[2001:db8::7]:1", "2001:db8::7", 1),
        ("ipv6:%5Bfe80::1%25eth0%5D:9", "fe80::1", 9),
        ("ipv6:%5B::ffff:10.0.0.1%5D:9", "10.0.0.1", 9),
    ],
)
def test_a_peer_is_read_as_grpc_names_it(text: str, host: str, port: int) -> None:
    assert read_peer(text) == make_peer(host, port)


@pytest.mark.parametrize("text", ["", "unix:/run/x", "ipv4:1.2.3:4", "ipv4:1.2.3.4", "ipv6:x:y"])
def test_what_is_no_address_is_nobody(text: str) -> None:
    assert read_peer(text) is None


@posix
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_real_connections_are_seen_and_those_of_strangers_ended(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.ExitStack() as stack:
        try:
            listener = stack.enter_context(socket.create_server((host, 0), family=family))
        except OSError:
            pytest.skip(f"no address {host} here")
        port, now = listener.getsockname()[1], [0.0]
        door = Door(Limits(stranger_s=5), clock=lambda: now[0])
        ends = [stack.enter_context(socket.create_connection((host, port))) for _ in range(2)]
        for _ in ends:
            stack.enter_context(listener.accept()[0])
        own = [end.getsockname() for end in ends]
        assert set(list_peers(port)) == {make_peer(name[0], name[1]) for name in own}
        kind = "ipv6:%5B::1%5D" if ":" in host else "ipv4:127.0.0.1"
        door.welcome(f"{kind}:{own[1][1]}")
        door.sweep(port)
        now[0] = 5.01
        door.sweep(port)
        ends[0].settimeout(60)
        assert ends[0].recv(1) == b"", "the stranger's end sees the end"
        ends[1].setblocking(False)
        with pytest.raises(BlockingIOError):
            ends[1].recv(1)
