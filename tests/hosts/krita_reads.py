"""What Krita sees in documents that frisket wrote. Run by kritarunner, not in pytest.

As `gimp_reads.py`: raw bytes of masks and alphas in the lab's `seen`, the rest in `results.json`.
"""

import json
import os
import sys
import traceback

from krita import Krita

LAB = os.environ["FRISKET_LAB"]


def every(nodes):
    for node in nodes:
        yield node
        yield from every(node.childNodes())


def keep(seen, node, kind, data, size, item):
    path = os.path.join(LAB, "seen", "k" + str(len(os.listdir(os.path.join(LAB, "seen")))))
    with open(path, "wb") as file:
        file.write(data)
    seen.append({"name": node.name(), "kind": kind, "path": path, "type": item, "size": size})


def look(path):
    doc = Krita.instance().openDocument(path)
    assert doc is not None, "Krita does not open it"
    doc.setBatchmode(True)
    seen = []
    size = [doc.width(), doc.height()]
    for node in every(doc.topLevelNodes()):
        seen.append({"name": node.name(), "kind": node.type(), "shown": node.visible()})
        data = bytes(node.pixelData(0, 0, *size).data())
        if node.type() == "transparencymask":
            keep(seen, node.parentNode(), "mask", data, size, "u8")
        elif node.type() == "paintlayer":
            step = len(data) // (size[0] * size[1])
            last = slice(3, None, 4) if step == 4 else None
            if last:
                keep(seen, node, "alpha", data[last], size, "u8")
            else:
                pairs = b"".join(data[at : at + 2] for at in range(6, len(data), 8))
                keep(seen, node, "alpha", pairs, size, "u16")
    doc.close()
    return seen


def __main__(arguments):  # noqa: N807
    results = {}
    os.makedirs(os.path.join(LAB, "seen"), exist_ok=True)
    for name in sorted(os.listdir(os.path.join(LAB, "files"))):
        try:
            results[name] = {"seen": look(os.path.join(LAB, "files", name)), "error": ""}
        except BaseException:
            results[name] = {"seen": [], "error": traceback.format_exc()}
    with open(os.path.join(LAB, "results.json"), "w") as file:
        json.dump(results, file)
    sys.stdout.flush()
    os._exit(0)
