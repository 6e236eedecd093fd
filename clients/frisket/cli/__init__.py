"""The frisket command line."""
