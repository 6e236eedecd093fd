"""A camera for other programs that shows what is seen here, where pyvirtualcam is installed."""

from __future__ import annotations

from typing import Any

from frisket.documents import OutputError
from frisket.live.camera import Camera, Picture


class VirtualCamera:
    """A camera that other programs find; a context. pyvirtualcam is GPL and no part of frisket.

    Args:
        camera: whose size it has.
        rate: pictures a second that it announces.

    Raises:
        OutputError: pyvirtualcam is not installed, or finds no device.
    """

    def __init__(self, camera: Camera, rate: float = 30.0) -> None:
        try:
            import pyvirtualcam
        except ImportError:
            raise OutputError(
                "the virtual camera", "needs pyvirtualcam, which is not installed",
                advice="pip install pyvirtualcam (GPL)",
            ) from None  # fmt: skip
        try:
            self._camera: Any = pyvirtualcam.Camera(camera.width, camera.height, rate)
        except RuntimeError as error:
            raise OutputError("the virtual camera", f"cannot be opened ({error})") from None
        self.name = str(self._camera.device)

    def __enter__(self) -> VirtualCamera:
        return self

    def __exit__(self, *exception: object) -> None:
        self._camera.close()

    def show(self, picture: Picture) -> None:
        """Show a picture (height, width, 3) RGB."""
        self._camera.send(picture)
