"""What the plug-in has to make inside Krita."""

import krita_kit as kit
import krita_rest


@kit.on_document(1500, 1100)
def case_mask_is_exact(doc, layer):
    yield from kit.cut()
    assert len(kit.masks(layer)) == 1
    kit.check_mask(layer, doc)


def case_event_loop_is_not_held_up():
    """A busy machine may hold Krita up once or twice; the plug-in itself would every time."""
    found = []
    for _ in range(4):
        doc, _layer = kit.document(1500, 1100)
        yield 300
        ticker = kit.Ticker()
        task = yield from kit.opened()
        yield from kit.end(task)
        found.append((round(task.main.longest, 3), round(ticker.worst, 3)))
        kit.close(doc)
        yield 300
        if found[-1][0] < kit.LATE_MS / 1000:
            break
    print("longest on the main thread, in the event loop:", found, flush=True)
    assert found[-1][0] < kit.LATE_MS / 1000, found


@kit.on_document(1700, 1500)
def case_projection_shows_the_mask(doc, layer):
    yield from kit.cut(model="slow")
    wanted = kit.green(layer, doc)

    def shown():
        doc.waitForDone()
        alpha = bytes(doc.pixelData(0, 0, 1700, 1500).data())[3::4]
        return max(abs(a - b) for a, b in zip(alpha, wanted)) <= 1  # noqa: B905

    yield from kit.until(shown, what="the mask in the projection")


@kit.on_document(700, 500)
def case_undo_and_redo_are_one_step(doc, layer):
    yield from kit.cut()
    wanted = kit.green(layer, doc)
    # Krita 5.1 adds the mask by its menu, between two changes of the selection.
    for _ in range(3 if kit.OLD else 1):
        if kit.masks(layer):
            yield from krita_rest.pressed("edit_undo")
            yield from kit.until(lambda: kit.OLD or not kit.masks(layer), what="the undo")
            yield 400
            doc.waitForDone()
    assert not kit.masks(layer)
    for _ in range(3 if kit.OLD else 1):
        if not kit.masks(layer):
            yield from krita_rest.pressed("edit_redo")
            yield from kit.until(lambda: kit.OLD or kit.masks(layer), what="the redo")
            yield 400
    doc.waitForDone()
    assert kit.pixels(kit.masks(layer)[0], doc) == wanted


@kit.on_document(600, 400)
def case_new_layer(doc, layer):
    yield from kit.cut(make="layer")
    assert [node.name() for node in doc.topLevelNodes()] == ["noise", "noise cutout"]
    copy = doc.topLevelNodes()[1]
    assert kit.pixels(kit.masks(copy)[0], doc) == kit.green(layer, doc)
    assert not layer.visible()


@kit.on_document(600, 400)
def case_selection_and_selection_mask(doc, layer):
    if kit.OLD:
        # Not offered there.
        return
    yield from kit.cut(make="selection")
    assert bytes(doc.selection().pixelData(0, 0, 600, 400).data()) == kit.green(layer, doc)
    doc.setSelection(None)
    yield from kit.cut(make="selection-mask")
    found = kit.masks(layer, "selectionmask")
    assert len(found) == 1
    assert bytes(found[0].selection().pixelData(0, 0, 600, 400).data()) == kit.green(layer, doc)


@kit.on_document(600, 400)
def case_group(doc, layer):
    group = yield from kit.add_group(doc, layer)
    yield from kit.cut()
    assert kit.mask_planes(group, doc) == [kit.green(layer, doc)]


def case_clone():
    doc, layer = kit.document(600, 400)
    clone = doc.createCloneLayer("clone", layer)
    kit.add(doc, clone)
    doc.refreshProjection()
    doc.waitForDone()
    yield 500
    doc.setActiveNode(clone)
    yield 300
    yield from kit.cut()
    assert kit.pixels(kit.masks(clone)[0], doc) == kit.green(layer, doc)
    kit.close(doc)


def case_offset_layer():
    doc, layer = kit.document(600, 400)
    layer.move(150, -100)
    doc.refreshProjection()
    doc.waitForDone()
    yield 300
    yield from kit.cut()
    [mask], there = kit.mask_planes(layer, doc), slice(150, 600 * 300)
    assert mask[there] == kit.green(layer, doc)[there]
    kit.close(doc)


def case_two_documents():
    first, one = kit.document(1600, 1600)
    yield 300
    task = kit.start(model="slow")
    yield 500
    second, two = kit.document(500, 400)
    yield 300
    yield from kit.complete(task)
    yield from kit.cut()
    kit.check_mask(one, first)
    kit.check_mask(two, second)
    kit.close(second)
    kit.close(first)


@kit.on_document(800, 600)
def case_strokes_are_heard(doc, layer):
    task = yield from kit.opened()
    kit.docker().mark("keep")
    yield 200
    strokes = kit.strokes_of(doc)
    assert strokes is not None
    count = len(kit.followed())
    for colour, x in ((b"\0\xff\0\xff", 100), (b"\0\0\xff\xff", 500)):
        strokes.setPixelData(kit.QByteArray(colour * 2400), x, 200, 60, 40)
    yield from kit.until(lambda: len(kit.followed()) > count, what="the strokes")
    yield 500
    kit.shot("krita-strokes")
    count = len(kit.followed())
    kit.docker().clear_strokes()
    yield from kit.until(lambda: len(kit.followed()) > count, what="the end of the strokes")
    assert kit.strokes_of(doc) is None
    yield from kit.end(task)
    kit.check_mask(layer, doc)


def case_tiles_in_sight_come_first():
    """The visible part of the canvas is what the screen shows, and the server hears of it."""
    width, height = 4000, 3000
    row = bytes(v for x in range(width) for v in (0, 0, x * 255 // width, 255))
    rows = bytearray(row * height)
    for y in range(height):
        rows[4 * width * y + 1 : 4 * width * (y + 1) : 4] = bytes([y * 255 // height]) * width
    doc, layer = kit.document(width, height, fill=b"\0\0\0\xff")
    layer.setPixelData(kit.QByteArray(bytes(rows)), 0, 0, width, height)
    doc.refreshProjection()
    doc.waitForDone()
    kit.KRITA.activeWindow().activeView().canvas().setZoomLevel(1.0)
    area = kit.canvas_area()
    scroll(area, 0.75)
    yield 1500
    corners = corner_colours(area)
    task = kit.start(model="slow")
    yield from kit.sharpening(task)
    seen, count = kit.first_sight(), kit.looked()
    scroll(area, 0.3)
    yield from kit.until(lambda: kit.looked() > count, what="another view")
    for (red, green_), x, y in zip(corners, (0, 1), (0, 1)):  # noqa: B905
        assert abs(red * width / 255 - (seen[0] + x * seen[2])) < 40, (corners, seen)
        assert abs(green_ * height / 255 - (seen[1] + y * seen[3])) < 40, (corners, seen)
    yield from kit.cancel(task)
    kit.close(doc)


@kit.on_document(700, 500)
def case_a_mask_already_there(doc, layer):
    """Asked: replace (one step to undo), intersect, refine; or nothing of it."""
    if kit.OLD:
        return
    yield from kit.cut()
    old = kit.masks(layer)[0]
    old.setPixelData(kit.QByteArray(b"\xff" * 175000 + bytes(175000)), 0, 0, 700, 500)
    before = kit.pixels(old, doc)
    doc.setActiveNode(layer)
    yield 500
    kit.answer("Cancel")
    kit.docker().cut()
    assert kit.docker().task is None
    kit.answer("Intersect")
    yield from kit.cut()
    assert len(kit.masks(layer)) == 2
    yield from krita_rest.pressed("edit_undo")
    yield from kit.until(lambda: len(kit.masks(layer)) == 1, what="the undo")
    doc.setActiveNode(layer)
    yield 500
    kit.answer("Replace")
    yield from kit.cut()
    kit.check_mask(layer, doc)
    yield from krita_rest.pressed("edit_undo")
    yield from kit.until(lambda: kit.mask_planes(layer, doc) == [before], what="the undo")
    yield 1500
    assert kit.mask_planes(layer, doc) == [before]
    yield from krita_rest.pressed("edit_redo")
    wanted = [kit.green(layer, doc)]
    yield from kit.until(lambda: kit.mask_planes(layer, doc) == wanted, what="the redo")
    doc.setActiveNode(layer)
    yield 500
    kit.answer("Refine")
    yield from kit.cut()
    assert kit.mask_planes(layer, doc) == wanted


def case_100_megapixels():
    """Mostly one colour: only the tiles on the edge travel, and each is exact."""
    width, height = 11547, 8660
    doc, layer = kit.document(width, height, fill=b"\0\0\0\xff")
    white = kit.QByteArray(b"\xff" * (4 * 6000 * 500))
    for y in range(1500, 6500, 500):
        layer.setPixelData(white, 2000, y, 6000, 500)
    ramp = b"".join(bytes((x // 2,) * 3 + (255,)) for x in range(512)) * 5000
    layer.setPixelData(kit.QByteArray(ramp), 8000, 1500, 512, 5000)
    del white, ramp
    doc.waitForDone()
    yield 1000
    yield from kit.cut()
    for x, y in ((0, 0), (1800, 1400), (4000, 4000), (7900, 6000), (8400, 3000), (11000, 8600)):
        alpha = bytes(layer.pixelData(x, y, 500, 60).data())[1::4]
        assert bytes(kit.masks(layer)[0].pixelData(x, y, 500, 60).data()) == alpha, (x, y)
    kit.close(doc)


def scroll(area, share):
    for bar in (area.horizontalScrollBar(), area.verticalScrollBar()):
        bar.setValue(int(bar.minimum() + share * (bar.maximum() - bar.minimum())))


def corner_colours(area):
    """Red and green of the screen at the canvas's first and last corner."""
    view = area.viewport()
    place = view.mapToGlobal(kit.QtCore.QPoint(0, 0))
    picture = kit.QtWidgets.QApplication.primaryScreen().grabWindow(0).toImage()
    found = []
    for x, y in ((2, 2), (view.width() - 3, view.height() - 3)):
        colour = picture.pixelColor(place.x() + x, place.y() + y)
        found.append((colour.red(), colour.green()))
    return found
