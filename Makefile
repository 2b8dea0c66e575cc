# `make demo` and `make test` are all a new machine needs besides Python 3.11 and git.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo gallery test lint types contracts tests system clean

demo: $(STAMP)
	$(BIN)/orbitset render scenes/quickstart.yaml -o out/quickstart
	$(BIN)/orbitset dataset validate out/quickstart
	@echo "open out/quickstart/report.html"

# The pictures of docs/effects.md.
gallery: $(STAMP)
	$(BIN)/python -m tests.gallery

test: lint types contracts tests

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

contracts: $(STAMP)
	$(BIN)/lint-imports

# A process a core, and one more: some tests wait for processes of their own. Idle ones take from others.
# The program is started hundreds of times: without byte code kept, a fifth of each start is compiling.
tests: $(STAMP)
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n $$(( $$(nproc) + 1 )) --dist worksteal

$(STAMP): pyproject.toml constraints.txt
	@$(MAKE) --no-print-directory system
	@command -v $(PYTHON) >/dev/null || { \
	  echo "orbitset needs Python 3.11 (bpy 4.5 has no other wheels): install it, or make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --disable-pip-version-check --quiet -c constraints.txt -e '.[dev]'
	@touch $@

# bpy needs X11/GL libraries even without a screen; root on Debian/Ubuntu gets them here.
system:
	@$(PYTHON) -m renderer.blender.libraries --install

clean:
	rm -rf $(VENV) out build *.egg-info
