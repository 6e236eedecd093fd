"""The work around a session: read a document, matte its layers, write the result."""
