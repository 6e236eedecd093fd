"""One gRPC call as a state machine over h2. Bytes in, bytes out, no I/O here."""

from __future__ import annotations

from collections import deque

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from frisket.client.errors import TransportError
from frisket.client.h2_framing import Deframer, Status, frame, status_from
from frisket.protocol.reasons import Reason

# What the server may send before it is read; larger than any message.
_WINDOW_BYTES = 8 << 20
_FRAME_BYTES = 1 << 20
_PING = b"frisket?"


class Exchange:
    """The only call of one HTTP/2 connection.

    Args:
        headers: what opens the call.
        limit: bytes of the largest message to accept.

    Attributes:
        inbox: messages that have arrived.
        status: how the call ended, once it has.
        answered: whether the peer has said anything in HTTP/2.
    """

    def __init__(self, headers: list[tuple[str, str]], limit: int) -> None:
        config = h2.config.H2Configuration(client_side=True, header_encoding="utf-8")
        self._h2 = h2.connection.H2Connection(config)
        self._h2.initiate_connection()
        # Only as a change of settings do h2's own windows grow with what it announces.
        self._h2.update_settings(
            {
                h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: _WINDOW_BYTES,
                h2.settings.SettingCodes.MAX_FRAME_SIZE: _FRAME_BYTES,
                h2.settings.SettingCodes.ENABLE_PUSH: 0,
            }
        )
        self._h2.increment_flow_control_window(_WINDOW_BYTES)
        self._id = self._h2.get_next_available_stream_id()
        self._h2.send_headers(self._id, headers)
        self._deframer = Deframer(limit)
        self._outbox: deque[memoryview] = deque()
        self._closing = False
        self._unread = 0
        self.inbox: deque[bytes] = deque()
        self.status: Status | None = None
        self.answered = False

    # ------------------------------------------------------------- outbound

    def offer(self, message: bytes) -> None:
        """Queue a message; `output` frames as much as the server's window takes."""
        self._outbox.append(memoryview(frame(message)))

    def close(self) -> None:
        """Half-close, after everything offered."""
        self._closing = True

    def reset(self) -> None:
        """Drop the call."""
        self._outbox.clear()
        if self.status is None:
            self.status = Status("CANCELLED", "", "The call was cancelled.")
            self._h2.reset_stream(self._id, h2.errors.ErrorCodes.CANCEL)

    def ping(self) -> None:
        """Ask the peer for a sign of life; whatever it says is one."""
        self._h2.ping(_PING)

    @property
    def stuck(self) -> bool:
        """Whether something offered waits for the server's window."""
        return bool(self._outbox) and self.status is None

    def output(self) -> bytes:
        """Return the bytes to send now."""
        while self._outbox and self.status is None and self._frame_some():
            pass
        if self._closing and not self._outbox and self.status is None:
            self._closing = False
            self._h2.end_stream(self._id)
        data: bytes = self._h2.data_to_send()
        return data

    def _frame_some(self) -> bool:
        """Move one frame from the outbox into h2; False when the window is shut."""
        part = self._outbox[0]
        window = self._h2.local_flow_control_window(self._id)
        size = min(window, self._h2.max_outbound_frame_size, len(part))
        if size <= 0:
            return False
        self._h2.send_data(self._id, bytes(part[:size]))
        if size == len(part):
            self._outbox.popleft()
        else:
            self._outbox[0] = part[size:]
        return True

    # -------------------------------------------------------------- inbound

    def take(self) -> bytes | None:
        """Return the next message, and let the server send as much again."""
        if not self.inbox:
            return None
        message = self.inbox.popleft()
        if not self.inbox:
            self.acknowledge()
        return message

    def acknowledge(self) -> None:
        """Open the server's window for everything that has arrived."""
        if self._unread and self.status is None:
            self._h2.acknowledge_received_data(self._unread, self._id)
        self._unread = 0

    def absorb(self, data: bytes) -> None:
        """Take in bytes from the server; none means that it is gone."""
        if not data:
            self._end(Status("UNAVAILABLE", "", "The server closed the connection."))
            return
        try:
            events = self._h2.receive_data(data)
            self.answered |= bool(events)
            for event in events:
                self._react(event)
        except h2.exceptions.ProtocolError as error:
            self._end(Status("UNAVAILABLE", "", f"The address is no frisket server ({error})."))
        except TransportError as error:
            self._end(Status(error.code, error.reason, str(error)))

    def _react(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.DataReceived):
            self._unread += event.flow_controlled_length or 0
            self.inbox.extend(self._deframer.feed(event.data or b""))
        elif isinstance(event, (h2.events.ResponseReceived, h2.events.TrailersReceived)):
            status = status_from(dict(event.headers or ()))
            if status:
                self._end(status)
        elif isinstance(event, h2.events.StreamEnded):
            self._end(Status("UNAVAILABLE", "", "The server ended the call without a status."))
        elif isinstance(event, h2.events.StreamReset):
            self._end(_reset_status(event.error_code))
        elif isinstance(event, h2.events.ConnectionTerminated):
            self._terminated(event)

    def _terminated(self, event: h2.events.ConnectionTerminated) -> None:
        # A draining server lets calls finish that it has taken on.
        if event.error_code or (event.last_stream_id or 0) < self._id:
            self._end(Status("UNAVAILABLE", Reason.DRAINING, "The server is shutting down."))

    def _end(self, status: Status) -> None:
        """Keep the first status: what follows a trailer says nothing more."""
        self.status = self.status or status


def _reset_status(code: int | h2.errors.ErrorCodes | None) -> Status:
    codes = h2.errors.ErrorCodes
    if code == codes.CANCEL:
        return Status("CANCELLED", "", "The server cancelled the call.")
    if code == codes.ENHANCE_YOUR_CALM:
        return Status("RESOURCE_EXHAUSTED", Reason.BUSY, "The server asks for fewer calls.")
    if code == codes.REFUSED_STREAM:
        return Status("UNAVAILABLE", "", "The server refused the call.")
    return Status("INTERNAL", "", f"The server broke off the call (HTTP/2 error {code}).")
