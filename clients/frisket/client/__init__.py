"""The client's side of the protocol: session (no I/O), transports, discovery of a local server.

Standard library, protobuf and h2 only: this room runs inside GIMP's and Krita's own Python.
"""
