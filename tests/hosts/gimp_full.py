"""A GIMP whose folders for temporary files are full. Runs in GIMP's own Python."""

import sys

sys.path.insert(0, "/lab")
import gimp_kit as kit
import lab_kit


def case_a_full_disk():
    """Nothing of a cutout needs the disk: each kind is exact, and the picture as it was."""
    lab_kit.fill(lab_kit.LAB / "full")
    image, layer = kit.noise(2600, 2600)
    before = kit.green(layer)
    for make in ("mask", "layer", "channel", "selection"):
        kit.good(kit.ANY, image, [layer], make=make)
        assert kit.green(layer) == before, make
    assert kit.values(layer.get_mask()) == before
    copy = next(each for each in image.get_layers() if each.get_name() != "noise")
    assert kit.values(copy.get_mask()) == before
    assert kit.values(image.get_selection()) == before
    assert kit.values(image.get_channels()[0]) == before


kit.run(globals())
