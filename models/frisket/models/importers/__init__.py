"""Graphs of other formats, turned into ONNX when they are opened; the file itself is kept."""
