"""What the command says: help, versions, suggestions, JSON, colours, completion, manual."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command import FRISKET, OnTerminal, frisket, layered, refused

import frisket as package
from frisket.cli.commands import COMMANDS, EXAMPLES
from frisket.cli.completion import complete
from frisket.cli.exits import Exit
from frisket.cli.main import build_parser
from frisket.cli.parser import Parser, children, walk

ROOT = Path(__file__).resolve().parents[2]


def every_parser() -> list[Parser]:
    return [one for one in walk(build_parser(*COMMANDS)) if isinstance(one, Parser)]


@pytest.mark.parametrize("columns", ["200", "80", "60"])
def test_every_help_fits_and_has_examples(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    parsers = every_parser()
    assert {parser.prog for parser in parsers} >= {"frisket", "frisket cut", "frisket models pull"}
    for parser in parsers:
        text = parser.format_help()
        assert "frisket" in text.partition("examples:\n  ")[2].splitlines()[0], parser.prog
        assert max(map(len, text.splitlines())) <= 80, parser.prog


def test_examples_are_of_commands_that_exist() -> None:
    progs = {parser.prog.partition(" ")[2] for parser in every_parser()}
    assert set(EXAMPLES) == progs


def test_the_line_in_the_whole_help_is_the_commands_own() -> None:
    short, full = (build_parser(*names).format_help() for names in ((), tuple(COMMANDS)))
    assert short == full
    assert set(children(build_parser())) == {*COMMANDS, "help"}


@pytest.mark.parametrize("words", [("-V",), ("--version",)])
def test_the_version(words: tuple[str, ...]) -> None:
    assert frisket(*words).stdout == f"frisket {package.__version__}\n"


def test_the_version_comes_at_once() -> None:
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", *FRISKET, "--version"], capture_output=True, text=True
    )
    names = {line.rpartition("|")[2].strip() for line in loaded.stderr.splitlines()}
    assert not names & {"argparse", "numpy", "grpc", "google.protobuf", "h2", "frisket.cli.cut"}


def test_help_in_every_way() -> None:
    whole = frisket("--help").stdout
    assert frisket().stdout == frisket("help").stdout == whole
    assert frisket("help", "cut").stdout == frisket("cut", "-h").stdout
    assert frisket("help", "models", "pull").stdout == frisket("models", "pull", "-h").stdout


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("ctu", "a.jpg"), "there is no command 'ctu'; did you mean 'cut'?"),
        (("cut", "a.jpg", "--modle", "x"), "there is no option --modle; did you mean '--model'?"),
        (("models", "lst"), "there is no verb 'lst'; did you mean 'list'?"),
        (("plugins", "install", "gmip"), "there is no host 'gmip'; did you mean 'gimp'?"),
        (("cut", "a.jpg", "--as", "cutuot"), "--as: 'cutuot' is not possible; did you mean"),
        (("cut", "a.jpg", "--shift", "900"), "--shift: '900' does not lie between"),
        (("cut", "a.jpg", "--depth", "many"), "--depth: 'many' is not a number"),
        (("cut", "a.jpg", "--box", "1,2"), "--box: '1,2' is not X,Y,W,H in pixels"),
        (("cut",), "the following arguments are required: INPUT"),
        (("layers", "a.psd", "b.psd"), "unexpected: b.psd"),
    ],
)
def test_a_mistake_is_named_with_the_usage_of_its_command(
    command: tuple[str, ...], said: str
) -> None:
    done = frisket(*command)
    assert done.returncode == 2
    *usage, sentence = done.stderr.strip().splitlines()
    assert said in sentence
    prog = "frisket" if command[0] == "ctu" else f"frisket {command[0]}"
    assert usage[0].startswith(f"usage: {prog}")


def test_a_model_or_layer_that_was_nearly_named(home: Path, folder: Path) -> None:
    said = refused(6, "cut", "a.jpg", "-m", "embeded")
    assert "There is no model 'embeded'; did you mean 'embedded'?" in said
    assert "did you mean 'embedded'?" in refused(6, "models", "show", "embeded")
    layered(folder / "in.psd")
    assert "did you mean 'Disc'?" in refused(4, "cut", "in.psd", "--layer", "Dics")
    assert "did you mean 'People/Disc'?" in refused(4, "cut", "in.psd", "--layer", "People/Dsc")
    assert "People/Disc" in refused(4, "cut", "in.psd", "--layer", "Nobody")


def test_errors_and_lists_as_json(home: Path, folder: Path) -> None:
    models = json.loads(frisket("models", "ls", "--json").stdout)["models"]
    assert {"embedded", "u2netp"} <= {model["name"] for model in models}
    assert {model["state"] for model in models} <= {
        "default", "installed", "available", "bring your own",
    }  # fmt: skip
    shown = json.loads(frisket("models", "show", "u2netp", "--json").stdout)
    assert shown["name"] == "u2netp" and shown["sources"]
    for status, command in [
        (2, ("cut", "--nonsense", "--json")),
        (3, ("layers", "gone.psd", "--json")),
        (6, ("models", "show", "nobody", "--json")),
        (Exit.NO_PLUGIN, ("plugins", "uninstall", "gimp", "--where", "nowhere", "--json")),
    ]:
        done = frisket(*command)
        said = json.loads(done.stdout)
        assert done.returncode == said["status"] == status
        assert said["error"] and said["error"] in done.stderr
        assert "hint" in said


def test_plugins_as_json(home: Path, folder: Path) -> None:
    done = frisket("plugins", "install", "gimp", "--where", folder / "plug-ins", "--json")
    [plugin] = json.loads(done.stdout)["plugins"]
    assert (plugin["host"], plugin["version"]) == ("gimp", package.__version__)
    assert plugin["good"] and plugin["findings"]


def on_a_terminal(*command: str, **variables: str) -> bytes:
    """Run a command whose standard error is a terminal, and return what that shows."""
    return OnTerminal(*command, **variables).finish()


def test_colours_are_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert b"\x1b[1;31m" in on_a_terminal("layers", "gone.psd")
    assert b"\x1b" not in on_a_terminal("layers", "gone.psd", NO_COLOR="1")
    assert b"\x1b" not in on_a_terminal("layers", "gone.psd", TERM="dumb")
    assert "\x1b" not in frisket("layers", "gone.psd").stderr


def test_progress_has_a_label_from_the_first_and_runs_forward(home: Path, folder: Path) -> None:
    shown = on_a_terminal("cut", "a.jpg", "b.png").decode()
    assert shown.startswith("\rstarting")
    first, _, second = shown.partition("[2/2] b.png")
    labels = ("reading", "running fake", "first mask", "sharpening", "writing")
    places = [first.index(label) for label in labels]
    assert places == sorted(places)
    # The second file is begun beside the first: some of it may be done when its turn comes.
    places = [place for label in labels if (place := second.find(label)) >= 0]
    assert places == sorted(places)
    assert "writing" not in shown.rpartition("\r\x1b[K")[2], "nothing of it stays"
    assert b"reading" not in on_a_terminal("cut", "a.jpg", "--overwrite", "--no-progress")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("mo", ["models"]),
        ("models pu", ["pull"]),
        ("cut --qua", ["--quality"]),
        ("cut a.jpg --quality ", ["draft", "standard", "high", "best"]),
        ("cut --device c", ["cpu", "cuda"]),
        ("cut --device t", ["tensorrt"]),
        ("cut -m embed", ["embedded"]),
        ("plugins install k", ["krita"]),
        ("completion f", ["fish"]),
        ("cut ", ["<files>"]),
        ("cut --trimap ", ["<files>"]),
        ("nonsense x", ["<files>"]),
    ],
)
def test_completion_knows_what_may_follow(home: Path, given: str, expected: list[str]) -> None:
    assert complete(given.split(" ")) == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_there_is_a_script_for_each_shell(shell: str) -> None:
    script = frisket("completion", shell).stdout
    assert "frisket completion words --" in script
    program = shutil.which({"powershell": "pwsh"}.get(shell, shell))
    if program and shell != "powershell":
        subprocess.run([program, "-n"], input=script, text=True, check=True, timeout=30)


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes(home: Path, folder: Path) -> None:
    code = """
eval "$(frisket completion bash)"
ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _frisket; echo "${COMPREPLY[@]}"; }
ask frisket mod
ask frisket cut a.jpg --quality ""
"""
    path = f"{Path(FRISKET[0]).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", code], capture_output=True, text=True, timeout=60,
        env={**os.environ, "PATH": path},
    )  # fmt: skip
    assert done.stdout.splitlines() == ["models", "draft standard high best"], done.stderr


def test_the_manual_names_every_option(tmp_path: Path) -> None:
    page = tmp_path / "frisket.1"
    script = ROOT / "scripts" / "make_man_page.py"
    subprocess.run([sys.executable, script, page], check=True, timeout=60)
    text = page.read_text(encoding="utf-8").replace("\\-", "-")
    for parser in every_parser():
        assert parser.prog in text
        for name in parser._option_string_actions:
            assert name in text
    if shutil.which("man"):
        done = subprocess.run(
            ["man", "--warnings", "-l", str(page)], capture_output=True, text=True, timeout=60,
            env={**os.environ, "LC_ALL": "C.UTF-8", "MANPAGER": "cat"},
        )  # fmt: skip
        assert "Cut subjects out of layers" in done.stdout
        assert done.stderr == ""
