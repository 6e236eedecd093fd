"""What a person does to a result while its cutout is open, inside Krita."""

import krita_kit as kit
import krita_rest

WIDTH, HEIGHT = 1300, 1100
KEPT = "What you painted yourself was kept."
# Blue, green, red, alpha: the mask is 100 all over, and what is painted differs from that.
PLAIN = bytes((20, 100, 30, 255))
# Across the borders of four tiles.
BOX = (450, 480, 150, 90)


def opened(**chosen):
    """A cutout that is complete and open; the server inverts alpha when its edge is shifted."""
    kit.shift_edge(0)
    doc, layer = kit.document(WIDTH, HEIGHT, fill=PLAIN)
    yield 800
    task = yield from kit.opened(model="turning", **chosen)
    yield from kit.until(lambda: kit.said() == "Done.", what="the end")
    return doc, layer, task


def painted(alpha, value, box=BOX):
    """Rows of alpha with a painted box."""
    rows = bytearray(alpha)
    x, y, width, height = box
    for row in range(y, y + height):
        rows[row * WIDTH + x : row * WIDTH + x + width] = bytes([value]) * width
    return bytes(rows)


def paint(node, value, box=BOX):
    node.setPixelData(kit.QByteArray(bytes([value]) * (box[2] * box[3])), *box)


def same(found, wanted):
    """Check two planes, and say where they differ: how often, and two corners."""
    places = [i for i, (a, b) in enumerate(zip(found, wanted)) if a != b]  # noqa: B905
    xs, ys = {i % WIDTH for i in places}, {i // WIDTH for i in places}
    assert not places, (len(places), (min(xs), min(ys)), (max(xs), max(ys)))


def inverted(alpha):
    return bytes(255 - value for value in alpha)


def case_a_painted_mask_is_kept():
    doc, layer, task = yield from opened()
    alpha = kit.green(layer, doc)
    paint(kit.masks(layer)[0], 7)
    said = yield from kit.shifted(task, 8)
    assert said == f"Done. {KEPT}", said
    same(kit.pixels(kit.masks(layer)[0], doc), painted(inverted(alpha), 7))
    # Painted once more, over what was painted and beside it.
    beside = (100, 20, 30, 200)
    paint(kit.masks(layer)[0], 255)
    paint(kit.masks(layer)[0], 0, beside)
    yield from kit.shifted(task, 0)
    same(kit.pixels(kit.masks(layer)[0], doc), painted(painted(alpha, 255), 0, beside))
    yield from kit.shifted(task, 4)
    same(kit.pixels(kit.masks(layer)[0], doc), painted(painted(inverted(alpha), 255), 0, beside))
    yield from kit.end(task)
    kit.shift_edge(0)
    kit.close(doc)


@kit.on_document(WIDTH, HEIGHT, fill=PLAIN)
def case_painted_while_it_works(doc, layer):
    task = kit.start(model="slow")
    yield from kit.sharpening(task, layer)
    yield 300
    box = (1100, 900, 100, 100)
    paint(kit.masks(layer)[0], 9, box)
    yield from kit.complete(task)
    yield from kit.end(task)
    same(kit.pixels(kit.masks(layer)[0], doc), painted(kit.green(layer, doc), 9, box))


def case_undo_of_a_shifted_edge():
    """What Krita's own undo brings back was not painted: it follows the edge again."""
    if kit.OLD:
        return
    doc, layer, task = yield from opened()
    mask = kit.masks(layer)[0]
    doc.setActiveNode(mask)
    yield 500
    before = kit.pixels(mask, doc)
    yield from kit.stroke()
    yield from kit.until(lambda: kit.pixels(mask, doc) != before, what="a stroke")
    drawn = kit.pixels(mask, doc)
    yield from kit.shifted(task, 8)
    same(kit.pixels(kit.masks(layer)[0], doc), moved(before, drawn))
    yield from krita_rest.pressed("edit_undo")
    shown = lambda: kit.mask_planes(layer, doc)  # noqa: E731
    yield from kit.until(lambda: shown() == [drawn], what="the undo")
    yield from kit.shifted(task, 4)
    same(kit.pixels(kit.masks(layer)[0], doc), moved(before, drawn))
    yield from kit.end(task)
    kit.close(doc)


def moved(before, drawn):
    """What a mask holds when all has followed but what was drawn."""
    other = inverted(before)
    return bytes(d if d != b else o for b, d, o in zip(before, drawn, other))  # noqa: B905


def case_a_changed_selection_is_kept():
    if kit.OLD:
        return
    for make in ("selection-mask", "selection"):
        doc, layer, task = yield from opened(make=make)
        alpha = kit.green(layer, doc)

        def shown(make=make, doc=doc, layer=layer):
            holder = kit.masks(layer, "selectionmask")[0] if "-" in make else doc
            return holder.selection()

        def rows(shown=shown):
            return bytes(shown().pixelData(0, 0, WIDTH, HEIGHT).data())

        changed = shown().duplicate()
        paint(changed, 7)
        if make == "selection":
            doc.setSelection(changed)
        else:
            kit.masks(layer, "selectionmask")[0].setSelection(changed)
        said = yield from kit.shifted(task, 8)
        assert said == f"Done. {KEPT}", said
        assert rows() == painted(inverted(alpha), 7), make
        yield from kit.shifted(task, 0)
        assert rows() == painted(alpha, 7), make
        yield from kit.end(task)
        kit.close(doc)
        yield 500


def case_painted_colours_are_kept():
    """A new layer's colours are cleaned; what was painted on them stays."""
    if kit.OLD:
        return
    kit.clean_colours(True)
    doc, layer, task = yield from opened(make="layer")
    copy = doc.topLevelNodes()[1]
    before = kit.pixels(copy, doc)
    assert before != kit.pixels(layer, doc)
    x, _y, width, height = BOX
    stroke = b"\x01\x02\x03\xff" * (width * height)
    copy.setPixelData(kit.QByteArray(stroke), *BOX)
    said = yield from kit.shifted(task, 8)
    assert said == f"Done. {KEPT}", said
    assert bytes(copy.pixelData(*BOX).data()) == stroke
    assert bytes(copy.pixelData(0, 0, x, HEIGHT).data()) == bytes(
        b"".join(before[4 * WIDTH * row : 4 * (WIDTH * row + x)] for row in range(HEIGHT))
    )
    kit.clean_colours(False)
    yield from kit.end(task)
    kit.shift_edge(0)
    kit.close(doc)


def case_the_edge_belongs_to_the_document_find_front():
    first, layer, task = yield from opened()
    second, _ = kit.document(300, 200)
    yield 500
    count = len(kit.followed())
    kit.shift_edge(8)
    yield 1500
    assert len(kit.followed()) == count
    kit.check_mask(layer, first)
    kit.close(second)
    yield 500
    yield from kit.shifted(task, 4)
    assert kit.pixels(kit.masks(layer)[0], first) == inverted(kit.green(layer, first))
    yield from kit.end(task)
    kit.shift_edge(0)
    kit.close(first)
