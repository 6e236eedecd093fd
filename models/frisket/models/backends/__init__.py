"""What runs a graph. ONNX Runtime is imported in one file of this room only."""
