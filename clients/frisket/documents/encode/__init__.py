"""Encoders of plain image files, which know nothing of documents."""
