"""A live camera: camera (pictures) → line (in order) ← matting (a server) → stage → page."""
