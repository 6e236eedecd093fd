"""The matting server."""
