"""What a graph's inputs and outputs must be; what differs is refused in one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from ..backends.onnx import Graph, Port
from ..core.errors import BadSignature
from ..core.spec import Spec


def name_ports(ports: Sequence[Port]) -> str:
    """Return the ports with their shapes, for a sentence."""
    return ", ".join(str(port) for port in ports) or "none"


def refuse(spec: Spec, expected: str, found: str) -> BadSignature:
    """Return the error that says what the family expects and what was found."""
    return BadSignature(f"{spec.name}: the family {spec.family!r} expects {expected}, but {found}.")


def find_input(spec: Spec, graph: Graph) -> Port:
    """Return the graph's picture input.

    Raises:
        BadSignature: it names what was expected and what was found.
    """
    ports = [port for port in graph.inputs if spec.input.name in ("", port.name)]
    for port in ports:
        if _takes_pictures(port, spec):
            return port
    found = f"the graph has {name_ports(graph.inputs)}"
    raise refuse(spec, f"an input {_describe_input(spec)}", found)


def _describe_input(spec: Spec) -> str:
    high, wide = spec.input.size if spec.input.fit in ("stretch", "letterbox") else (0, 0)
    size = f"{high or '?'}x{wide or '?'}"
    return f"1x3x{size}" if spec.input.layout == "nchw" else f"1x{size}x3"


def _takes_pictures(port: Port, spec: Spec) -> bool:
    if len(port.shape) != 4 or port.type not in ("tensor(float)", "tensor(float16)"):
        return False
    nchw = spec.input.layout == "nchw"
    channels = port.shape[1 if nchw else 3]
    sides = port.shape[2:] if nchw else port.shape[1:3]
    if channels not in (3, None):
        return False
    if spec.input.fit not in ("stretch", "letterbox"):
        return True
    return all(s in (None, w) for s, w in zip(sides, spec.input.size, strict=True))


def find_output(spec: Spec, graph: Graph) -> str:
    """Return the name of the graph's output of interest.

    Raises:
        BadSignature: it is missing or has another number of channels.
    """
    ports, channels = graph.outputs, spec.output.channels
    index = spec.output.index if spec.output.index >= 0 else len(ports) + spec.output.index
    found = f"the graph has {name_ports(ports)}"
    if not 0 <= index < len(ports):
        raise refuse(spec, f"output {index} to be there", found)
    shape = ports[index].shape
    axis = 1 if spec.input.layout == "nchw" else len(shape) - 1
    plain = len(shape) in (2, 3) and channels == 1
    fits = len(shape) == 4 and shape[axis] in (channels, None)
    if not (plain or fits or not shape):
        raise refuse(spec, f"output {index} to be a map of {channels} channel(s)", found)
    return ports[index].name
