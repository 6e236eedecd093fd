"""What client and server must agree on beside the messages: each fact stands here once.

Standard library only, so that the session can run inside GIMP's and Krita's own Python.
"""
