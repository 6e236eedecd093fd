"""Makes a real pipeline of diffusers, small and with random weights.

`python tiny_pipeline.py FOLDER KIND`, where KIND is text or inpaint.
It runs in whichever Python has PyTorch and diffusers.
"""

import json
import sys
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    StableDiffusionInpaintPipeline,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

CARD = "---\nlicense: cc-by-nc-4.0\n---\n# Tiny\n"


def make_tokenizer(folder: Path) -> CLIPTokenizer:
    letters = [chr(code) for code in range(33, 127)]
    words = [*letters, *(f"{one}</w>" for one in letters), "<|startoftext|>", "<|endoftext|>"]
    folder.mkdir()
    (folder / "vocab.json").write_text(json.dumps({word: at for at, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer(
        str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=32
    )


def main() -> None:
    folder, kind = Path(sys.argv[1]), sys.argv[2]
    torch.manual_seed(0)
    tokenizer = make_tokenizer(folder.with_name("tokens"))
    text = CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2, max_position_embeddings=32,
    )  # fmt: skip
    unet = UNet2DConditionModel(
        sample_size=8, in_channels=9 if kind == "inpaint" else 4, out_channels=4,
        layers_per_block=1, block_out_channels=(8, 16), norm_num_groups=4, cross_attention_dim=16,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), attention_head_dim=2,
    )  # fmt: skip
    vae = AutoencoderKL(
        block_out_channels=(8, 8, 8, 8), norm_num_groups=4, latent_channels=4,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
    )  # fmt: skip
    make = StableDiffusionInpaintPipeline if kind == "inpaint" else StableDiffusionPipeline
    pipe = make(
        vae=vae, text_encoder=CLIPTextModel(text), tokenizer=tokenizer, unet=unet,
        scheduler=DDIMScheduler(), safety_checker=None, feature_extractor=None,
        requires_safety_checker=False,
    )  # fmt: skip
    pipe.save_pretrained(folder)
    (folder / "README.md").write_text(CARD)


if __name__ == "__main__":
    main()
