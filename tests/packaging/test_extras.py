"""Wheel and source archive, with each extra alone, in bare environments.

`make test` fills two of them; `make test-packaging` all, and those of other Pythons.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from frisket.about import DISTRIBUTION

from .bare import check_commands, check_cut, check_refusal, find_python, make_bare, run_uv

RUNTIMES = ("server", "gpu")
# gpu alone is 300 MB to fetch, so only the whole run has it, and once.
CASES = [
    pytest.param("wheel", "", id="wheel"),
    pytest.param("wheel", "server", id="wheel-server"),
    *(
        pytest.param(kind, extra, id=f"{kind}-{extra or 'base'}", marks=pytest.mark.packaging)
        for kind, extra in [
            ("wheel", "raw"), ("wheel", "heif"), ("wheel", "exr"), ("wheel", "finish"),
            ("wheel", "paths"), ("wheel", "metrics"), ("wheel", "video"), ("wheel", "live"),
            ("wheel", "engine"), ("wheel", "gpu"), ("sdist", ""), ("sdist", "raw"),
            ("sdist", "engine"), ("sdist", "server"),
        ]
    ),
]  # fmt: skip


def name_extra(file: Path, extra: str) -> str:
    return f"{file}[{extra}]" if extra else str(file)


@pytest.mark.parametrize(("kind", "extra"), CASES)
def test_each_extra_works_alone(
    tmp_path: Path, dists: dict[str, Path], picture: Path, kind: str, extra: str
) -> None:
    bare = make_bare(tmp_path, [name_extra(dists[kind], extra)])
    check_commands(bare)
    if extra in RUNTIMES:
        check_cut(bare, picture)
    else:
        check_refusal(bare, picture)


@pytest.mark.packaging
@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13", "3.14"])
def test_other_pythons(tmp_path: Path, dists: dict[str, Path], picture: Path, version: str) -> None:
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        pytest.skip("the Python of all the other tests")
    bare = make_bare(tmp_path, [name_extra(dists["wheel"], "server")], find_python(version))
    check_commands(bare)
    check_cut(bare, picture)


@pytest.mark.packaging
def test_the_cuda_extra_brings_what_the_gpu_extra_lacks(dists: dict[str, Path]) -> None:
    """Only resolved: it is gigabytes, and of no use without a GPU."""
    requirement = f"{DISTRIBUTION}[{{}}] @ {dists['wheel'].as_uri()}"
    brought = {}
    for extra in ("gpu", "cuda"):
        listed = dists["wheel"].with_name(f"{extra}.txt")
        listed.write_text(requirement.format(extra), encoding="utf-8")
        target = ("--python-platform", "x86_64-manylinux_2_28", "--no-header", "--no-annotate")
        lines = run_uv("pip", "compile", "-q", *target, listed).splitlines()
        brought[extra] = {line.partition("==")[0] for line in lines}
    assert "onnxruntime-gpu" in brought["gpu"]
    assert "onnxruntime" not in brought["cuda"]
    extra_names = " ".join(brought["cuda"] - brought["gpu"])
    assert "nvidia-cudnn" in extra_names
    assert "nvidia-cuda-runtime" in extra_names
