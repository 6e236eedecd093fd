"""A generator that runs a pipeline of diffusers: `python diffuse.py PIPELINE`.

It is a program of its own and needs nothing of frisket, so that it runs in whichever environment
has PyTorch and diffusers; what it reads and answers is told in `frisket/finish/generation.py`.
"""

import inspect
import json
import sys
from pathlib import Path
from typing import Any

_GREY = (128, 128, 128)
_EXTRA = 'pip install ".[generate]" in frisket\'s checkout, or name another python'


def main() -> int:
    """Read a request, write a picture, answer."""
    request = json.loads(sys.stdin.readline())
    try:
        import torch
        from diffusers import DiffusionPipeline
    except ImportError as error:
        return answer(error="missing", message=f"{error}: {_EXTRA}")
    pipeline = sys.argv[1]
    licence = {} if Path(pipeline).is_dir() else find_licence(pipeline)
    print(json.dumps(licence), flush=True)  # before the weights are fetched
    try:
        pipe = DiffusionPipeline.from_pretrained(pipeline)
        picture = generate(torch, pipe, request)
    except (torch.OutOfMemoryError, MemoryError) as error:
        return answer(error="memory", message=first_line(error))
    except Exception as error:
        if "out of memory" in str(error) or "can't allocate memory" in str(error):
            return answer(error="memory", message=first_line(error))
        return answer(error="failed", message=f"{type(error).__name__}: {first_line(error)}")
    if picture is None:
        return answer(error="refused", message="its safety checker saw something it does not show")
    picture.convert("RGB").save(request["output"])
    return answer(model=pipeline, **licence)


def find_licence(pipeline: str) -> dict[str, str]:
    """Return the licence that a pipeline's card on the hub tells of; nothing where there is none.

    That of a folder has been read already.
    """
    from huggingface_hub import ModelCard

    try:
        told = ModelCard.load(pipeline).data.to_dict()
    except Exception:  # no card, no network: loading the pipeline tells why
        return {}
    name = told.get("license_name") or told.get("license")
    return {"licence": str(name)} if name else {}


def generate(torch: Any, pipe: Any, request: dict[str, Any]) -> Any:
    """Return what a pipeline makes of a request; None where its safety checker refuses."""
    pipe = pipe.to(request.get("device") or choose_device(torch))
    pipe.set_progress_bar_config(disable=True)
    options = {
        "prompt": request["prompt"], "width": request["width"], "height": request["height"],
        "generator": torch.Generator("cpu").manual_seed(request["seed"]),
    }  # fmt: skip
    if request.get("steps"):
        options["num_inference_steps"] = request["steps"]
    known = inspect.signature(pipe.__call__).parameters
    if "mask_image" in known:
        options |= make_mask(request)
    options["callback_on_step_end"] = tell_step
    made = pipe(**{name: value for name, value in options.items() if name in known})
    flagged = getattr(made, "nsfw_content_detected", None) or [False]
    return None if any(flagged) else made.images[0]


def make_mask(request: dict[str, Any]) -> dict[str, Any]:
    """Return what inpainting takes: the subject over grey, and white where it may paint."""
    from PIL import Image, ImageOps

    subject = Image.open(request["subject"]).convert("RGBA")
    ground = Image.new("RGBA", subject.size, (*_GREY, 255))
    shown = Image.alpha_composite(ground, subject).convert("RGB")
    return {"image": shown, "mask_image": ImageOps.invert(subject.getchannel("A"))}


def tell_step(pipe: Any, step: int, time: Any, tensors: dict[str, Any]) -> dict[str, Any]:
    """Print how far a pipeline is, and change nothing; `step` counts from 0."""
    if steps := int(getattr(pipe, "num_timesteps", 0)):
        print(json.dumps({"step": step + 1, "steps": steps}), flush=True)
    return tensors


def choose_device(torch: Any) -> str:
    """Return the fastest device that is there."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def answer(**told: str) -> int:
    """Print the answer as the last line; 1 where it is an error."""
    print(json.dumps(told), flush=True)
    return 1 if "error" in told else 0


if __name__ == "__main__":
    sys.exit(main())
