# Every chore of the project is one word; `make` alone lists them. Needs Python 3.11, git and make (3.81 or newer).

PYTHON ?= python3
RECIPE ?= tiny
RUN    ?= $(RECIPE)-$(NOW)
ARGS   ?=

TORCH := 2.13.0
VENV  := .venv
RIVALS := .venv-bench
BIN   := $(VENV)/bin/python
NOW   := $(shell date +%Y%m%d-%H%M%S)

# The stamps of the two installations: what the lessons need, and that with what the tests need.
LESSONS := $(VENV)/course.installed
TESTS   := $(VENV)/course,test.installed

# A kernel called python3 elsewhere, on a JUPYTER_PATH or in a home, must not run the notebooks in another environment.
export JUPYTER_PATH := $(CURDIR)/$(VENV)/share/jupyter
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help train test lab notebooks lint setup bench constraints clean
.NOTPARALLEL:

help: ## list what make can do
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo '  PYTHON=python3.12 chooses the Python, ARGS="..." goes on to the command: make train ARGS="-p epochs 3"'

# On a terminal the training's own progress bar shows as well; a log gets no bars.
train: $(LESSONS) ## generate mazes, train and evaluate into runs/ (RECIPE=tiny, local, fast, production, maximum)
	@mkdir -p "runs/$(RUN)"
	$(BIN) -m papermill $$(test -t 2 && echo --stdout-file - || echo --no-progress-bar) \
		notebooks/04_train.ipynb "runs/$(RUN)/04_train.ipynb" \
		-p recipe $(RECIPE) -p output_dir "$(CURDIR)/runs/$(RUN)" $(ARGS)
	@echo
	@cat "runs/$(RUN)/summary.txt"
	@echo "executed notebook: runs/$(RUN)/04_train.ipynb"

test: $(TESTS) ## run the tests and every notebook
	OMP_NUM_THREADS=1 $(BIN) -m pytest -n 2 --nbmake --nbmake-timeout=300 tests notebooks $(ARGS)

lab: $(LESSONS) ## open the lessons in JupyterLab
	$(BIN) -m jupyterlab notebooks $(ARGS)

notebooks: $(TESTS) ## execute the committed notebooks again, in place
	$(BIN) scripts/build_notebooks.py $(ARGS)

lint: $(TESTS) ## look for mistakes and untidiness with ruff
	$(BIN) -m ruff check . $(ARGS)

setup: $(TESTS) ## only install, into .venv: what the lessons and the tests need

bench: $(RIVALS)/rivals.installed ## measure this project beside its rivals, into benchmarks/RESULTS.md (ARGS=--long)
	$(RIVALS)/bin/python benchmarks/bench.py $(ARGS)

# An environment of their own: nothing that a rival needs is ever beside the lessons.
$(RIVALS)/rivals.installed: pyproject.toml constraints.txt benchmarks/requirements.txt
	$(found_python)
	"$(PYTHON)" -m venv $(RIVALS)
	$(RIVALS)/bin/python -m pip install -c constraints.txt pip setuptools
	$(RIVALS)/bin/python -m pip install -c constraints.txt --no-build-isolation -e . matplotlib -r benchmarks/requirements.txt
	@touch $@

# Pinned too is what only macOS (appnope) and only Python 3.12 (aiohttp) need. torch pins its CUDA packages itself.
constraints: ## pin the newest versions that work together in constraints.txt
	$(found_python)
	rm -rf build/constraints
	"$(PYTHON)" -m venv build/constraints
	build/constraints/bin/python -m pip install --upgrade pip setuptools
	build/constraints/bin/python -m pip install --no-build-isolation torch==$(TORCH) -e ".[course,test]" appnope aiohttp
	build/constraints/bin/python -m pip freeze --all --exclude-editable > build/frozen.txt
	@echo "# Exact versions of everything that make and conda install, written by 'make constraints'." > constraints.txt
	sed -e 's/+.*//' -e '/^nvidia-/d' -e '/^cuda-/d' -e '/^triton/d' build/frozen.txt >> constraints.txt
	rm -rf build

clean: ## remove .venv, .venv-bench and caches; data/, runs/, checkpoints/ and experiments/ stay
	rm -rf $(VENV) $(RIVALS) build *.egg-info .pytest_cache .ruff_cache .hypothesis */__pycache__ */.ipynb_checkpoints

define found_python
@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	echo "trm_nav needs Python 3.11 or newer, but $(PYTHON) is: $$("$(PYTHON)" --version 2>&1 | head -n 1)." \
	"Name another one, as in: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
	echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu, run: apt install python3-venv" >&2; exit 1; }
endef

$(VENV)/made:
	$(found_python)
	"$(PYTHON)" -m venv $(VENV)
	@touch $@

# Touched last, so an interrupted installation leaves no stamp. Every set of extras holds the lessons'.
$(VENV)/%.installed: $(VENV)/made pyproject.toml constraints.txt
	@echo "Installing the pinned versions into $(VENV); this takes a few minutes, once."
	$(BIN) -m pip install -c constraints.txt pip setuptools
	$(BIN) -m pip install -c constraints.txt --no-build-isolation -e ".[$*]"
	@touch $@ $(LESSONS)
