"""A Krita that was set to German by its own menu: the plug-in speaks it. Runs in its Python."""

import os
import sys

sys.path.insert(0, os.environ["FRISKET_LAB"])
import krita_kit as kit
from krita_words import labels


def case_german():
    from frisket.hosts import language

    german = dict(language.read_entries((language.CATALOGUES / "de.po").read_text("utf-8")))
    yield 500
    doc, layer = kit.document(400, 300)
    kit.docker().show()
    kit.docker().raise_()
    yield 500
    yield from kit.until(lambda: "Bereit" in " ".join(labels()), what="the server")
    shown = [text.replace("&", "") for text in labels()]
    english = {text.replace("_", "") for text in german if german[text] != text}
    assert not set(shown) & english, set(shown) & english
    for text in (
        "Freistellen",
        "Behalten",
        "Rand verschieben",
        "Haare und Fell: feiner, langsamer",
    ):
        assert text in shown, shown
    text = kit.KRITA.action("frisket_cut_out").text().replace("&", "")
    assert text == "Frisket: Motiv freistellen", text
    layer.setLocked(True)
    kit.docker().cut()
    kit.check_said("ist gesperrt")
    layer.setLocked(False)
    task = yield from kit.opened()
    yield 300
    assert kit.said() == "Fertig.", kit.said()
    assert kit.docker().open_label.text().startswith("Offen: "), kit.docker().open_label.text()
    kit.shot("krita-german")
    yield from kit.finish(task)
    assert kit.said() == "Abgeschlossen.", kit.said()
    kit.close(doc)


kit.run(globals())
