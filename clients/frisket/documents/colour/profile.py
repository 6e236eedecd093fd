"""ICC profiles by LittleCMS: to sRGB, and from sRGB to inks."""

from __future__ import annotations

import io

import numpy as np

from ..core.pixels import Pixels

#: Channels of the modes that profiles are for.
CHANNELS = {"RGB": 3, "GRAY": 1, "CMYK": 4}
_PILLOW = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}


class Transform:
    """One transform of colours: Pillow for 8 bits, imagecodecs for 16.

    Args:
        modes: From which mode to which.
        profiles: Their profiles, in the same order.
    """

    def __init__(self, modes: tuple[str, str], profiles: tuple[bytes, bytes]) -> None:
        from PIL import ImageCms

        self._modes, self._profiles = modes, profiles
        first, last = (ImageCms.ImageCmsProfile(io.BytesIO(one)) for one in profiles)
        for mode, one in zip(modes, (first, last), strict=True):
            if one.profile.xcolor_space.strip() != mode:
                raise ValueError("profile of another colour space")
        self._eight = ImageCms.buildTransform(
            first, last, _PILLOW[modes[0]], _PILLOW[modes[1]],
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
        )  # fmt: skip

    def __call__(self, values: Pixels) -> Pixels:
        """Return (h, w, channels) of (h, w, channels), uint8 or uint16."""
        return self._convert_8(values) if values.dtype == np.uint8 else self._convert_16(values)

    def _convert_8(self, values: Pixels) -> Pixels:
        from PIL import Image, ImageCms

        mode = self._modes[0]
        values = np.ascontiguousarray(values if CHANNELS[mode] > 1 else values[..., 0])
        height, width = values.shape[:2]
        image = Image.frombuffer(
            _PILLOW[mode], (width, height), bytes(values.data), "raw", _PILLOW[mode], 0, 1
        )
        result = ImageCms.applyTransform(image, self._eight)
        assert result is not None
        return np.asarray(result)

    def _convert_16(self, values: Pixels) -> Pixels:
        import imagecodecs

        into = self._modes[1]
        result: Pixels = imagecodecs.cms_transform(
            np.ascontiguousarray(values),
            *self._profiles,
            colorspace=self._modes[0].lower(),
            outcolorspace=into.lower(),
            outdtype="uint16",
            intent=1,
        )
        return result.reshape(*values.shape[:2], CHANNELS[into])


def build_transform(icc: bytes, mode: str) -> Transform | None:
    """Return what leads to sRGB; None for a damaged or unfit profile, and for sRGB itself."""
    try:
        transform = Transform((mode, "RGB"), (icc, make_srgb()))
        if mode == "RGB" and _is_identity(transform):
            return None
    except Exception:  # a damaged profile raises whatever its parser met first
        return None
    return transform


def find_fault(icc: bytes | None, mode: str) -> str:
    """Return what is wrong with a profile, or nothing.

    Args:
        icc: the profile; None is not wrong.
        mode: of the samples that it is for.
    """
    if icc is None:
        return ""
    try:
        Transform((mode, "RGB"), (icc, make_srgb()))
    except Exception:  # a damaged profile raises whatever its parser met first
        return "its colour profile is damaged or is not for its colours"
    return ""


def build_ink_transform(icc: bytes) -> Transform | None:
    """Return what leads from sRGB to a profile's inks; None where the profile has no such way."""
    try:
        return Transform(("RGB", "CMYK"), (make_srgb(), icc))
    except Exception:  # as above
        return None


def make_srgb() -> bytes:
    """Return a profile of sRGB."""
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _is_identity(transform: Transform) -> bool:
    """Tell whether sRGB comes out as it went in, to within one level."""
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(27, 27, 3)
    off = np.abs(transform(grid).astype(int) - grid)
    return int(off.max()) <= 1
