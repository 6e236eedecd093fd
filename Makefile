# Every target makes and fills .venv by itself; only Python >= 3.10, make and the
# package index are needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: demo test check docs bench bench-quality bench-embedded bench-hints protos test-hosts plugins clean

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "frisket needs Python 3.10 or later; set PYTHON=/path/to/python3"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "filling $(VENV) (a few minutes the first time)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[server]' --group dev
	@touch $(STAMP)

demo: $(STAMP)
	$(BIN)/python scripts/demo.py

test: $(STAMP)
	$(BIN)/python -m pytest

# Real GIMP and Krita, in a tree of their own; Linux and root only (scripts/hosts.sh).
test-hosts: $(STAMP)
	FRISKET_TEST_HOSTS=1 $(BIN)/python -m pytest --timeout 1200 tests/hosts

plugins: $(STAMP)
	$(BIN)/frisket plugins pack dist

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python scripts/check_imports.py
	$(BIN)/python scripts/generate_protos.py --check

# The documentation site, in site/; it can be read without a network.
docs: $(STAMP)
	$(BIN)/python -m pip install -q --disable-pip-version-check --group docs
	$(BIN)/python -m mkdocs build --strict

bench: $(STAMP)
	$(BIN)/python benchmarks/rembg.py

bench-quality: $(STAMP)
	$(BIN)/python benchmarks/quality.py

bench-embedded: $(STAMP)
	$(BIN)/python benchmarks/embedded.py

bench-hints: $(STAMP)
	$(BIN)/python benchmarks/hints.py

protos: $(STAMP)
	$(BIN)/python scripts/generate_protos.py

clean:
	rm -rf $(VENV) .venv-proto .venv-rembg demo-out bench-out site
