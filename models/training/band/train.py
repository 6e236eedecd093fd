"""Train the network of the band; a killed run resumes from its checkpoint to the same weights.

`python -m band.train --scenes SCENES --out RUN`
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
import torch.nn.functional as F  # noqa: N812
from loop import CHECKPOINT, LOG, Log, average_weights, draw_ahead, save_checkpoint
from torch import Tensor

from band.batches import IGNORED, Plan, StepBatches, list_scenes
from band.network import CLASSES, BandNet

#: Share of the averaged weights kept at each step, once past the first steps.
AVERAGE = 0.99
#: Of the validation scenes so many are scored, the same parts of them each time.
_SCORED = 96


def measure_loss(logits: Tensor, classes: Tensor, alpha: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted cross-entropies of class and alpha; logits N×4×h×w, the rest N×h×w."""
    named = F.cross_entropy(logits[:, :CLASSES], classes, ignore_index=IGNORED, reduction="none")
    guess = F.binary_cross_entropy_with_logits(logits[:, CLASSES], alpha, reduction="none")
    return ((named + guess) * weights).sum() / weights.sum().clamp(min=1)


class Run:
    """A network, its averaged twin and its optimiser, saved and restored together."""

    def __init__(self, plan: Plan, out: Path) -> None:
        self.plan, self.out, self.step = plan, out, 0
        torch.manual_seed(plan.seed)
        self.net = BandNet().to(memory_format=torch.channels_last)
        self.mean = BandNet().to(memory_format=torch.channels_last)
        self.mean.load_state_dict(self.net.state_dict())
        self.optimiser = torch.optim.AdamW(self.net.parameters(), plan.rate, weight_decay=1e-3)

    def _parts(self) -> dict[str, BandNet | torch.optim.Optimizer]:
        return {"net": self.net, "mean": self.mean, "optimiser": self.optimiser}

    def resume(self) -> bool:
        """Go back to the checkpoint; say whether there was one."""
        if not (self.out / CHECKPOINT).exists():
            return False
        state = torch.load(self.out / CHECKPOINT, weights_only=True)
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.step = int(state["step"])
        return True

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        state = {name: part.state_dict() for name, part in self._parts().items()}
        save_checkpoint(state | {"step": self.step}, self.out)

    def learn(self, features: Tensor, *told: Tensor) -> float:
        """Learn from a batch; return the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.rate * self._share_of_rate()
        loss = measure_loss(self.net(features), *told)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        average_weights(self.mean, self.net, self.step, AVERAGE)
        return loss.item()

    def _share_of_rate(self) -> float:
        """Return a short warm-up, then a cosine down to 1 %."""
        warm = min(1.0, (self.step + 1) / 50)
        through = self.step / self.plan.steps
        return warm * (0.01 + 0.99 * 0.5 * (1 + float(np.cos(np.pi * through))))


@torch.no_grad()
def validate(net: BandNet, held: list[Path], plan: Plan) -> float:
    """Return the mean loss over the same parts of the scenes that were kept apart."""
    net.eval()
    batches = StepBatches(held, plan)
    losses = [
        float(measure_loss(net(shown), *told))
        for shown, *told in (batches[step] for step in range(_SCORED // plan.batch))
    ]
    return sum(losses) / len(losses)


def train(run: Run, scenes: Path, every: int) -> None:
    """Learn until the plan ends; log, score and save every so many steps."""
    learnt, held = list_scenes(scenes)
    log, losses, began = Log(run.out / LOG, run.step), [], time.time()
    run.net.train()
    for batch in draw_ahead(StepBatches(learnt, run.plan), run.step, run.plan.steps):
        losses.append(run.learn(*batch))
        if run.step % every == 0 or run.step == run.plan.steps:
            scored = validate(run.mean, held, run.plan)
            loss, seconds = sum(losses) / len(losses), time.time() - began
            log.write(step=run.step, loss=loss, validation=scored, seconds=seconds)
            run.save()
            losses, began = [], time.time()


def main() -> None:
    """Resume and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--scenes", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--crop", type=int, default=256)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--every", type=int, default=100)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    run = Run(Plan(**{key: getattr(args, key) for key in Plan.__dataclass_fields__}), args.out)
    (args.out / "plan.json").write_text(json.dumps(asdict(run.plan), indent=1))
    run.resume()
    train(run, args.scenes, args.every)


if __name__ == "__main__":
    main()
