"""What the docker's labels say, and with which keys, inside Krita."""

from krita_kit import KRITA, docker

try:
    from PyQt6.QtWidgets import QAbstractButton, QComboBox, QLabel
except ImportError:
    from PyQt5.QtWidgets import QAbstractButton, QComboBox, QLabel


def labels():
    """Every text of the docker that stands still, with its mark for a key."""
    texts = [each.text() for kind in (QAbstractButton, QLabel) for each in of_docker(kind)]
    for menu in of_docker(QComboBox):
        texts += [menu.itemText(number) for number in range(menu.count())]
    return [text for text in texts if text]


def of_docker(kind):
    return docker().widget().findChildren(kind)


def letters(texts):
    plain = (text.replace("&&", "") for text in texts)
    return [text[text.index("&") + 1].lower() for text in plain if "&" in text]


def case_letters_do_not_clash():
    """A letter with Alt presses one thing: none of the docker's twice, none of Krita's menus."""
    yield 300
    menus = [each.text() for each in KRITA.activeWindow().qwindow().menuBar().actions()]
    own = letters(labels())
    assert len(own) > 5, own
    assert len(set(own)) == len(own), own
    assert letters(menus), menus
    assert not set(own) & set(letters(menus)), (own, menus)
