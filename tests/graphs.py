"""Small ONNX graphs with random weights and the signatures of real families."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx.parser
from onnx import TensorProto, helper, numpy_helper

from frisket.models.core.spec import Spec


def convolution(
    path: Path,
    shape: tuple[int | str, ...],
    channels: int = 1,
    layout: str = "nchw",
    bias: float = 0.0,
    final: str = "Sigmoid",
    outputs: int = 1,
    seed: int = 0,
    lean: tuple[float, ...] = (),
) -> Path:
    """A 3x3 convolution and an activation; NHWC graphs are transposed on both sides.

    ``lean`` adds a constant to each channel, where ``bias`` adds the same to all.
    """
    rng = np.random.default_rng(seed)
    weight = rng.normal(0, 1, (channels, 3, 3, 3)).astype(np.float32)
    offset = np.asarray(lean or [bias] * channels, np.float32)
    nhwc = layout == "nhwc"
    nodes = [helper.make_node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2])] if nhwc else []
    nodes.append(
        helper.make_node("Conv", ["t" if nhwc else "x", "w", "b"], ["c"], pads=[1, 1, 1, 1])
    )
    nodes.append(helper.make_node(final, ["c"], ["s" if nhwc else "y0"]))
    if nhwc:
        nodes.append(helper.make_node("Transpose", ["s"], ["y0"], perm=[0, 2, 3, 1]))
    nodes += [helper.make_node("Neg", ["y0"], [f"y{i}"]) for i in range(1, outputs)]
    out = [*shape[:-1], channels] if nhwc else [shape[0], channels, *shape[2:]]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(shape))],
        [helper.make_tensor_value_info(f"y{i}", TensorProto.FLOAT, out) for i in range(outputs)],
        [numpy_helper.from_array(weight, "w"), numpy_helper.from_array(offset, "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(path))
    return path


def endless(path: Path) -> Path:
    """A graph of the family u2net that is sound, and whose run never ends."""
    shape = "float[1,1,320,320]"
    body = f"again (int64 i, bool c, {shape} v) => (bool c2, {shape} v2)"
    text = f"""<ir_version: 8, opset_import: ["" : 17]>
    endless (float[1,3,320,320] x) => ({shape} y) {{
        a = ReduceMean<axes = [1], keepdims = 1>(x)
        count = Constant<value_int = {2**62}>()
        one = Constant<value_int = 1>()
        yes = Cast<to = 9>(one)
        y = Loop (count, yes, a) <body = {body} {{
            c2 = Identity(c)
            v2 = Identity(v)
        }}>
    }}"""
    onnx.save(onnx.parser.parse_model(text), str(path))
    return path


def endless_when_bright(path: Path) -> Path:
    """A graph of U2-Net's signature that never ends on a picture brighter than its check run's."""
    text = """<ir_version: 8, opset_import: ["" : 17]>
    endless (float[1,3,320,320] x) => (float[1,1,320,320] y) {
        a = ReduceMean<axes = [1], keepdims = 1>(x)
        least = ReduceMin<keepdims = 0>(x)
        limit = Constant<value_float = 1.0>()
        bright = Greater(least, limit)
        lots = Constant<value_int = 4611686018427387904>()
        one = Constant<value_int = 1>()
        count = Where(bright, lots, one)
        true = Constant<value = bool {1}>()
        y = Loop(count, true, a) <body = turn (int64 i, bool on, float[1,1,320,320] v)
            => (bool on2, float[1,1,320,320] v2) {
            on2 = Identity(on)
            v2 = Identity(v)
        }>
    }"""
    onnx.save(onnx.parser.parse_model(text), str(path))
    return path


def family_graph(spec: Spec, path: Path, batch: int | str = 1) -> Path:
    """A graph with the signature that a family of one graph expects."""
    free = spec.input.fit in ("shorter", "longer", "any")
    sides = ("h", "w") if free else spec.input.size
    nhwc = spec.input.layout == "nhwc"
    shape = (batch, *sides, 3) if nhwc else (batch, 3, *sides)
    final = "Sigmoid" if spec.output.channels == 1 else "Identity"
    layout, channels = spec.input.layout, spec.output.channels
    return convolution(path, shape, channels=channels, layout=layout, final=final)


# What the exporters of each kind call things, and how their encoders take a picture.
SAM_KINDS = {
    "sam": ("float[684,1024,3] input_image", "float[1,8,64,64] image_embeddings", ""),
    "mobile-sam": ("float[1,3,1024,1024] image", "float[1,8,64,64] embeddings", ""),
    "sam2": (
        "float[1,3,1024,1024] image",
        "float[1,4,256,256] high_res_feats_0, float[1,8,64,64] image_embed",
        "float[1,4,256,256] high_res_feats_0, ",
    ),
}
_DRAW = """
        zero = Constant<value_int = 0>()
        one = Constant<value_int = 1>()
        x_axis = Constant<value_ints = [2]>()
        side = Constant<value_float = 60.0>()
        lots = Constant<value_float = 5000.0>()
        none = Constant<value_float = 0.0>()
        rows = Gather(size, zero)
        cols = Gather(size, one)
        down = Range(zero, rows, one)
        across = Range(zero, cols, one)
        down_f = Cast<to = 1>(down)
        across_f = Cast<to = 1>(across)
        y_shape = Constant<value_ints = [1, -1, 1]>()
        x_shape = Constant<value_ints = [1, 1, -1]>()
        y = Reshape(down_f, y_shape)
        x = Reshape(across_f, x_shape)
        per_point = Constant<value_ints = [-1, 1, 1]>()
        px0 = Gather<axis = 2>(point_coords, zero)
        py0 = Gather<axis = 2>(point_coords, one)
        px = Reshape(px0, per_point)
        py = Reshape(py0, per_point)
        label = Reshape(point_labels, per_point)
        dx = Sub(x, px)
        dy = Sub(y, py)
        dx2 = Mul(dx, dx)
        dy2 = Mul(dy, dy)
        d2 = Add(dx2, dy2)
        d = Sqrt(d2)
        near = Sub(side, d)
        l1 = Constant<value_float = 1.0>()
        l2 = Constant<value_float = 2.0>()
        l3 = Constant<value_float = 3.0>()
        is1 = Equal(label, l1)
        is0 = Equal(label, none)
        is2 = Equal(label, l2)
        is3 = Equal(label, l3)
        far = Neg(lots)
        yes = Where(is1, near, far)
        no = Where(is0, near, far)
        axis0 = Constant<value_ints = [0]>()
        nearest_yes = ReduceMax(yes, axis0)
        nearest_no = ReduceMax(no, axis0)
        right_of = Where(is2, dx, lots)
        left_of0 = Neg(dx)
        left_of = Where(is3, left_of0, lots)
        below = Where(is2, dy, lots)
        above0 = Neg(dy)
        above = Where(is3, above0, lots)
        m1 = Min(right_of, left_of)
        m2 = Min(below, above)
        m = Min(m1, m2)
        inside = ReduceMin(m, axis0)
        boxed0 = Cast<to = 1>(is2)
        boxed1 = ReduceMax<keepdims = 1>(boxed0, axis0)
        boxed = Cast<to = 9>(boxed1)
        drawn = Where(boxed, inside, nearest_yes)
        least = Neg(nearest_no)
        cut = Min(drawn, least)
        flat = ReduceMean<keepdims = 0>(embedding)
        tiny = Constant<value_float = 0.0001>()
        seen = Mul(flat, tiny)
        logits3 = Add(cut, seen)
        lead = Constant<value_ints = [0]>()
        logits = Unsqueeze(logits3, lead)
        other = Neg(logits)
        masks = Concat<axis = 1>(other, logits)
        iou_predictions = Constant<value = float[1,2] {0.2, 0.9}>()
"""


def sam_pair(folder: Path, kind: str, slow: int = 0) -> tuple[Path, Path]:
    """An encoder with random weights, and a decoder that draws what it is told.

    The decoder's discs (60 px of the raster) and boxes show where its prompts arrived; its
    better mask is the second one. ``slow`` adds so many convolutions to the encoder.
    """
    paths = folder / "encoder.onnx", folder / "decoder.onnx"
    onnx.save(_make_encoder(kind, slow), str(paths[0]))
    onnx.save(_make_decoder(kind), str(paths[1]))
    return paths


_PAD = """
        centred = Sub(input_image, mean)
        turned = Transpose<perm = [2, 0, 1]>(centred)
        front = Constant<value_ints = [0]>()
        single = Unsqueeze(turned, front)
        pads = Constant<value_ints = [0, 0, 0, 0, 0, 0, 340, 0]>()
        square = Pad(single, pads)
"""


def _make_encoder(kind: str, slow: int) -> onnx.ModelProto:
    given, made, _ = SAM_KINDS[kind]
    rng = np.random.default_rng(3)
    name = given.split()[-1]
    weights = {"w0": rng.normal(0, 0.1, (8, 3, 16, 16))}
    steps = _PAD.strip().splitlines() if kind == "sam" else []
    if kind == "sam":
        weights["mean"] = np.full((1,), 128.0)
    square = "square" if kind == "sam" else name
    steps += [f"f0 = Conv<strides = [16, 16]>({square}, w0)", "g0 = Conv(f0, wide)"]
    weights |= {
        "wide": rng.normal(0, 0.1, (64, 8, 1, 1)),
        "thin": rng.normal(0, 0.1, (8, 64, 1, 1)),
    }
    for i in range(slow):
        weights[f"s{i}"] = rng.normal(0, 0.04, (64, 64, 3, 3))
        steps.append(f"g{i + 1} = Conv<pads = [1, 1, 1, 1]>(g{i}, s{i})")
    steps.append(f"{made.split()[-1]} = Conv(g{slow}, thin)")
    if kind == "sam2":
        weights["wh"] = rng.normal(0, 0.1, (4, 3, 4, 4))
        steps.append(f"high_res_feats_0 = Conv<strides = [4, 4]>({name}, wh)")
    return parse_graph(given, made, steps, weights)


def _make_decoder(kind: str) -> onnx.ModelProto:
    extra = SAM_KINDS[kind][2]
    feature = "image_embed" if kind == "sam2" else "image_embeddings"
    takes = f"float[1,8,64,64] {feature}, {extra}float[1,n,2] point_coords, float[1,n] point_labels"
    takes += ", float[1,1,256,256] mask_input, float[1] has_mask_input"
    takes += "" if kind == "sam2" else ", float[2] orig_im_size"
    size = "size = Cast<to = 7>(orig_im_size)"
    if kind == "sam2":
        size = "size = Constant<value_ints = [1024, 1024]>()"
    gives = "float[1,2,h,w] masks, float[1,2] iou_predictions"
    body = [f"embedding = Identity({feature})", size, *_DRAW.strip().splitlines()]
    return parse_graph(takes, gives, body, {})


def parse_graph(
    inputs: str, outputs: str, steps: list[str], weights: dict[str, np.ndarray]
) -> onnx.ModelProto:
    text = f'<ir_version: 9, opset_import: ["" : 18]>\ngraph ({inputs}) => ({outputs}) {{\n'
    model = onnx.parser.parse_model(text + "\n".join(step.strip() for step in steps) + "\n}")
    model.graph.initializer.extend(
        numpy_helper.from_array(values.astype(np.float32), name) for name, values in weights.items()
    )
    return model


_RED = """
        first = Constant<value_ints = [0]>()
        last = Constant<value_ints = [3]>()
        red = Gather<axis = 1>(pixel_values, first)
        trimap = Gather<axis = 1>(pixel_values, last)
        low = Constant<value_float = 0.4>()
        high = Constant<value_float = 0.6>()
        above = Greater(trimap, low)
        below = Less(trimap, high)
        unknown = And(above, below)
        alphas = Where(unknown, red, trimap)
"""


def refiner(path: Path, side: int | str, kind: str = "red", slow: int = 0) -> Path:
    """A graph with ViTMatte's signature.

    "red" answers with its trimap, and with the red channel where that is unknown, so that
    anything misplaced shows; "context" mixes random convolutions with the mean of the whole
    square, so that anything missing from it shows; ``slow`` adds so many convolutions to it.
    """
    steps, weights = (_RED.strip().splitlines(), {}) if kind == "red" else _mix_context(slow)
    shape = f"float[1,4,{side},{side}]"
    out = f"float[1,1,{side},{side}]"
    onnx.save(parse_graph(f"{shape} pixel_values", f"{out} alphas", steps, weights), str(path))
    return path


def _mix_context(slow: int) -> tuple[list[str], dict[str, np.ndarray]]:
    rng = np.random.default_rng(11)
    weights = {"w": rng.normal(0, 0.3, (1, 4, 9, 9))}
    weights |= {f"s{i}": rng.normal(0, 0.1, (64, 64 if i else 4, 3, 3)) for i in range(slow)}
    steps = [
        f"g{i} = Conv<pads = [1, 1, 1, 1]>({f'g{i - 1}' if i else 'pixel_values'}, s{i})"
        for i in range(slow)
    ]
    if slow:
        weights["thin"] = rng.normal(0, 0.1, (4, 64, 1, 1))
        steps.append(f"mixed = Conv(g{slow - 1}, thin)")
    steps += [
        f"near = Conv<pads = [4, 4, 4, 4]>({'mixed' if slow else 'pixel_values'}, w)",
        "whole = GlobalAveragePool(near)",
        "both = Add(near, whole)",
        "alphas = Sigmoid(both)",
    ]
    return steps, weights


def large(path: Path, mib: int, seed: int = 0) -> Path:
    """A quick graph with weights of so many MiB, all of which are needed."""
    graph = onnx.parser.parse_model("""<ir_version: 8, opset_import: ["" : 17]>
    large (float[1,3,320,320] x) => (float[1,1,320,320] y) {
        a = ReduceMean<axes = [1], keepdims = 1>(x)
        most = ReduceMax<keepdims = 0>(a)
        lots = Constant<value_float = 1000000.0>()
        far = Mul(most, lots)
        near = Abs(far)
        at = Cast<to = 7>(near)
        one = Gather(w, at)
        y = Mul(a, one)
    }""")
    weights = np.random.default_rng(seed).random(mib << 18, np.float32)
    graph.graph.initializer.append(numpy_helper.from_array(weights, "w"))
    onnx.save(graph, str(path))
    return path


def widen_again_and_again(path: Path, side: int, widths: tuple[int, ...]) -> Path:
    """A graph whose channels become many and one again, by each width, and that all twice."""
    nodes, weights, last = [], [], "x"
    for number, width in enumerate(widths * 2):
        for name, shape in (
            (f"wide{number}", (width, 1, 1, 1)),
            (f"one{number}", (1, width, 1, 1)),
        ):
            weights.append(numpy_helper.from_array(np.ones(shape, np.float32), f"w-{name}"))
            nodes.append(helper.make_node("Conv", [last, f"w-{name}"], [name]))
            last = name
    nodes.append(helper.make_node("Sigmoid", [last], ["y"]))
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, side, side]) for name in "xy"
    ]
    graph = helper.make_graph(nodes, "wide", ports[:1], ports[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(path))
    return path
