"""One file per way of feeding a model; most families share ``single`` and differ in data."""
