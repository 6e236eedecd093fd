"""What a person does to a result while its cutout is open, inside Krita."""

import subprocess

try:
    from PyQt6.QtCore import QPoint
except ImportError:
    from PyQt5.QtCore import QPoint

from krita_kit import (
    KRITA,
    OLD,
    QByteArray,
    canvas_area,
    clean_colours,
    close,
    complete,
    docker,
    document,
    ended,
    followed,
    green,
    masks,
    pixels,
    shift_edge,
    start,
    until,
)

WIDTH, HEIGHT = 1300, 1100
KEPT = "What you painted yourself was kept."
# Blue, green, red, alpha: the mask is 100 all over, and what is painted differs from that.
PLAIN = bytes((20, 100, 30, 255))
# Across the borders of four tiles.
BOX = (450, 480, 150, 90)


def opened(**chosen):
    """A cutout that is complete and open; the server inverts alpha when its edge is shifted."""
    shift_edge(0)
    doc, layer = document(WIDTH, HEIGHT, fill=PLAIN)
    yield 800
    task = start(model="turning", **chosen)
    yield from complete(task)
    yield from until(lambda: docker().status.text() == "Done.", what="the end")
    return doc, layer, task


def shifted(task, pixels_):
    """Shift the edge and wait until all has followed."""
    said = []
    task.completed.connect(said.append)
    shift_edge(pixels_)
    yield from until(lambda: said, what="the shifted edge")
    yield 200
    return said[0]


def painted(alpha, value, box=BOX):
    """Rows of alpha with a painted box."""
    rows = bytearray(alpha)
    x, y, width, height = box
    for row in range(y, y + height):
        rows[row * WIDTH + x : row * WIDTH + x + width] = bytes([value]) * width
    return bytes(rows)


def paint(node, value, box=BOX):
    node.setPixelData(QByteArray(bytes([value]) * (box[2] * box[3])), *box)


def same(found, wanted):
    """Check two planes, and say where they differ: how often, and two corners."""
    places = [i for i, (a, b) in enumerate(zip(found, wanted)) if a != b]  # noqa: B905
    xs, ys = {i % WIDTH for i in places}, {i // WIDTH for i in places}
    assert not places, (len(places), (min(xs), min(ys)), (max(xs), max(ys)))


def inverted(alpha):
    return bytes(255 - value for value in alpha)


def case_a_painted_mask_is_kept():
    doc, layer, task = yield from opened()
    alpha = green(layer, doc)
    paint(masks(layer)[0], 7)
    said = yield from shifted(task, 8)
    assert said == f"Done. {KEPT}", said
    same(pixels(masks(layer)[0], doc), painted(inverted(alpha), 7))
    # Painted once more, over what was painted and beside it.
    beside = (100, 20, 30, 200)
    paint(masks(layer)[0], 255)
    paint(masks(layer)[0], 0, beside)
    yield from shifted(task, 0)
    same(pixels(masks(layer)[0], doc), painted(painted(alpha, 255), 0, beside))
    yield from shifted(task, 4)
    same(pixels(masks(layer)[0], doc), painted(painted(inverted(alpha), 255), 0, beside))
    task.end()
    yield from ended(task)
    shift_edge(0)
    close(doc)


def case_painted_while_it_works():
    doc, layer = document(WIDTH, HEIGHT, fill=PLAIN)
    yield 300
    task = start(model="slow")
    yield from until(lambda: masks(layer) and "Sharpening the edge" in task.times, what="a mask")
    yield 300
    box = (1100, 900, 100, 100)
    paint(masks(layer)[0], 9, box)
    yield from complete(task)
    task.end()
    yield from ended(task)
    same(pixels(masks(layer)[0], doc), painted(green(layer, doc), 9, box))
    close(doc)


def case_undo_of_a_shifted_edge():
    """What Krita's own undo brings back was not painted: it follows the edge again."""
    if OLD:
        return
    doc, layer, task = yield from opened()
    mask = masks(layer)[0]
    doc.setActiveNode(mask)
    yield 500
    before = pixels(mask, doc)
    yield from stroke()
    yield from until(lambda: pixels(mask, doc) != before, what="a stroke")
    drawn = pixels(mask, doc)
    yield from shifted(task, 8)
    same(pixels(masks(layer)[0], doc), moved(before, drawn))
    KRITA.action("edit_undo").trigger()
    shown = lambda: [pixels(each, doc) for each in masks(layer)]  # noqa: E731
    yield from until(lambda: shown() == [drawn], what="the undo")
    yield from shifted(task, 4)
    same(pixels(masks(layer)[0], doc), moved(before, drawn))
    task.end()
    yield from ended(task)
    close(doc)


def moved(before, drawn):
    """What a mask holds when all has followed but what was drawn."""
    other = inverted(before)
    return bytes(d if d != b else o for b, d, o in zip(before, drawn, other))  # noqa: B905


def stroke():
    """Draw a line across the middle of the canvas, with mouse and brush."""
    view = canvas_area().viewport()
    middle = view.mapToGlobal(QPoint(view.width() // 2, view.height() // 2))
    KRITA.action("KritaShape/KisToolBrush").trigger()
    yield 300
    steps = range(-80, 81, 8)
    moves = [("mousemove", str(middle.x() + x), str(middle.y() + x // 2)) for x in steps]
    words = [*moves[0], "sleep", "0.2", "mousedown", "1"]
    for move in moves:
        words += [*move, "sleep", "0.03"]
    subprocess.Popen(["xdotool", *words, "mouseup", "1"])
    yield 2000


def case_a_changed_selection_is_kept():
    if OLD:
        return
    for make in ("selection-mask", "selection"):
        doc, layer, task = yield from opened(make=make)
        alpha = green(layer, doc)

        def shown(make=make, doc=doc, layer=layer):
            return masks(layer, "selectionmask")[0].selection() if "-" in make else doc.selection()

        def rows(shown=shown):
            return bytes(shown().pixelData(0, 0, WIDTH, HEIGHT).data())

        changed = shown().duplicate()
        paint(changed, 7)
        if make == "selection":
            doc.setSelection(changed)
        else:
            masks(layer, "selectionmask")[0].setSelection(changed)
        said = yield from shifted(task, 8)
        assert said == f"Done. {KEPT}", said
        assert rows() == painted(inverted(alpha), 7), make
        yield from shifted(task, 0)
        assert rows() == painted(alpha, 7), make
        task.end()
        yield from ended(task)
        close(doc)
        yield 500


def case_painted_colours_are_kept():
    """A new layer's colours are cleaned; what was painted on them stays."""
    if OLD:
        return
    clean_colours(True)
    doc, layer, task = yield from opened(make="layer")
    copy = doc.topLevelNodes()[1]
    before = pixels(copy, doc)
    assert before != pixels(layer, doc)
    x, _y, width, height = BOX
    stroke = b"\x01\x02\x03\xff" * (width * height)
    copy.setPixelData(QByteArray(stroke), *BOX)
    said = yield from shifted(task, 8)
    assert said == f"Done. {KEPT}", said
    assert bytes(copy.pixelData(*BOX).data()) == stroke
    assert bytes(copy.pixelData(0, 0, x, HEIGHT).data()) == bytes(
        b"".join(before[4 * WIDTH * row : 4 * (WIDTH * row + x)] for row in range(HEIGHT))
    )
    clean_colours(False)
    task.end()
    yield from ended(task)
    shift_edge(0)
    close(doc)


def case_the_edge_belongs_to_the_document_find_front():
    first, layer, task = yield from opened()
    second, _ = document(300, 200)
    yield 500
    count = len(followed())
    shift_edge(8)
    yield 1500
    assert len(followed()) == count
    assert pixels(masks(layer)[0], first) == green(layer, first)
    close(second)
    yield 500
    yield from shifted(task, 4)
    assert pixels(masks(layer)[0], first) == inverted(green(layer, first))
    task.end()
    yield from ended(task)
    shift_edge(0)
    close(first)
