# Every target but help and clean makes and fills .venv by itself; only Python >= 3.10, make
# and the package index are needed. What follows `##` is what `make help` says of a target.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ROOTS := $(wildcard proto/frisket/*.py) proto/frisket/protocol clients/frisket models/frisket/models \
  server/frisket/matting server/frisket/server
STAMP := $(VENV)/.ready

.PHONY: help demo test test-trials test-packaging test-hosts trials coverage check docs bench bench-quality \
  bench-embedded bench-hints about protos plugins clean

help:  ## say what each target does
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | \
	  while IFS='|' read -r name text; do printf '  make %-16s %s\n' $$name "$$text"; done

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "frisket needs Python 3.10 or later; set PYTHON=/path/to/python3"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "filling $(VENV) (a few minutes the first time)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[server]' --group dev
	@touch $(STAMP)

demo: $(STAMP)  ## cut a photograph out of a PSD and a 100-megapixel TIFF into demo-out/
	$(BIN)/python scripts/demo.py

test: $(STAMP)  ## the suite, without what fills many environments or needs GIMP and Krita
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not packaging and not browser" --ignore=tests/trials

test-trials: $(STAMP)  ## short samples of the trials, a few minutes; the pages in a browser
	$(BIN)/python -m pytest tests/trials tests/review/test_page.py tests/live/test_page.py

test-packaging: $(STAMP)  ## wheel and sdist, every extra alone, the floors, other Pythons
	$(BIN)/python -m pytest tests/packaging

coverage: $(STAMP)  ## the suite again, and which lines it never ran (coverage/index.html)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -m "not packaging"
	$(BIN)/coverage combine -q
	$(BIN)/coverage html -q --directory coverage
	$(BIN)/coverage report --skip-covered

# Real GIMP and Krita, in a tree of their own; Linux and root only (scripts/hosts.sh).
# HOSTS=next takes those of Debian testing.
test-hosts: $(STAMP)  ## the plug-ins in real GIMPs and Kritas
	FRISKET_TEST_HOSTS=1 FRISKET_HOSTS=$(HOSTS) $(BIN)/python -m pytest --timeout 1200 -o faulthandler_timeout=0 tests/hosts

# `test-trials` runs short samples of the same; `test` samples of what stands second here.
# TRIAL=name chooses some.
WIDE := tests/documents tests/end_to_end/test_same_bytes.py tests/end_to_end/test_best.py \
  tests/end_to_end/test_proxy_sizes.py

trials: $(STAMP)  ## real servers under load, attack and loss, at whole length, with figures
	FRISKET_TRIALS=whole $(BIN)/python -m pytest -s --timeout 1800 -o faulthandler_timeout=0 \
	  tests/trials $(if $(TRIAL),-k '$(TRIAL)')
	$(if $(TRIAL),,FRISKET_TRIALS=whole $(BIN)/python -m pytest -n 2 --dist loadfile --timeout 1800 $(WIDE))

plugins: $(STAMP)  ## write the plug-ins for GIMP and Krita as zip files into dist/
	$(BIN)/frisket plugins pack dist

check: $(STAMP)  ## style, types, imports, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python scripts/check_imports.py
	$(BIN)/pylint --disable=all --enable=duplicate-code --min-similarity-lines=8 --score=no \
	  --ignore-paths='.*_pb2.*' $(ROOTS)
	$(BIN)/python scripts/generate_about.py --check
	$(BIN)/python scripts/generate_protos.py --check
	$(BIN)/python scripts/generate_recipe_schema.py --check

docs: $(STAMP)  ## the documentation site, in site/; it can be read without a network
	$(BIN)/python -m pip install -q --disable-pip-version-check --group docs
	$(BIN)/python -m mkdocs build --strict

bench: $(STAMP)  ## beside rembg: time and memory
	$(BIN)/python benchmarks/rembg.py

bench-quality: $(STAMP)  ## beside rembg: measured mattes
	$(BIN)/python benchmarks/quality.py

bench-embedded: $(STAMP)  ## the embedded model beside U2-Net-p
	$(BIN)/python benchmarks/embedded.py

bench-hints: $(STAMP)  ## what hints bring
	$(BIN)/python benchmarks/hints.py

protos: $(STAMP)  ## generate the protocol's Python code
	$(BIN)/python scripts/generate_protos.py

about: $(STAMP)  ## write the module of name and version from pyproject.toml
	$(BIN)/python scripts/generate_about.py

clean:  ## remove every environment and everything that was made
	rm -rf $(VENV) .venv-proto .venv-rembg demo-out bench-out dist coverage .coverage site
