"""Krita's own Scripter: a script is typed into it and run by its button."""

import krita_kit as kit
from krita_kit import QtWidgets

SCRIPT = """
from krita import Krita
from frisket_cutout.script import cut

document = Krita.instance().activeDocument()
judgement = cut(document, document.activeNode(), {options})
print("found", judgement.overall)
"""


def find_scripter():
    """Return the window of the Scripter, once it is there."""
    windows = QtWidgets.QApplication.topLevelWidgets()
    return next((one for one in windows if type(one).__name__ == "ScripterDialog"), None)


def read_output(dialog):
    """What the Scripter shows of a script's words and errors."""
    return dialog.findChild(QtWidgets.QPlainTextEdit, "OutPutTextEdit").toPlainText()


def run_script(dialog, text):
    """Paste a script over what is there and press Run; set without that, Scripter fails itself."""
    editor = dialog.uicontroller.editor
    editor.selectAll()
    editor.insertPlainText(text)
    button = next(one for one in dialog.findChildren(QtWidgets.QToolButton) if one.text() == "Run")
    button.click()


def case_from_the_scripter():
    """A script of our documentation runs to its end, and the layer has its mask."""
    doc, layer = kit.document(700, 500)
    yield 500
    doc.setActiveNode(layer)
    kit.KRITA.action("python_scripter").trigger()
    yield from kit.until(find_scripter, what="the Scripter")
    yield 500
    run_script(find_scripter(), SCRIPT.format(options=""))
    kit.shot("krita-scripter")
    shown = read_output(find_scripter())
    assert "found" in shown, shown
    kit.check_mask(layer, doc)
    yield 500
    run_script(find_scripter(), SCRIPT.format(options="quality='nonsense'"))
    shown = read_output(find_scripter())
    assert "Refused" in shown and "Choose one of" in shown, shown
    kit.check_mask(layer, doc)
    find_scripter().close()
    yield 500
    kit.close(doc)
