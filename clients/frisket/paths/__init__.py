"""Outlines of mattes: contours, Bézier paths, clipping paths and cut lines."""
