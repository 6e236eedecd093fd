"""A Krita that was set to German by its own menu: the plug-in speaks it. Runs in its Python."""

import os
import sys

sys.path.insert(0, os.environ["FRISKET_LAB"])
import krita_kit
from krita_kit import KRITA, close, complete, docker, document, ended, shot, start, until
from krita_words import labels


def case_german():
    from frisket.hosts import language

    german = dict(language.read_entries((language.CATALOGUES / "de.po").read_text("utf-8")))
    yield 500
    doc, layer = document(400, 300)
    docker().show()
    docker().raise_()
    yield 500
    yield from until(lambda: "Bereit" in " ".join(labels()), what="the server")
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
    text = KRITA.action("frisket_cut_out").text().replace("&", "")
    assert text == "Frisket: Motiv freistellen", text
    layer.setLocked(True)
    docker().cut()
    assert "ist gesperrt" in docker().status.text(), docker().status.text()
    layer.setLocked(False)
    task = start()
    yield from complete(task)
    yield 300
    assert docker().status.text() == "Fertig.", docker().status.text()
    assert docker().open_label.text().startswith("Offen: "), docker().open_label.text()
    shot("krita-german")
    docker().finish()
    yield from ended(task)
    assert docker().status.text() == "Abgeschlossen.", docker().status.text()
    close(doc)


krita_kit.run(globals())
