"""A client on a socket of its own, which may break every rule above TCP."""

from __future__ import annotations

import contextlib
import socket
import threading

import h2.config
import h2.connection
import h2.settings
from serving import TOKEN

from frisket.v1 import matting_pb2 as pb


class Peer:
    """One `Matte` call, written by hand.

    Args:
        target: host:port.
        window: bytes that the server may send unread; None for the usual 64 KiB.
        token: that the call carries.
    """

    def __init__(self, target: str, window: int | None = None, token: str = TOKEN) -> None:
        host, _, port = target.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), 10)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        self.h2.initiate_connection()
        if window is not None:
            self.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window})
        self.headers = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", "/frisket.v1.MattingService/Matte"),
            (":authority", target),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
            ("authorization", f"Bearer {token}"),
        ]

    def flush(self) -> None:
        """Write what h2 has to say."""
        self.socket.sendall(self.h2.data_to_send())

    def open(self) -> None:
        """Open the call."""
        self.h2.send_headers(1, self.headers)
        self.flush()

    def send(self, *requests: pb.MatteRequest, at_most: int | None = None) -> None:
        """Send requests, or only their first bytes."""
        framed = (one.SerializeToString() for one in requests)
        body = b"".join(b"\0" + len(one).to_bytes(4, "big") + one for one in framed)[:at_most]
        while body:
            room = self.h2.local_flow_control_window(1)
            size = min(len(body), self.h2.max_outbound_frame_size, room)
            if size <= 0:
                self.h2.receive_data(self.socket.recv(65536))
                continue
            self.h2.send_data(1, body[:size])
            body = body[size:]
            self.flush()

    def answer_pings(self) -> None:
        """Keep the connection alive from a thread, and read nothing else of it."""

        def pump() -> None:
            with contextlib.suppress(Exception):
                self.socket.settimeout(None)
                while data := self.socket.recv(65536):
                    self.h2.receive_data(data)
                    self.flush()

        threading.Thread(target=pump, daemon=True).start()

    def reset(self) -> None:
        """Break the connection without a word, by RST."""
        linger = b"\1\0\0\0\0\0\0\0"
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close()

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()
