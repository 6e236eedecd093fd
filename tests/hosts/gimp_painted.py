"""What an artist says of the subject inside GIMP: strokes, selections, paths, edges."""

import gimp_kit as kit
from frisket_gimp.cut import Cut, cut_all
from frisket_gimp.layers import LayerReader, Stencil, find_selection
from frisket_gimp.paint import Progress
from gi.repository import Gegl, Gimp, Gio

from frisket.hosts.planes import multiply
from frisket.hosts.request import CutRequest
from frisket.hosts.scripted import GreenServer
from frisket.protocol.grid import TileRect

# What `remember_marked` of the plug-in writes.
MARKED = "frisket-marked-layer"


def case_the_selection_as_a_hint_does_not_limit_the_result():
    for use in ("box", "prior", "guess"):
        image, layer = kit.noise(700, 500)
        image.select_ellipse(Gimp.ChannelOps.REPLACE, 200, 120, 200, 200)
        kit.good(kit.SELECTION, image, [layer], selection_use=use, model=f"hint-{use}")
        assert kit.values(layer.get_mask()) == kit.green(layer), use


def case_a_mask_is_replaced_beyond_the_selection_too():
    """What it held before stays nowhere, and a soft selection counts once."""
    for use, limits in (("", True), ("box", False), ("prior", False), ("guess", False)):
        image, layer, selected = _masked_and_selected()
        name = kit.SELECTION if use else kit.SUBJECT
        use = {"selection_use": use} if use else {}
        kit.good(name, image, [layer], existing="replace", model="replaced", **use)
        wanted = kit.green(layer)
        wanted = multiply(wanted, selected) if limits else wanted
        assert kit.values(layer.get_mask()) == wanted, use
        _check_kept(image, layer, selected)


def case_a_mask_is_refined_within_the_selection():
    image, layer, selected = _masked_and_selected()
    # A script's own way of selecting is not used to give the selection back.
    Gimp.context_set_feather(True)
    kit.good(kit.REFINE, image, [layer], model="refined")
    Gimp.context_set_feather(False)
    assert kit.values(layer.get_mask()) == multiply(kit.green(layer), selected)
    _check_kept(image, layer, selected)


def case_the_selection_counts_that_was_there_at_first():
    """GIMP's user goes on working: something else is selected before the first tile comes."""
    for use in ("", "prior"):
        image, layer = kit.noise(700, 500)
        other = layer.copy()
        image.insert_layer(other, None, 0)
        image.select_rectangle(Gimp.ChannelOps.REPLACE, 100, 120, 300, 200)
        selected = kit.values(image.get_selection())

        def connect(image=image):
            Gimp.Selection.none(image)
            return GreenServer().connect()

        cut_all(image, [layer, other], CutRequest(selection_use=use), connect)
        assert Gimp.Selection.is_empty(image)
        wanted = kit.green(layer) if use else multiply(kit.green(layer), selected)
        assert kit.values(layer.get_mask()) == kit.values(other.get_mask()) == wanted, use


def case_the_mask_counts_that_was_there_at_first():
    """It is painted on while what it is to be intersected with arrives."""
    image, layer, _ = _masked_and_selected()
    before, alpha = kit.values(layer.get_mask()), kit.green(layer)
    request = CutRequest(existing="intersect")
    painter = Cut(image, layer, request, None, Progress()).make_painter()
    buffer = layer.get_mask().get_buffer()
    for y in (0, 250):
        painter.paint(TileRect(0, y, 700, 250), alpha[700 * y : 700 * (y + 250)], True)
        buffer.set_color(kit.rectangle(0, 0, 700, 500), Gegl.Color.new("white"))
        buffer.flush()
    painter.finish()
    assert kit.values(layer.get_mask()) == multiply(alpha, before)


def case_masks_and_selections_are_reduced_right():
    """Proxies are rounded up along their shorter side: all of the lower half is white."""
    for width, height in ((300, 6000), (100, 8000), (2, 6000), (6000, 4000)):
        for x, y in ((0, 0), (40, 200)):
            image, layer = kit.noise(width, height, canvas=(width + 2 * x, height + 2 * y))
            layer.set_offsets(x, y)
            area = 0, y + height // 2, width + 2 * x, height
            image.select_rectangle(Gimp.ChannelOps.REPLACE, *area)
            layer.add_mask(layer.create_mask(Gimp.AddMaskType.SELECTION))
            spec = LayerReader(layer, False).spec
            middle = spec.proxy_height // 2
            for seen in (Stencil.of(layer.get_mask()), find_selection(image, layer)):
                rows = seen.reduce(spec)
                assert len(rows) == spec.proxy_width * spec.proxy_height
                assert not any(rows[: (middle - 4) * spec.proxy_width]), (width, height, x)
                assert set(rows[(middle + 4) * spec.proxy_width :]) == {255}, (width, height, x)


def _masked_and_selected():
    """An image, its layer with a mask half white, and the values of a soft selection."""
    image, layer = kit.noise(700, 500)
    layer.add_mask(layer.create_mask(Gimp.AddMaskType.BLACK))
    buffer = layer.get_mask().get_buffer()
    buffer.set_color(kit.rectangle(0, 0, 350, 500), Gegl.Color.new("white"))
    buffer.flush()
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 100, 120, 400, 200)
    Gimp.Selection.feather(image, 20)
    return image, layer, kit.values(image.get_selection())


def _check_kept(image, layer, selected):
    assert kit.values(image.get_selection()) == selected
    assert not image.get_channels()
    assert image.get_selected_layers() == [layer]


def case_strokes_are_hints():
    image, layer = kit.noise(700, 500, canvas=(800, 600))
    layer.set_offsets(40, 20)
    marks = kit.strokes(image, ("rgb(0,0.8,0)", (140, 120, 100, 60)), ("red", (500, 320, 50, 40)))
    kit.good(kit.SUBJECT, image, [layer], model="strokes")
    kit.check_mask(layer)
    assert marks.get_mask() is None


def case_strokes_in_images_of_other_kinds():
    """Of 16 bits and of floats; one without colours is marked in white and black."""
    colours = ("rgb(0,0.8,0)", "red")
    for precision, (kept, gone) in (
        (Gimp.Precision.U16_LINEAR, colours),
        (Gimp.Precision.FLOAT_LINEAR, colours),
        (Gimp.Precision.U8_NON_LINEAR, ("white", "black")),
    ):
        image, layer = kit.noise(300, 200, precision)
        if kept == "white":
            image.convert_grayscale()
        kit.strokes(image, (kept, (40, 40, 60, 40)), (gone, (200, 120, 50, 40)))
        kit.good(kit.SUBJECT, image, [layer], model=f"strokes-{precision.value_nick}")


def case_an_indexed_image_takes_no_strokes():
    from frisket_gimp.marking import Marking

    from frisket.hosts.request import Refused

    image, layer = kit.noise(300, 200)
    image.convert_indexed(
        Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 64, False, False, ""
    )
    try:
        Marking(image, layer).begin()
    except Refused as error:
        assert "Change it to RGB" in str(error)
    else:
        raise AssertionError("it took strokes")
    assert image.get_layers() == [layer]
    assert not image.get_channels()


def case_strokes_in_other_colours_are_answered():
    image, layer = kit.noise(700, 500)
    kit.strokes(image, ("black", (140, 120, 100, 60)))
    kit.refused("Only two colours count", kit.SUBJECT, image, [layer])
    assert layer.get_mask() is None


def case_strokes_beside_the_layer_say_nothing():
    image, layer = kit.noise(300, 200, canvas=(900, 600))
    kit.strokes(image, ("red", (600, 400, 100, 60)))
    kit.good(kit.SUBJECT, image, [layer], model="strokes-beside")
    kit.check_mask(layer)


def case_strokes_beside_the_layer_are_answered_while_one_paints():
    from frisket_gimp.marks import Picture, explain_strokes

    image, layer = kit.noise(300, 200, canvas=(900, 600))
    said = []
    for place in (None, (600, 400, 100, 60), (600, 400, 200, 60), (50, 50, 30, 30)):
        marks = kit.strokes(image, *([("red", place)] if place else []))
        said.append(explain_strokes(Picture(marks, layer), marks, layer))
        image.remove_layer(marks)
    beside = "Your strokes lie outside the layer 'noise'. Paint over its picture."
    assert said == ["", beside, beside, ""], said


def case_a_copy_is_read_when_its_layer_is_gone():
    """What *Put right with strokes* reads, whatever becomes of the layer."""
    from frisket_gimp.layers import LayerReader, copy_layer, is_deep, make_hidden

    from frisket.protocol.grid import TileRect

    whole = TileRect(0, 0, 300, 200)
    for precision in (Gimp.Precision.U8_NON_LINEAR, Gimp.Precision.U16_LINEAR):
        for change in (lambda image: None, Gimp.Image.convert_grayscale):
            image, layer = kit.noise(300, 200, precision)
            change(image)
            group = Gimp.GroupLayer.new(image, "group")
            image.insert_layer(group, None, 0)
            image.insert_layer(layer.copy(), group, 0)
            hidden = make_hidden(image, (300, 200))
            for each in (layer, group):
                before = LayerReader(each, is_deep(image)).read_tile(whole)
                copy = copy_layer(each, hidden)
                image.remove_layer(each)
                assert LayerReader(copy, is_deep(image)).read_tile(whole) == before, precision


def case_only_the_strokes_are_selected():
    image, _ = kit.noise(300, 200)
    marks = kit.strokes(image, ("red", (10, 10, 20, 20)))
    kit.refused("Only the strokes are selected", kit.SUBJECT, image, [marks])
    # A file may hold anything where the marked layer is noted.
    for text in (b"", b"one", b"-1", b"4294967296", b"9" * 5000, str(marks.get_tattoo()).encode()):
        marks.attach_parasite(Gimp.Parasite.new(MARKED, 1, text))
        kit.refused("Only the strokes are selected", kit.SUBJECT, image, [marks])


def case_an_image_is_saved_with_strokes_in_it():
    """Opened again, its strokes still know the layer that they mark, and count."""
    image, layer = kit.noise(300, 200)
    before = kit.green(layer)
    marks = kit.strokes(image, ("rgb(0,0.8,0)", (40, 40, 60, 40)))
    marks.attach_parasite(Gimp.Parasite.new(MARKED, 1, str(layer.get_tattoo()).encode()))
    file = Gio.File.new_for_path("/lab/strokes.xcf")
    assert Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file, None)
    image.delete()
    again = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
    marks, layer = again.get_layers()
    kit.good(kit.SUBJECT, again, [marks], model="strokes-saved")
    assert kit.values(layer.get_mask()) == before
    assert marks.get_mask() is None


def case_anchors_of_a_path_are_points():
    image, layer = kit.noise(700, 500)
    kit.refused("No path is selected", kit.SUBJECT, image, [layer], use_path=True)
    path = Gimp.Path.new(image, "path")
    image.insert_path(path, None, 0)
    image.set_selected_paths([path])
    anchors = [(100.0, 50.0), (300.0, 250.0), (9000.0, 10.0)]
    numbers = [number for x, y in anchors for number in (x - 9, y, x, y, x + 9, y)]
    path.stroke_new_from_points(Gimp.PathStrokeType.BEZIER, numbers, False)
    kit.good(kit.SUBJECT, image, [layer], use_path=True, model="points")
    kit.check_mask(layer)


def case_a_refined_mask_has_a_width():
    image, layer = kit.noise(800, 600)
    mask = layer.create_mask(Gimp.AddMaskType.BLACK)
    layer.add_mask(mask)
    buffer = mask.get_buffer()
    buffer.set_color(kit.rectangle(0, 0, 400, 600), Gegl.Color.new("white"))
    buffer.flush()
    kit.good(kit.REFINE, image, [layer], width=60.0, model="wide")
    kit.check_mask(layer)


def case_edge_controls_reach_the_server():
    image, layer = kit.noise(300, 200)
    controls = {"contrast": 0.5, "smooth": 0.25, "fill_holes": 0.75, "drop_specks": 1.0}
    kit.good(kit.SUBJECT, image, [layer], model="controls", edge_shift=2.0, feather=3.0, **controls)
    kit.check_mask(layer)
