# `make` alone lists the targets. Needs Python 3.11 or newer, git, and make 3.81 or newer.

PYTHON ?= python3
RECIPE ?= tiny
RUN    ?= $(RECIPE)-$(NOW)
ARGS   ?=

# An index that PyTorch alone is installed from, instead of pip's own. On Linux, pip's own index has the build for CUDA,
# which takes gigabytes; without a GPU, use PyTorch's CPU builds: TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=

# The version in constraints.txt. `make setup TORCH=2.11.0` installs another one, to test the project with it.
TORCH := 2.13.0
VENV  := .venv
RIVALS := .venv-bench
BOOK  := .venv-site
BIN   := $(VENV)/bin/python
NOW   := $(shell date +%Y%m%d-%H%M%S)

# The stamps of the two installations: what the lessons need, and that with what the tests need.
LESSONS := $(VENV)/course.installed
TESTS   := $(VENV)/course,test.installed

# A kernel called python3 elsewhere, on a JUPYTER_PATH or in a home, must not run the notebooks in another environment.
export JUPYTER_PATH := $(CURDIR)/$(VENV)/share/jupyter
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help train lab setup doctor check lint format test nbmake test-everywhere torture audit hooks notebooks promises bench site constraints clean
.NOTPARALLEL:

help: ## list what make can do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo '  PYTHON=python3.12 chooses the Python. ARGS="..." is passed on: make train ARGS="-p epochs 3"'
	@echo '  TORCH_INDEX=https://download.pytorch.org/whl/cpu installs PyTorch without CUDA: make setup TORCH_INDEX=...'

# On a terminal the training's own progress bar shows as well; a log gets no bars.
train: $(LESSONS) ## generate mazes, train and evaluate into runs/ (RECIPE=tiny, local, wave, fast, production, maximum)
	@mkdir -p "runs/$(RUN)"
	$(BIN) -m papermill $$(test -t 2 && echo --stdout-file - || echo --no-progress-bar) \
		notebooks/04_train.ipynb "runs/$(RUN)/04_train.ipynb" \
		-p recipe $(RECIPE) -p output_dir "$(CURDIR)/runs/$(RUN)" $(ARGS)
	@echo
	@cat "runs/$(RUN)/summary.txt"
	@echo "executed notebook: runs/$(RUN)/04_train.ipynb"

lab: $(LESSONS) ## open the lessons in JupyterLab
	@test "$$(id -u)" != 0 || case " $(ARGS) " in *" --allow-root "*) ;; *) \
		echo "JupyterLab does not start for root, who may do anything: run 'make lab' as an ordinary user," \
		"or, in a container, make lab ARGS=--allow-root" >&2; exit 2;; esac
	$(BIN) -m jupyterlab notebooks $(ARGS)

setup: $(TESTS) ## only install, into .venv: what the lessons and the tests need

# Runs with any Python, so that it can say why an installation failed.
doctor: ## say what is installed, what is missing, and what to do about it
	@if test -x $(BIN); then $(BIN) scripts/doctor.py $(ARGS); else "$(PYTHON)" scripts/doctor.py $(ARGS); fi

# Workers have one thread each. They keep compiled modules, since they and their commands are many
# processes that import the same.
PYTEST := PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN) -m pytest --dist worksteal

# Without nbmake, which takes a second to load.
check: lint ## before each commit: lint, then the tests that take no more than about half a second each
	$(PYTEST) -n 2 -p no:nbmake -m "not slow and not browser" tests $(ARGS)

lint: $(TESTS) ## check format, likely mistakes, types, direction of imports and spelling; changes nothing
	$(BIN) -m ruff format --check .
	$(BIN) -m ruff check .
	$(BIN) -m mypy
	$(VENV)/bin/lint-imports --no-logo
	git ls-files -z | xargs -0 $(VENV)/bin/codespell

format: $(TESTS) ## format the code and repair what ruff can repair
	$(BIN) -m ruff format .
	$(BIN) -m ruff check --fix .

# tests/course runs every notebook to its end and solves its exercises; nbmake runs one here, and all in `make nbmake`.
# Three workers, because a test often waits: for a page, a database, a process that starts.
test: $(TESTS) ## run the tests and every notebook
	$(PYTEST) -n 3 --nbmake --durations 20 --durations-min 1 tests notebooks/01_astar.ipynb $(ARGS)

nbmake: $(TESTS) ## run every notebook as `pytest --nbmake` does
	OMP_NUM_THREADS=1 $(BIN) -m pytest -n 2 --nbmake --nbmake-timeout=900 notebooks $(ARGS)

test-everywhere: $(TESTS) ## run the tests under conditions that other machines have (ARGS=--list names them)
	$(BIN) scripts/test_everywhere.py $(ARGS)

torture: $(TESTS) ## attack commands, files, library and lessons, into docs/reliability.md (ARGS=--failures lists them)
	OMP_NUM_THREADS=1 $(BIN) -m benchmarks.studies.torture $(ARGS)

audit: $(TESTS) ## ask whether the pinned versions have known vulnerabilities; needs the network
	$(BIN) scripts/audit.py

hooks: $(TESTS) ## let git run lint's checks before each commit
	$(BIN) -m pre_commit install

notebooks: $(TESTS) ## execute the committed notebooks again, in place
	$(BIN) scripts/build_notebooks.py $(ARGS)

promises: $(TESTS) ## measure the figures that the documents promise, and write them there (ARGS=check compares)
	$(BIN) -m benchmarks.studies.promises $(ARGS)

bench: $(RIVALS)/rivals.installed ## measure this project beside others, into benchmarks/RESULTS.md (ARGS=--long)
	$(RIVALS)/bin/python -m benchmarks.bench $(ARGS)

# The benchmarks have an environment of their own, so that their packages cannot change the lessons'.
$(RIVALS)/rivals.installed: pyproject.toml constraints.txt benchmarks/requirements.txt
	$(found_python)
	"$(PYTHON)" -m venv $(RIVALS)
	$(call install,$(RIVALS),-e . matplotlib -r benchmarks/requirements.txt)
	@touch $@

# The book has an environment of its own, too: its packages would change the pins of the lessons'.
site: $(BOOK)/book.installed ## build the course as a website, into build/site (ARGS=--linkcheck asks other sites, too)
	$(BOOK)/bin/python site/build.py $(ARGS)

$(BOOK)/book.installed: site/requirements.txt
	$(found_python)
	"$(PYTHON)" -m venv $(BOOK)
	$(BOOK)/bin/python -m pip install --no-deps -r site/requirements.txt
	@touch $@

# appnope is needed on macOS only, aiohttp on Python 3.12 only; soupsieve 3 needs Python 3.11.5, and Debian 12 has 3.11.2.
# jsonschema 4.25 and later build a parser of web addresses for two seconds, in every process that reads a notebook's
# file. torch pins its CUDA packages itself.
constraints: ## pin the newest versions that work together in constraints.txt
	$(found_python)
	rm -rf build/constraints
	"$(PYTHON)" -m venv build/constraints
	build/constraints/bin/python -m pip install --upgrade pip setuptools
	build/constraints/bin/python -m pip install --no-build-isolation torch==$(TORCH) -e ".[course,test]" \
		appnope aiohttp "soupsieve<3" "jsonschema<4.25"
	build/constraints/bin/python -m pip freeze --all --exclude-editable > build/frozen.txt
	@echo "# Exact versions of everything that make and conda install, written by 'make constraints'." > constraints.txt
	sed -e 's/+.*//' -e '/^nvidia-/d' -e '/^cuda-/d' -e '/^triton/d' build/frozen.txt >> constraints.txt
	rm -rf build

clean: ## remove environments, built pages and caches; data/, runs/, checkpoints/ and experiments/ stay
	rm -rf $(VENV) $(RIVALS) $(BOOK) build *.egg-info .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
	find benchmarks notebooks scripts site tests trm_nav \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune \
		-exec rm -rf {} +

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

# install ENVIRONMENT,WHAT: the pinned versions, PyTorch first where it has an index of its own. A version of PyTorch
# named on the command line may need another setuptools than the pinned one.
define install
	sed -e 's/^torch==.*/torch==$(TORCH)/' $(if $(filter command,$(origin TORCH)),-e '/^setuptools==/d') \
		constraints.txt > $(1)/pins.txt
	$(1)/bin/python -m pip install -c $(1)/pins.txt pip setuptools
	$(if $(TORCH_INDEX),$(1)/bin/python -m pip install -c $(1)/pins.txt --index-url $(TORCH_INDEX) --no-deps torch)
	$(1)/bin/python -m pip install -c $(1)/pins.txt --no-build-isolation $(2)
endef

# Touched last, so an interrupted installation leaves no stamp. Every set of extras holds the lessons'.
$(VENV)/%.installed: $(VENV)/made pyproject.toml constraints.txt
	@echo "Installing the pinned versions into $(VENV); this takes a few minutes, once."
	$(call install,$(VENV),-e ".[$*]")
	@touch $@ $(LESSONS)
