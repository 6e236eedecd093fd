"""What every room of documents agrees on: layers, rectangles, samples, errors."""
