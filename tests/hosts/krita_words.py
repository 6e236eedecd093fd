"""What the docker's labels say, and with which keys, inside Krita."""

import subprocess

import krita_kit as kit

QT = kit.QtWidgets


def labels():
    """Every text of the docker that stands still, with its mark for a key."""
    texts = [each.text() for kind in (QT.QAbstractButton, QT.QLabel) for each in of_docker(kind)]
    for menu in of_docker(QT.QComboBox):
        texts += [menu.itemText(number) for number in range(menu.count())]
    return [text for text in texts if text]


def of_docker(kind):
    return kit.docker().widget().findChildren(kind)


def letters(texts):
    plain = (text.replace("&&", "") for text in texts)
    return [text[text.index("&") + 1].lower() for text in plain if "&" in text]


def case_letters_do_not_clash():
    """A letter with Alt presses one thing: none of the docker's twice, none of Krita's own."""
    yield 300
    menus = [each.text() for each in kit.KRITA.activeWindow().qwindow().menuBar().actions()]
    own = letters(labels())
    assert len(own) > 5, own
    assert len(set(own)) == len(own), own
    assert letters(menus), menus
    assert not set(own) & set(letters(menus)), (own, menus)
    kept = {key.toString() for each in kit.KRITA.actions() for key in each.shortcuts()}
    assert len(kept) > 50, kept
    assert not {f"Alt+{letter.upper()}" for letter in own} & kept


def case_no_shortcut_is_taken():
    yield 300
    for action in kit.KRITA.actions():
        if action.objectName().startswith("frisket_"):
            mine = [key.toString() for key in action.shortcuts() if key.toString()]
            others = [each for each in kit.KRITA.actions() if each != action]
            taken = [key.toString() for each in others for key in each.shortcuts()]
            assert not set(mine) & set(taken), (action.objectName(), mine)
    assert kit.KRITA.action("frisket_finish").shortcut().toString() == "Ctrl+Alt+Return"


def pressed(key, condition, what):
    """Press a key, as a person does, and wait for what follows."""
    kit.KRITA.activeWindow().qwindow().activateWindow()
    yield 300
    subprocess.Popen(["xdotool", "key", key])
    yield from kit.until(condition, 20, what)
    yield 400


@kit.on_document(400, 300)
def case_by_keys_alone(doc, layer):
    """A cut, both brushes, the end, a question and Cancel, without the mouse."""
    docker = kit.docker()
    docker.controls.choose(model="", quality="standard", make="mask")
    yield from pressed("ctrl+alt+x", lambda: docker.task is not None, "the cut")
    yield from kit.complete(docker.task)
    yield from pressed("alt+k", lambda: kit.strokes_of(doc) is not None, "the strokes")
    kept = kit.brush()
    count = len(kit.hinted())
    kit.paint_strokes(doc, kit.GREEN, 100, 100, 60, 40)
    yield from kit.until(lambda: len(kit.hinted()) > count, what="the stroke")
    kit.shot("krita-keys")
    yield from pressed("alt+o", lambda: kit.brush() != kept, "the other brush")
    yield from pressed("ctrl+alt+Return", lambda: docker.task is None, "Finish")
    kit.check_mask(layer, doc)
    assert kit.strokes_of(doc) is None
    if kit.OLD:
        return
    # A mask is there now: Return presses Replace, which the question proposes.
    asked = lambda: kit.QtWidgets.QApplication.activeModalWidget() is not None  # noqa: E731
    kit.QtCore.QTimer.singleShot(1500, lambda: subprocess.Popen(["xdotool", "key", "Return"]))
    yield from pressed("ctrl+alt+x", lambda: docker.task is not None and not asked(), "the answer")
    yield from kit.complete(docker.task)
    yield from pressed("alt+c", lambda: docker.task is None, "Cancel")
    kit.check_mask(layer, doc)
