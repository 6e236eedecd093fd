"""A GIMP whose folders for temporary files are full. Runs in GIMP's own Python."""

import sys

sys.path.insert(0, "/lab")
import gimp_kit
from gimp_kit import ANY, good, green, noise, values


def case_a_full_disk():
    """Nothing of a cutout needs the disk: each kind is exact, and the picture as it was."""
    fill()
    image, layer = noise(2600, 2600)
    before = green(layer)
    for make in ("mask", "layer", "channel", "selection"):
        good(ANY, image, [layer], make=make)
        assert green(layer) == before, make
    assert values(layer.get_mask()) == before
    copy = next(each for each in image.get_layers() if each.get_name() != "noise")
    assert values(copy.get_mask()) == before
    assert values(image.get_selection()) == before
    assert values(image.get_channels()[0]) == before


def fill():
    """Leave no byte free where GIMP and GEGL put what has no room in memory."""
    with open("/lab/full/rest", "wb", buffering=0) as file:
        try:
            while file.write(bytes(1 << 16)):
                pass
        except OSError:
            return
    raise AssertionError("the disk is not full")


gimp_kit.run(globals())
