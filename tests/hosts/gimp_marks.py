"""*Put right with strokes* inside GIMP, with a window that nobody sees."""

import gimp_kit as kit
from frisket_gimp import correcting
from frisket_gimp.layers import name_format
from gi.repository import Gimp

from frisket.hosts.planes import multiply
from frisket.hosts.request import CutRequest
from frisket.hosts.scripted import GreenServer


class _Window:
    """Stands in for the window: looks at the image once it is tinted, and finishes."""

    is_cancelled = False

    def __init__(self, look):
        self._look = look
        self.said = []

    def __call__(self, *arguments):
        return self

    def show(self):
        pass

    def close(self):
        pass

    def tell(self, share, text):
        pass

    def warn(self, text):
        pass

    def say(self, text):
        self.said.append(text)

    def wait(self):
        self._look()
        return False


def put_right(image, layer, look=lambda: None, meanwhile=lambda: None):
    """Put a layer right without a stroke.

    Args:
        look: called when the image is tinted.
        meanwhile: called while the server is at work.
    """

    def connect():
        meanwhile()
        return GreenServer().connect()

    real, correcting.StrokeDialog = correcting.StrokeDialog, _Window(look)
    try:
        correcting.Correction(image, layer, CutRequest(), connect).run()
    finally:
        correcting.StrokeDialog = real


def case_strokes_in_deep_images():
    """A layer beyond the canvas, alone and within a selection: tint and mask are right."""
    for precision in (Gimp.Precision.U16_NON_LINEAR, Gimp.Precision.FLOAT_LINEAR):
        for area in ((0, 0, 620, 420), (100, 120, 300, 200)):
            image, layer = kit.noise(700, 500, precision, canvas=(620, 420))
            layer.set_offsets(-50, 30)
            if area[0]:
                image.select_rectangle(Gimp.ChannelOps.REPLACE, *area)
            seen = []
            put_right(image, layer, lambda seen=seen, image=image: seen.append(tinted(image)))
            alpha = memoryview(kit.whole(layer, "R'G'B' u16")).cast("H")[1::3].tolist()
            whole = (-50, 30, 700, 500)
            check_near(seen[0], (0, 0, 620, 420), alpha, whole, area)
            check_near(sixteen(layer.get_mask()), whole, alpha, whole, area if area[0] else whole)


def case_a_mask_is_put_right_beyond_the_selection_too():
    image, layer = kit.noise(700, 500)
    layer.add_mask(layer.create_mask(Gimp.AddMaskType.WHITE))
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 100, 120, 300, 200)
    selected = kit.values(image.get_selection())
    put_right(image, layer)
    assert kit.values(layer.get_mask()) == multiply(kit.green(layer), selected)
    assert kit.values(image.get_selection()) == selected
    assert not image.get_channels()
    assert image.get_selected_layers() == [layer]


def case_the_selection_at_the_beginning_limits_what_is_put_right():
    image, layer = kit.noise(700, 500)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 100, 120, 300, 200)
    selected = kit.values(image.get_selection())
    put_right(image, layer, meanwhile=lambda: Gimp.Selection.none(image))
    assert kit.values(layer.get_mask()) == multiply(kit.green(layer), selected)


def tinted(image):
    return sixteen(image.get_channels()[0])


def sixteen(drawable):
    """The values of a mask or channel with 16 bits."""
    return memoryview(kit.whole(drawable, name_format(drawable, True))).cast("H").tolist()


def check_near(found, place, alpha, whole, limit):
    """Check that values at a place of the canvas are a layer's alpha within a limit, else 0."""
    for at, value in enumerate(found):
        row, column = divmod(at, place[2])
        x, y = column + place[0], row + place[1]
        inside = all(_holds(area, x, y) for area in (whole, limit))
        wanted = alpha[(y - whole[1]) * whole[2] + x - whole[0]] if inside else 0
        assert abs(value - wanted) <= 1, (x, y, value, wanted)


def _holds(area, x, y):
    left, top, width, height = area
    return left <= x < left + width and top <= y < top + height
