"""What the plug-in has to make inside GIMP."""

import gimp_kit as kit
from gi.repository import Gegl, Gimp


def case_mask_is_exact():
    image, layer = kit.noise(1500, 1100)
    kit.good(kit.SUBJECT, image, [layer])
    kit.check_mask(layer)


def case_new_layer_with_clean_colours():
    image, layer = kit.noise(700, 600)
    before = kit.whole(layer, "R'G'B'A u8")
    kit.good(kit.ANY, image, [layer], make="layer", decontaminate=True)
    new = image.get_layers()[0]
    assert new.get_name() == "noise cutout"
    assert kit.values(new.get_mask()) == kit.green(layer)
    after = kit.whole(new, "R'G'B'A u8")
    for channel in range(3):
        assert after[channel::4] == bytes(255 - value for value in before[channel::4])
    assert after[3::4] == before[3::4]
    assert kit.whole(layer, "R'G'B'A u8") == before
    assert not layer.get_visible()


def case_selection_and_channel_of_an_offset_layer_beyond_the_canvas():
    canvas = (700, 500)
    image, layer = kit.noise(900, 600, canvas=canvas)
    layer.set_offsets(-50, 30)
    kit.good(kit.ANY, image, [layer], make="channel")
    wanted = kit.placed(kit.green(layer), 900, -50, 30, canvas)
    assert kit.values(image.get_channels()[0]) == wanted
    # Other selections of the same script are soft; this one is as the server says.
    Gimp.context_set_feather(True)
    kit.good(kit.ANY, image, [layer], make="selection")
    Gimp.context_set_feather(False)
    assert kit.values(image.get_selection()) == wanted
    assert len(image.get_channels()) == 1


def case_mask_of_an_offset_layer():
    image, layer = kit.noise(900, 600, canvas=(700, 500))
    layer.set_offsets(300, -200)
    kit.good(kit.SUBJECT, image, [layer])
    kit.check_mask(layer)


def case_active_selection_is_respected():
    image, layer = kit.noise(700, 500)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 100, 100, 300, 200)
    kit.good(kit.SUBJECT, image, [layer])
    alpha, wanted = kit.green(layer), bytearray(700 * 500)
    for y in range(100, 300):
        wanted[y * 700 + 100 : y * 700 + 400] = alpha[y * 700 + 100 : y * 700 + 400]
    assert kit.values(layer.get_mask()) == bytes(wanted)


def case_hints_from_the_selection():
    image, layer = kit.noise(700, 500)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 100, 120, 300, 200)
    kit.good(kit.SELECTION, image, [layer], selection_use="box")
    kit.good(kit.SELECTION, image, [layer], selection_use="prior", existing="replace")
    Gimp.Selection.none(image)
    kit.refused("Nothing is selected", kit.SELECTION, image, [layer])


def case_refine_and_intersect():
    image, layer = kit.noise(600, 400)
    kit.refused("has no mask", kit.REFINE, image, [layer])
    mask = layer.create_mask(Gimp.AddMaskType.BLACK)
    layer.add_mask(mask)
    buffer = mask.get_buffer()
    buffer.set(kit.rectangle(0, 0, 300, 400), "Y u8", b"\xff" * 120000)
    buffer.flush()
    kit.good(kit.SUBJECT, image, [layer], existing="intersect")
    alpha, wanted = kit.green(layer), bytearray(600 * 400)
    for y in range(400):
        wanted[y * 600 : y * 600 + 300] = alpha[y * 600 : y * 600 + 300]
    assert kit.values(layer.get_mask()) == bytes(wanted)
    kit.good(kit.REFINE, image, [layer])
    assert kit.values(layer.get_mask()) == alpha


def _deep(precision, slack=0):
    image, layer = kit.noise(600, 400, precision)
    kit.good(kit.SUBJECT, image, [layer])
    alpha = memoryview(kit.whole(layer, "R'G'B' u16")).cast("H")[1::3].tolist()
    mask = memoryview(kit.whole(layer.get_mask(), "Y u16")).cast("H").tolist()
    assert max(abs(a - b) for a, b in zip(alpha, mask)) <= slack  # noqa: B905


def case_16_bit():
    _deep(Gimp.Precision.U16_NON_LINEAR)


def case_16_bit_linear():
    _deep(Gimp.Precision.U16_LINEAR)


def case_float():
    _deep(Gimp.Precision.FLOAT_LINEAR)


def case_half():
    # Half floats have 11 significant bits.
    _deep(Gimp.Precision.HALF_NON_LINEAR, 32)


def case_8_bit_linear():
    image, layer = kit.noise(600, 400, Gimp.Precision.U8_LINEAR)
    kit.good(kit.SUBJECT, image, [layer])
    kit.check_mask(layer)


def case_grey():
    image, layer = kit.noise(600, 400)
    image.convert_grayscale()
    kit.good(kit.SUBJECT, image, [layer])
    kit.check_mask(layer)


def case_indexed():
    image, layer = kit.noise(600, 400)
    image.convert_indexed(
        Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 64, False, False, ""
    )
    kit.good(kit.SUBJECT, image, [layer])
    kit.check_mask(layer)


def case_group():
    image, layer = kit.noise(600, 400)
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    image.reorder_item(layer, group, 0)
    kit.good(kit.SUBJECT, image, [group])
    kit.check_mask(group)


def case_several_layers_and_two_documents():
    first, layer = kit.noise(300, 200)
    other = layer.copy()
    first.insert_layer(other, None, 0)
    second, third = kit.noise(400, 300)
    kit.good(kit.SUBJECT, first, [layer, other])
    kit.good(kit.SUBJECT, second, [third])
    for each in (layer, other, third):
        kit.check_mask(each)


def case_one_pixel():
    image, layer = kit.noise(1, 1)
    kit.good(kit.SUBJECT, image, [layer])
    kit.check_mask(layer)


def case_text_layer():
    image, _ = kit.noise(300, 200)
    text = Gimp.TextLayer.new(image, "Hello", Gimp.context_get_font(), 60, Gimp.Unit.pixel())
    image.insert_layer(text, None, 0)
    text.set_color(Gegl.Color.new("white"))
    kit.good(kit.SUBJECT, image, [text])
    assert text.get_mask() is not None


def case_hidden_layer():
    image, layer = kit.noise(300, 200)
    layer.set_visible(False)
    kit.good(kit.SUBJECT, image, [layer])
    kit.check_mask(layer)


def case_100_megapixels():
    """Mostly one colour: only the tiles on the edge travel, and each is exact."""
    width, height = 11547, 8660
    image = Gimp.Image.new(width, height, Gimp.ImageBaseType.RGB)
    kind = Gimp.ImageType.RGB_IMAGE
    layer = Gimp.Layer.new(image, "large", width, height, kind, 100, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, None, 0)
    buffer = layer.get_buffer()
    buffer.set_color(kit.rectangle(0, 0, width, height), Gegl.Color.new("black"))
    buffer.set_color(kit.rectangle(2000, 1500, 6000, 5000), Gegl.Color.new("white"))
    ramp = bytes(value for x in range(512) for value in (x // 2,) * 3) * 5000
    buffer.set(kit.rectangle(8000, 1500, 512, 5000), "R'G'B' u8", ramp)
    buffer.flush()
    kit.good(kit.SUBJECT, image, [layer])
    mask = layer.get_mask().get_buffer()
    for x, y in ((0, 0), (1800, 1400), (4000, 4000), (7900, 6000), (8400, 3000), (11000, 8600)):
        rect = kit.rectangle(x, y, 500, 60)
        alpha = layer.get_buffer().get(rect, 1.0, "R'G'B' u8", Gegl.AbyssPolicy.NONE)[1::3]
        assert mask.get(rect, 1.0, "Y u8", Gegl.AbyssPolicy.NONE) == alpha, (x, y)


def case_group_of_groups_and_several_layers():
    """Nested groups, a layer beside them, all selected at once: each gets its own mask."""
    image, layer = kit.noise(500, 400)
    outer = Gimp.GroupLayer.new(image, "outer")
    inner = Gimp.GroupLayer.new(image, "inner")
    image.insert_layer(outer, None, 0)
    image.insert_layer(inner, outer, 0)
    copy = layer.copy()
    image.insert_layer(copy, inner, 0)
    kit.good(kit.SUBJECT, image, [outer, layer])
    assert kit.values(outer.get_mask()) == kit.green(copy)
    kit.check_mask(layer)
    assert inner.get_mask() is None


def case_channels_of_several_layers():
    image, layer = kit.noise(400, 300)
    other = layer.copy()
    image.insert_layer(other, None, 0)
    kit.good(kit.ANY, image, [layer, other], make="channel")
    names = sorted(channel.get_name() for channel in image.get_channels())
    assert names == ["noise alpha", "noise copy alpha"], names


def case_selection_of_several_layers_is_their_union():
    image, layer = kit.noise(400, 300)
    other, _ = kit.noise(400, 300)
    second = Gimp.Layer.new_from_drawable(other.get_layers()[0], image)
    image.insert_layer(second, None, 0)
    second.set_offsets(150, 40)
    image.set_selected_layers([second])
    kit.good(kit.SELECT, image, [layer, second])
    one, two = kit.green(layer), kit.placed(kit.green(second), 400, 150, 40, (400, 300))
    assert kit.values(image.get_selection()) == bytes(map(max, one, two))
    assert image.get_selected_layers() == [second]
    assert not image.get_channels()


def case_a_group_as_a_new_layer_with_clean_colours():
    for mode in (Gimp.LayerMode.NORMAL, Gimp.LayerMode.PASS_THROUGH):
        image, layer = kit.noise(700, 600, canvas=(900, 800))
        layer.set_offsets(80, 60)
        group = Gimp.GroupLayer.new(image, "figure")
        image.insert_layer(group, None, 0)
        image.reorder_item(layer, group, 0)
        group.set_mode(mode)
        kit.good(kit.ANY, image, [group], make="layer", decontaminate=True)
        new = image.get_layers()[0]
        assert new.get_name() == "figure cutout"
        assert not new.is_group()
        assert tuple(new.get_offsets())[1:] == (80, 60)
        assert kit.values(new.get_mask()) == kit.green(layer)
        before, after = kit.whole(layer, "R'G'B' u8"), kit.whole(new, "R'G'B' u8")
        assert after == bytes(255 - value for value in before)
        assert not group.get_visible()


def case_no_subject_adds_nothing():
    image, layer = kit.noise(600, 400)
    words = "No subject was found in 'noise', so nothing was added. Mark it"
    for make in ("mask", "layer", "channel", "selection"):
        kit.refused(words, kit.ANY, image, [layer], model="empty", make=make)
        assert layer.get_mask() is None
        assert image.get_layers() == [layer]
        assert not image.get_channels()
        assert Gimp.Selection.is_empty(image)
    assert layer.get_visible()
    layer.add_mask(layer.create_mask(Gimp.AddMaskType.WHITE))
    kit.refused(words, kit.SUBJECT, image, [layer], model="empty")
    assert set(kit.values(layer.get_mask())) == {255}


def case_one_of_several_layers_without_a_subject():
    image, layer = kit.noise(600, 400)
    empty = Gimp.Layer.new(
        image, "empty", 300, 200, Gimp.ImageType.RGBA_IMAGE, 100, Gimp.LayerMode.NORMAL
    )
    image.insert_layer(empty, None, 0)
    kit.good(kit.SUBJECT, image, [empty, layer])
    assert empty.get_mask() is None
    kit.check_mask(layer)


def case_unsure_is_told():
    """In batch a message goes to the console; what matters is that the mask is there as well."""
    image, layer = kit.noise(600, 400)
    kit.good(kit.SUBJECT, image, [layer], model="unsure")
    kit.check_mask(layer)


def case_the_next_stroke_goes_where_it_went_before():
    image, layer = kit.noise(600, 400)
    other = layer.copy()
    image.insert_layer(other, None, 0)
    image.set_selected_layers([other])
    kit.good(kit.SUBJECT, image, [layer])
    assert image.get_selected_layers() == [other]
    assert not layer.get_edit_mask()
    kit.good(kit.ANY, image, [other], make="channel")
    assert image.get_selected_layers() == [other]


def case_a_disabled_mask_is_switched_on_when_it_is_replaced():
    image, layer = kit.noise(600, 400)
    layer.add_mask(layer.create_mask(Gimp.AddMaskType.WHITE))
    layer.set_apply_mask(False)
    kit.good(kit.SUBJECT, image, [layer])
    kit.check_mask(layer)
    assert layer.get_apply_mask()


def case_documented_call():
    """The example of docs/gimp.md, word by word."""
    text = open("/lab/gimp.md").read()
    code = text.split("```python\n")[1].split("```")[0]
    image, layer = kit.noise(300, 200)
    exec(code, {"Gimp": Gimp, "image": image, "layer": layer})
    kit.check_mask(layer)
