"""Bytes: bounded reading, copying, edits, and output that is whole or not there."""
