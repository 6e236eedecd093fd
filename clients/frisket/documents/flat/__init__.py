"""Images without layers: what Pillow reads, and camera raw files."""
