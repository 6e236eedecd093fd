"""Marks with the brush, views over the canvas, the docker itself, and cutting from a script."""

import krita_kit as kit
import lab_kit


@kit.on_document(800, 600)
def case_keep_and_remove_set_the_brush(doc, layer):
    """They set the colour, the layer and the tool; a stroke is heard; all is given back."""
    before = kit.brush()
    task = yield from kit.opened()
    yield 300
    eraser = kit.KRITA.action("erase_action")
    eraser.trigger()
    kit.docker().mark("keep")
    yield 900
    assert kit.brush() == (0, 200, 0), kit.brush()
    assert doc.activeNode() == kit.strokes_of(doc), doc.activeNode().name()
    assert not eraser.isChecked()
    count = len(kit.hinted())
    yield from kit.stroke()
    yield from kit.until(lambda: len(kit.hinted()) > count, what="the stroke")
    assert kit.hinted()[-1] == "+", kit.hinted()
    kit.docker().mark("remove")
    yield 300
    assert kit.brush() == (0, 0, 230), kit.brush()
    kit.docker().marks.choose_palette("safe")
    assert kit.brush() == (0, 94, 213), kit.brush()
    kit.docker().mark("keep")
    assert kit.brush() == (178, 114, 0), kit.brush()
    kit.docker().marks.choose_palette("plain")
    yield from kit.finish(task)
    yield 900
    assert kit.strokes_of(doc) is None
    assert kit.brush() == before, kit.brush()
    assert doc.activeNode() == layer, doc.activeNode().name()


HALVES = b"\xff\xff\xff\xff" * (400 * 150) + b"\0\0\0\xff" * 60000


@kit.on_document(400, 300, fill=HALVES)
def case_strokes_keep_what_refine_kept(doc, layer):
    """The old mask holds but where a stroke says otherwise; without strokes it holds everywhere."""
    if kit.OLD:
        return
    yield from kit.cut()
    doc.setActiveNode(layer)
    yield 500
    kit.answer("Refine")
    task = yield from kit.opened()
    kit.docker().mark("keep")
    yield 800
    yield from hints_heard(lambda: kit.paint_strokes(doc, kit.GREEN, 100, 230, 60, 30), "+t")
    assert read_trimap((300, 70), (300, 150), (300, 280), (130, 245)) == [255, 128, 0, 128]
    yield from hints_heard(kit.docker().clear_strokes, "t")
    assert read_trimap((300, 70), (300, 150), (300, 280), (130, 245)) == [255, 128, 0, 0]
    yield from kit.cancel(task)


def hints_heard(deed, word):
    """Do something that the server hears of by this word; see `kit.hinted`."""
    count = len(kit.hinted())
    deed()
    yield from kit.until(lambda: len(kit.hinted()) > count, what=word)
    assert kit.hinted()[-1] == word, kit.hinted()


def read_trimap(*places):
    """What the server was told of places of a layer of 400 pixels in a row."""
    trimap = (lab_kit.RUN / "trimap").read_bytes()
    return [trimap[y * 400 + x] for x, y in places]


@kit.on_document(400, 300, fill=HALVES)
def case_hair_widens_the_band(doc, _layer):
    """Where hair is brushed the edge is unknown to the server, and only there and at the edge."""
    task = yield from kit.opened()
    kit.docker().mark("hair")
    yield 800
    yield from hints_heard(lambda: kit.paint_strokes(doc, kit.YELLOW, 100, 40, 60, 60), "t")
    assert read_trimap((130, 70), (300, 70), (300, 150), (300, 250)) == [128, 255, 128, 0]
    yield from kit.cancel(task)


def screen_colour(x, y):
    """The screen's colour where the image has a pixel."""
    from frisket_cutout.sight import find_canvas

    area, to_area = find_canvas(kit.KRITA.activeDocument())
    point = area.viewport().mapToGlobal(to_area.map(type(kit.canvas_area().pos())(x, y)))
    picture = kit.QtWidgets.QApplication.primaryScreen().grabWindow(0).toImage()
    colour = picture.pixelColor(point)
    return colour.red(), colour.green(), colour.blue()


def near(found, wanted):
    return all(abs(a - b) < 12 for a, b in zip(found, wanted))  # noqa: B905


def case_views():
    """Each view shows what it says, where the image is, and nothing of it is in the document."""
    # The left half has the alpha 200 of its green, the right half none.
    row = b"\x0a\xc8\x14\xff" * 300 + b"\x50\x00\x28\xff" * 300
    doc, _layer = kit.document(600, 400, fill=row * 400)
    kit.KRITA.activeWindow().activeView().canvas().setZoomLevel(1.0)
    yield 800
    task = yield from kit.opened()
    yield 500
    names = [node.name() for node in doc.topLevelNodes()]
    for view, left, right in (
        ("black", (16, 157, 8), (0, 0, 0)),
        ("white", (71, 212, 63), (255, 255, 255)),
        ("alpha", (200, 200, 200), (0, 0, 0)),
        ("before", (20, 200, 10), (40, 0, 80)),
        ("overlay", None, (122, 0, 45)),
    ):
        kit.docker().marks.choose_view(view)
        yield 900
        kit.shot(f"krita-view-{view}")
        assert left is None or near(screen_colour(150, 200), left), (view, screen_colour(150, 200))
        assert near(screen_colour(450, 200), right), (view, screen_colour(450, 200))
    assert [node.name() for node in doc.topLevelNodes()] == names
    kit.docker().marks.choose_view("")
    yield 500
    assert not near(screen_colour(450, 200), (122, 0, 45))
    kit.docker().mark("keep")
    yield 1200
    assert near(screen_colour(450, 200), (122, 0, 45)), screen_colour(450, 200)
    kit.paint_strokes(doc, kit.GREEN, 420, 180, 60, 40)
    yield from kit.until(lambda: near(screen_colour(450, 200), (0, 200, 0)), what="the stroke")
    yield from kit.cancel(task)
    yield 500
    assert kit.docker().marks.read_view() == ""
    kit.close(doc)


def case_the_docker_is_shown_and_reached_by_keys():
    """Shown after the installation; every action is in the menu; labels and tips are there."""
    doc, _layer = kit.document(300, 200)
    yield 800
    assert kit.docker().isVisible()
    for name in ("cut_out", "finish", "cancel", "keep", "remove", "hair", "clear"):
        assert kit.KRITA.action(f"frisket_{name}") is not None, name
    assert {"Cut out", "Finish", "Cancel", "Keep", "Remove", "Hair", "Clear"} <= {
        each.text().replace("&", "") for each in kit.buttons()
    }
    for each in (*kit.buttons(), *kit.menus()):
        assert each.toolTip(), each
        assert each.focusPolicy(), each
    kit.shot("krita-docker")
    kit.close(doc)
    yield 300


def case_models_have_titles():
    yield from kit.until(lambda: "The green channel" in model_names(), what="the models")


def model_names():
    return [menu.itemText(index) for menu in kit.menus() for index in range(menu.count())]


def case_from_a_script():
    """What the Scripter runs: a call on the main thread that returns when all is there."""
    from frisket_cutout.script import NoSubject, Refused, cut

    doc, layer = kit.document(700, 500)
    yield 500
    judgement = cut(doc, layer)
    assert judgement.overall >= 0
    kit.check_mask(layer, doc)
    if not kit.OLD:
        cut(doc, layer, make="layer")
        assert [node.name() for node in doc.topLevelNodes()] == ["noise", "noise cutout"]
        cut(doc, layer, make="selection", box=(100, 100, 300, 200))
        assert bytes(doc.selection().pixelData(0, 0, 700, 500).data()) == kit.green(layer, doc)
        doc.setSelection(None)
    yield 500
    layer.setLocked(True)
    for kind, words, options in (
        (Refused, "is locked", {}),
        (Refused, "Choose one of", {"quality": "nonsense"}),
    ):
        try:
            cut(doc, layer, **options)
        except kind as error:
            assert words in str(error), error
        else:
            raise AssertionError(options)
    layer.setLocked(False)
    try:
        cut(doc, layer, model="empty")
    except NoSubject as error:
        assert "No subject was found in 'noise'" in str(error)
    yield 500
    kit.close(doc)
