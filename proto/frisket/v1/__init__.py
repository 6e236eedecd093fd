"""The generated messages and services of the frisket.v1 protocol."""
