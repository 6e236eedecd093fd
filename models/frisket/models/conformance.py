"""What every model keeps, as tests to subclass: whoever writes an adapter proves it with them.

A subclass says how its model is opened; pytest collects it by its own name::

    class TestMine(MatteConformance):
        def open_model(self) -> Model:
            return Registry().open("mine", "cpu", 1)

Each test opens a model of its own, so the tests hold for one model in one state. pytest is not
needed: every ``test_`` method takes nothing, and raises ``AssertionError`` where a promise of
``Model`` is broken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from .core.errors import BadPrompt, ModelClosed
from .core.types import (
    MAX_STATE_BYTES,
    Box,
    Coarse,
    Model,
    ModelInfo,
    Picture,
    Point,
    Prompt,
    Refiner,
    Stroke,
)
from .looks import (
    crop_picture,
    crop_prompt,
    frame_subject,
    join_looks,
    mirror_picture,
    mirror_prompt,
)

SIZES = ((1, 1), (1, 40), (3, 2), (500, 8), (97, 64), (120, 160))
"""(height, width) of the pictures that are shown, odd ones among them."""
_LAST_BIT = 1  # of 255: a batch may round otherwise than a picture alone


def draw_picture(height: int, width: int) -> Picture:
    """Return an orange disc before a blue ramp."""
    y, x = np.mgrid[:height, :width]
    planes = [40 + x * 40 // width, 60 + y * 40 // height, 180 + 0 * x]
    picture = np.stack(planes, axis=2).astype(np.uint8)
    radius = 0.3 * min(height, width)
    picture[(y - height / 2) ** 2 + (x - width / 2) ** 2 < radius**2] = (230, 130, 20)
    return picture


def list_prompts(info: ModelInfo, height: int, width: int) -> list[Prompt]:
    """Return a prompt of every kind that lies inside a picture; none is outside its promises."""
    middle = Point(width // 2, height // 2)
    prompts = [
        Prompt(),
        Prompt(boxes=(Box(width * 0.1, height * 0.1, width * 0.9, height * 0.9),)),
        Prompt(points=(middle, Point(0, 0, positive=False))),
        Prompt(points=(Point(0, 0, positive=False),)),
        Prompt(strokes=(Stroke(np.array([(0, 0), (middle.x, middle.y)])),)),
        Prompt(strokes=(Stroke(np.zeros((1, 2)), positive=False),)),
    ]
    return prompts + [replace(prompts[1], classes=(name,)) for name in info.cuttable[:2]]


class Conformance:
    """What holds for a model of any role."""

    def open_model(self) -> Model:
        """Open the model; every call opens another one."""
        raise NotImplementedError

    def run(self, model: Model) -> object:
        """Run the model once; return what can be compared."""
        raise NotImplementedError

    def test_info_is_whole(self) -> None:
        """Check that it says what it is, under which licence, and that it is here."""
        model = self.open_model()
        info = model.info
        assert isinstance(model, Model)
        assert info.name and info.family and info.description and info.licence
        assert info.present and info.size_bytes >= 0
        assert len(info.input_size) == 2 and min(info.input_size) >= 0
        assert len(set(info.cuttable)) == len(info.cuttable) and "" not in info.cuttable
        assert info.role == ("refiner" if isinstance(model, Refiner) else "matte")

    def test_device_is_named(self) -> None:
        """Check that it says where it runs, also when it is closed."""
        model = self.open_model()
        device = model.device
        assert device == "cpu" or device.startswith("cuda:")
        model.close()
        assert model.device == device

    def test_close_twice(self) -> None:
        """Check that closing twice is as closing once."""
        model = self.open_model()
        self.run(model)
        model.close()
        model.close()

    def test_closed_model_refuses(self) -> None:
        """Check that a closed model raises one sentence, and another of the same files runs."""
        model, other = self.open_model(), self.open_model()
        model.close()
        error = _catch(ModelClosed, lambda: self.run(model))
        assert str(error).endswith(".") and "\n" not in str(error)
        self.run(other)


class MatteConformance(Conformance):
    """What holds for a model that finds a subject."""

    def run(self, model: Model) -> object:
        """Return the alpha of one picture."""
        return model.matte([draw_picture(*SIZES[-1])])[0].alpha.tobytes()

    def test_shapes_and_types(self) -> None:
        """Check that any picture gets an alpha of its own size, and numbers in their ranges."""
        model = self.open_model()
        for size in SIZES:
            check_coarse(model.matte([draw_picture(*size)])[0], size, model.info)

    def test_same_answer_twice(self) -> None:
        """Check that the same picture gets the same bytes, from another opening too."""
        model, other = self.open_model(), self.open_model()
        assert self.run(model) == self.run(model) == self.run(other)

    def test_pictures_are_left_alone(self) -> None:
        """Check that the pixels that are given stay as they are."""
        picture = draw_picture(*SIZES[-1])
        before = picture.copy()
        picture.setflags(write=False)
        self.open_model().matte([picture])
        assert np.array_equal(picture, before)

    def test_no_pictures(self) -> None:
        """Check that nothing asked is nothing answered."""
        assert self.open_model().matte([]) == []

    def test_plain_pictures_keep_the_contract(self) -> None:
        """Check that in pictures of one grey, too, ``empty`` means an alpha of zeros."""
        model = self.open_model()
        for grey in (0, 128, 255):
            picture = np.full((40, 60, 3), grey, np.uint8)
            check_coarse(model.matte([picture])[0], (40, 60), model.info)

    def test_batch_is_one_by_one(self) -> None:
        """Check that pictures of one size, and of several, are answered as if each came alone."""
        model = self.open_model()
        alike = [draw_picture(50, 70), mirror_picture(draw_picture(50, 70)), draw_picture(50, 70)]
        for pictures in (alike, [draw_picture(*size) for size in SIZES]):
            told: list[Prompt | None] = [None] * len(pictures)
            told[-1] = list_prompts(model.info, *pictures[-1].shape[:2])[1]
            together = model.matte(pictures, told)
            alone = [model.matte([p], [t])[0] for p, t in zip(pictures, told, strict=True)]
            check_alike(together, alone)

    def test_prompts_are_taken_or_ignored(self) -> None:
        """Check that every prompt is taken, and places ignored by a model that takes none."""
        model = self.open_model()
        size = SIZES[-1]
        picture = draw_picture(*size)
        plain = model.matte([picture])[0]
        for prompt in list_prompts(model.info, *size):
            coarse = model.matte([picture], [prompt])[0]
            check_coarse(coarse, size, model.info)
            if not model.info.prompts and not prompt.classes:
                assert np.array_equal(coarse.alpha, plain.alpha) and not coarse.prompted

    def test_places_outside_are_refused(self) -> None:
        """Check that a model that takes places names one that lies outside."""
        model = self.open_model()
        picture = draw_picture(*SIZES[-1])
        for prompt in (Prompt(points=(Point(5000, 5),)), Prompt((Box(5000, 5, 5010, 9),))):
            if model.info.prompts:
                error = _catch(BadPrompt, partial(model.matte, [picture], [prompt]))
                assert "5000,5" in str(error)
            else:
                model.matte([picture], [prompt])

    def test_classes(self) -> None:
        """Check that classes are layers, and that one that it has not is refused by name."""
        model = self.open_model()
        picture = draw_picture(*SIZES[-1])
        unknown = Prompt(classes=("no such class",))
        assert "no such class" in str(_catch(BadPrompt, lambda: model.matte([picture], [unknown])))
        for name in model.info.cuttable:
            coarse = model.matte([picture], [Prompt(classes=(name,))])[0]
            assert coarse.empty or np.array_equal(coarse.layers[name], coarse.alpha)

    def test_looks(self) -> None:
        """Check that picture, mirror image and a part of it, prompts and all, can be joined."""
        model = self.open_model()
        size = SIZES[-1]
        picture = draw_picture(*size)
        for prompt in (None, *list_prompts(model.info, *size)):
            plain = model.matte([picture], [prompt])[0]
            turned = mirror_prompt(prompt, size[1])
            mirror = model.matte([mirror_picture(picture)], [turned])[0]
            frame, close = frame_subject(plain), None
            if frame is not None:
                part, told = crop_picture(picture, frame), crop_prompt(prompt, frame)
                close = model.matte([part], [told])[0]
            joined = join_looks(plain, mirror, close, frame)
            assert not joined.layers
            check_coarse(replace(joined, layers=plain.layers), size, model.info)


class RecurrentConformance(MatteConformance):
    """What holds beside that for a model that heeds what it left of the picture before."""

    def follow(self, model: Model, pictures: Sequence[Picture]) -> list[Coarse]:
        """Return the answers to pictures that follow one another."""
        answers: list[Coarse] = []
        for picture in pictures:
            left = answers[-1].state if answers else ()
            answers += model.matte([picture], [Prompt(state=left)])
        return answers

    def test_a_state_is_left_where_one_is_wanted(self) -> None:
        """Check that it says that it is recurrent, and leaves bounded arrays when asked alone."""
        model = self.open_model()
        picture = draw_picture(*SIZES[-1])
        assert model.info.recurrent and model.matte([picture])[0].state is None
        for coarse in self.follow(model, [picture] * 3):
            assert coarse.state and sum(one.nbytes for one in coarse.state) <= MAX_STATE_BYTES
            assert all(one.dtype == np.float32 for one in coarse.state)
            check_coarse(coarse, SIZES[-1], model.info)

    def test_the_first_is_as_a_picture_alone(self) -> None:
        """Check that a clip begins with the answer that its first picture has by itself."""
        model = self.open_model()
        picture = draw_picture(*SIZES[-1])
        check_alike(self.follow(model, [picture]), model.matte([picture]))

    def test_states_decide_and_nothing_else(self) -> None:
        """Check that states are left as they are, and that who has them goes on anywhere."""
        model, other = self.open_model(), self.open_model()
        turned = mirror_picture(draw_picture(*SIZES[-1]))
        pictures = [draw_picture(*SIZES[-1]), turned, turned]
        whole = self.follow(model, pictures)
        again = other.matte(pictures[2:], [Prompt(state=whole[1].state)])[0]
        assert np.array_equal(again.alpha, whole[2].alpha)
        third = model.matte(pictures[2:], [Prompt(state=whole[1].state)])[0]
        assert np.array_equal(third.alpha, whole[2].alpha)

    def test_states_of_others_are_refused(self) -> None:
        """Check that a state of another number of arrays is refused in one sentence."""
        model = self.open_model()
        picture = draw_picture(*SIZES[-1])
        wrong = (np.zeros((1, 1, 1, 1), np.float32),) * 99
        error = _catch(BadPrompt, lambda: model.matte([picture], [Prompt(state=wrong)]))
        assert "99" in str(error)


class RefinerConformance(Conformance):
    """What holds for a model that refines a square whose trimap is known."""

    def run(self, model: Model) -> object:
        """Return the alpha of one square."""
        assert isinstance(model, Refiner)
        trimap = np.full((model.side, model.side), 128, np.uint8)
        trimap[: model.side // 3], trimap[-model.side // 3 :] = 0, 255
        alpha = model.refine(draw_picture(model.side, model.side), trimap)
        assert alpha.shape == (model.side, model.side) and alpha.dtype == np.uint16
        return alpha.tobytes()

    def test_same_answer_twice(self) -> None:
        """Check that the same square gets the same bytes, from another opening too."""
        model, other = self.open_model(), self.open_model()
        assert self.run(model) == self.run(model) == self.run(other)

    def test_it_answers_nothing_alone(self) -> None:
        """Check that it says what it is for when it is asked for a matte."""
        model = self.open_model()
        _catch(BadPrompt, lambda: model.matte([draw_picture(64, 64)]))


def check_coarse(coarse: Coarse, size: tuple[int, int], info: ModelInfo) -> None:
    """Check an answer for a picture of ``size`` (height, width).

    Raises:
        AssertionError: a promise of ``Coarse`` is broken.
    """
    for mask in (coarse.alpha, *coarse.layers.values()):
        assert mask.shape == size and mask.dtype == np.uint8
    assert set(coarse.layers) <= set(info.cuttable)
    assert coarse.cell_px >= 1 and 0 <= coarse.confidence <= 1
    if coarse.empty:
        assert not coarse.alpha.any() and coarse.note.endswith(".")
    elif info.cuttable:
        assert set(coarse.layers) == set(info.cuttable)
    assert info.prompts or not coarse.prompted


def check_alike(some: Sequence[Coarse], others: Sequence[Coarse]) -> None:
    """Check that two runs answered the same, but for the last bit.

    Raises:
        AssertionError: they did not.
    """
    assert len(some) == len(others)
    for one, other in zip(some, others, strict=True):
        assert (one.empty, one.note, one.prompted) == (other.empty, other.note, other.prompted)
        assert np.abs(one.alpha.astype(int) - other.alpha).max() <= _LAST_BIT


def _catch(kind: type[Exception], act: Callable[[], object]) -> Exception:
    try:
        act()
    except kind as error:
        return error
    raise AssertionError(f"It should have been refused with {kind.__name__}.")
