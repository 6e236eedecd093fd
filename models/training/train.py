"""Train the embedded model; a killed run resumes from its last checkpoint.

`python train.py --data TRAIN --teacher TEACHER --backbone deeplab.tflite --out RUN`
`python train.py --data TRAIN --teacher TEACHER --start embedded.onnx --out RUN`
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import torch
from backbone import load_tflite
from batches import Plan, StepBatches, make_input, make_target, stretch_square
from data import Pair, load_all, read_skip, split
from loop import CHECKPOINT, LOG, Log, average_weights, draw_ahead, save_checkpoint
from losses import measure_loss
from network import Frisket
from scores import Score, score, summarise
from shipped import load_shipped, unfold
from torch import Tensor

#: Share of the averaged weights kept at each step, once past the first steps.
AVERAGE = 0.9985
#: Batches whose statistics an exported file's normalisation is unfolded with.
UNFOLDED = 8


class Run:
    """A network, its averaged twin and its optimiser, saved and restored together."""

    def __init__(self, plan: Plan, out: Path) -> None:
        self.plan, self.out, self.step = plan, out, 0
        torch.manual_seed(plan.seed)
        self.net = Frisket().to(memory_format=torch.channels_last)
        self.mean = Frisket().to(memory_format=torch.channels_last)
        groups = self.net.parameter_groups(plan.rate, plan.backbone_share)
        self.optimiser = torch.optim.AdamW(groups, lr=plan.rate, weight_decay=0.01)

    def resume(self) -> bool:
        """Go back to the checkpoint; say whether there was one."""
        if not (self.out / CHECKPOINT).exists():
            return False
        self._restore(torch.load(self.out / CHECKPOINT, weights_only=True))
        return True

    def begin(self, backbone: Path | None, shipped: Path | None, pairs: list[Pair]) -> None:
        """Begin with an exported file, with the published backbone, or from nothing."""
        if shipped is not None:
            load_shipped(self.net, shipped)
            steps = StepBatches(pairs, self.plan)
            unfold(self.net, [make_input(steps[step][0].numpy()) for step in range(UNFOLDED)])
        elif backbone is not None:
            load_tflite(self.net.backbone, backbone)
        self.mean.load_state_dict(self.net.state_dict())

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        parts = {"net": self.net, "mean": self.mean, "optimiser": self.optimiser}
        state = {name: part.state_dict() for name, part in parts.items()} | {"step": self.step}
        save_checkpoint(state, self.out)

    def learn(self, images: Tensor, soft: Tensor, masks: Tensor) -> float:
        """Learn from a uint8 batch; return the loss."""
        self._set_rate()
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.net(make_input(images.numpy()))
        loss = measure_loss(logits, make_target(soft.numpy()), make_target(masks.numpy()))
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        average_weights(self.mean, self.net, self.step, AVERAGE)
        return loss.item()

    def _set_rate(self) -> None:
        share = self.plan.rate_at(self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * share

    def _restore(self, state: dict[str, object]) -> None:
        for name in ("net", "mean", "optimiser"):
            getattr(self, name).load_state_dict(state[name])
        for group, new in zip(
            self.optimiser.param_groups,
            self.net.parameter_groups(self.plan.rate, self.plan.backbone_share),
            strict=True,
        ):
            group["peak"] = new["peak"]
        self.step = int(state["step"])  # type: ignore[call-overload]


@torch.no_grad()
def predict(net: Frisket, pair: Pair, size: int) -> Score:
    """Score one validation photograph at its own size."""
    image = stretch_square(pair.image, size)[None]
    alpha = net(make_input(image))[0].float().sigmoid()[0, 0].numpy()
    h, w = pair.mask.shape
    full = cv2.resize(alpha, (w, h), interpolation=cv2.INTER_LINEAR)
    return score(full, pair.mask.astype(np.float32) / 255)


def validate(net: Frisket, pairs: list[Pair], size: int) -> dict[str, dict[str, float]]:
    """Return scores of each set of the validation split."""
    net.eval()
    groups = sorted({p.group for p in pairs})
    members = {g: [p for p in pairs if p.group == g] for g in groups}
    return {g: summarise([predict(net, p, size) for p in m]) for g, m in members.items()}


def train(run: Run, pairs: list[Pair], valid_pairs: list[Pair], every: int) -> None:
    """Learn until the plan ends; log, score and save every so many steps."""
    log, losses, began = Log(run.out / LOG, run.step), [], time.time()
    if run.step == 0:
        log.write(step=0, scores=validate(run.mean, valid_pairs, run.plan.size))
    run.net.train()
    for batch in draw_ahead(StepBatches(pairs, run.plan), run.step, run.plan.steps):
        losses.append(run.learn(*batch))
        if run.step % 50 == 0:
            seconds, began = time.time() - began, time.time()
            log.write(step=run.step, loss=sum(losses) / len(losses), seconds=seconds)
            losses = []
        if run.step % every == 0 or run.step == run.plan.steps:
            scores = validate(run.mean, valid_pairs, run.plan.size)
            log.write(step=run.step, scores=scores)
            run.save()


def parse() -> argparse.Namespace:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--data", "--out"):
        parser.add_argument(name, type=Path, required=True)
    for name in ("--backbone", "--start", "--teacher"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--skip", type=Path, default=Path(__file__).parent / "skip.txt")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--backbone-share", type=float, default=0.2)
    parser.add_argument("--small-size", type=int, default=256)
    parser.add_argument("--size", type=int, default=320)
    parser.add_argument("--grow-at", type=float, default=0.5)
    parser.add_argument("--decay", type=float, default=0.4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--every", type=int, default=250)
    return parser.parse_args()


def main() -> None:
    """Load, resume and train."""
    args = parse()
    torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    plan = Plan(**{key: getattr(args, key) for key in Plan.__dataclass_fields__})
    run = Run(plan, args.out)
    (args.out / "plan.json").write_text(json.dumps(asdict(plan), indent=1))
    pairs, valid_pairs = split(load_all(args.data, args.teacher, read_skip(args.skip)))
    if not run.resume():
        run.begin(args.backbone, args.start, pairs)
    train(run, pairs, valid_pairs, args.every)


if __name__ == "__main__":
    main()
