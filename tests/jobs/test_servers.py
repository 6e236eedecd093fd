"""Several servers: one that answers and has room is chosen, and another after a loss."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent import futures
from contextlib import ExitStack, contextmanager

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from ports import refuse

from frisket.client.address import Address
from frisket.client.errors import NoServer, TransportError
from frisket.jobs.servers import Servers, expand, split_targets
from frisket.protocol.methods import GET_CAPABILITIES
from frisket.v1 import matting_pb2 as pb


class Stand:
    """A server that says what it is told to say of itself, and counts who asks."""

    def __init__(self, version: str = "1", sessions: int = 0, refusal: str = "") -> None:
        self.version, self.sessions, self.refusal = version, sessions, refusal
        self.asked = 0
        self.health = health.HealthServicer()
        self.health.set("", health_pb2.HealthCheckResponse.SERVING)

    def answer(self, _: bytes, context: grpc.ServicerContext) -> bytes:
        self.asked += 1
        if self.refusal:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, self.refusal)
        facts = pb.GetCapabilitiesResponse(
            server_version=self.version, sessions=self.sessions, max_sessions=10
        )
        return facts.SerializeToString()


@contextmanager
def serving(*stands: Stand) -> Iterator[list[Address]]:
    with ExitStack() as stack:
        addresses = []
        for stand in stands:
            server = grpc.server(futures.ThreadPoolExecutor(2))
            service, method = GET_CAPABILITIES[1:].split("/")
            handler = grpc.unary_unary_rpc_method_handler(stand.answer)
            generic = grpc.method_handlers_generic_handler(service, {method: handler})
            server.add_generic_rpc_handlers((generic,))
            health_pb2_grpc.add_HealthServicer_to_server(stand.health, server)
            addresses.append(Address(f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"))
            server.start()
            stack.callback(lambda server=server: server.stop(None).wait(5))
        yield addresses


def find_chosen(servers: Servers, *stands: Stand) -> list[int]:
    """Return which server is chosen: how often each is asked on the connection that is opened."""
    transport = servers.open()
    before = [stand.asked for stand in stands]
    transport.unary(GET_CAPABILITIES, b"", 5)
    transport.close()
    return [stand.asked - ahead for stand, ahead in zip(stands, before, strict=True)]


def test_a_list_names_each_server_once() -> None:
    assert split_targets(" a:1, b:2 ,,a:1,") == ("a:1", "b:2")
    assert split_targets("") == ()


def test_the_one_with_the_most_room_is_chosen_and_a_lost_one_avoided() -> None:
    full, free = Stand(sessions=9), Stand(sessions=1)
    with serving(full, free) as addresses:
        servers = Servers(addresses)
        assert find_chosen(servers, full, free) == [0, 1]
        servers.lose()
        assert find_chosen(servers, full, free) == [1, 0]
        servers.lose()
        assert find_chosen(servers, full, free) == [0, 1], "where all were lost all are asked"


def test_who_drains_or_does_not_answer_is_passed_over() -> None:
    leaves, stays = Stand(), Stand(sessions=9)
    leaves.health.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
    with serving(leaves, stays) as addresses, refuse() as dead:
        assert find_chosen(Servers([Address(dead), *addresses]), leaves, stays) == [0, 1]


def test_a_server_of_another_version_in_the_list_is_one_sentence() -> None:
    with serving(Stand("1"), Stand("2")) as addresses:
        with pytest.raises(NoServer) as caught:
            Servers(addresses).open()
        assert all(word in str(caught.value) for word in ("version 2", "has 1,", "one version"))


def test_a_server_that_came_back_with_another_version_is_not_used() -> None:
    one, two = Stand("1", sessions=0), Stand("1", sessions=5)
    with serving(one, two) as addresses:
        servers = Servers(addresses)
        servers.open().close()
        one.version = "2"
        assert find_chosen(servers, one, two) == [0, 1]
        two.version = "2"
        with pytest.raises(NoServer, match="used was 1"):
            servers.open()


def test_where_none_answers_all_are_named() -> None:
    with refuse() as one, refuse() as two:
        with pytest.raises(NoServer) as caught:
            Servers([Address(one), Address(two)]).open()
        assert one in str(caught.value)
        assert two in str(caught.value)


def test_a_refusal_says_more_than_silence() -> None:
    with serving(Stand(refusal="wrong token")) as [address], refuse() as dead:
        servers = Servers([Address(dead), address])
        with pytest.raises(TransportError, match="wrong token"):
            servers.open()


def test_one_server_is_not_asked_ahead() -> None:
    stand = Stand()
    with serving(stand) as addresses:
        Servers(addresses).open().close()
        assert stand.asked == 0


def test_a_name_with_several_addresses_is_several_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(host: str, port: int, type: int) -> list[tuple[object, ...]]:
        kinds = {"two": ["10.0.0.1", "10.0.0.2", "10.0.0.1"], "one": ["10.0.0.1"]}
        found = [(socket.AF_INET, type, 6, "", (each, port)) for each in kinds[host]]
        return [*found, (socket.AF_INET6, type, 6, "", ("::1", port, 0, 0))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    found = expand(Address("two:7", "token", True))
    assert [(one.target, one.certified_name) for one in found] == [
        ("10.0.0.1:7", "two"),
        ("10.0.0.2:7", "two"),
    ]
    assert expand(Address("one:7")) == [Address("one:7")], "both kinds of one address are one"
