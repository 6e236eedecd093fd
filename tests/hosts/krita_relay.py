"""A relay to a server, as a router is: what it forgets stays open, and nothing arrives any more.

A process of its own, so that a busy host does not slow it down. usage: krita_relay.py HOST PORT.
Its first line of output is its own port. To each line of input it answers with how many
connections it has carried, and forgets them all; it ends with its input.
"""

import socket
import sys
import threading

KNOWN, CARRIED = set(), []


def accept(listener, target):
    while True:
        near, _ = listener.accept()
        far = socket.create_connection(target)
        number = len(CARRIED)
        CARRIED.append((near, far))
        KNOWN.add(number)
        for one, other in ((near, far), (far, near)):
            threading.Thread(target=carry, args=(number, one, other), daemon=True).start()


def carry(number, one, other):
    try:
        while data := one.recv(1 << 16):
            if number in KNOWN:
                other.sendall(data)
        if number in KNOWN:
            other.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def main(host, port):
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=accept, args=(listener, (host, int(port))), daemon=True).start()
    for _line in sys.stdin:
        KNOWN.clear()
        print(len(CARRIED), flush=True)


main(*sys.argv[1:])
