# make serve    the service on http://127.0.0.1:8000 (PORT= changes it)
# make test     set up what is needed and pass every check and test
# make check    the same without the slow packaging tests
# make verify   what the service withstands, in figures: faults, forgeries, fuzzing, kills, canaries, a server that drips
# make bench    what a call costs against a bare Flask route (ratios)
# make fuzz     each target of fuzz/ for FUZZ_SECONDS (60); installs atheris
# make sbom     the packages of .venv as CycloneDX: dist/sbom.json
# make lock     pin the newest allowed releases
# make clean    forget everything that was built

SHELL := /bin/sh
PORT ?= 8000
HOST ?= 127.0.0.1
WORKERS ?= 2
PYTHON ?= python3
UV ?= $(shell command -v uv 2>/dev/null)

VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed-run
DEV_STAMP := $(VENV)/.installed-dev

FUZZ_STAMP := $(VENV)/.installed-fuzz
FUZZ_SECONDS ?= 60
FUZZ_TARGETS := $(patsubst fuzz/%.py,%,$(filter-out fuzz/__init__.py,$(wildcard fuzz/*.py)))

.PHONY: serve test check format lint types tests content fhir-server verify bench fuzz sbom lock clean

serve: $(RUN_STAMP)
	@exec $(BIN)/cds-targets serve --host $(HOST) --port $(PORT) --workers $(WORKERS)

test: lint types content fhir-server
	$(BIN)/pytest -q

check: lint types content
	$(BIN)/pytest -q -m "not slow"

format: $(DEV_STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(DEV_STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/bandit -q -r src -c pyproject.toml

types: $(DEV_STAMP)
	$(BIN)/mypy

content: $(DEV_STAMP)
	$(BIN)/cds-targets check

# A FHIR server of somebody else's making, which tests fetch from.
fhir-server: $(DEV_STAMP)
	@$(BIN)/python -m tests.ehr.medplum

verify: $(DEV_STAMP)
	$(BIN)/python -m verify

bench: $(DEV_STAMP)
	$(BIN)/python -m benchmarks

sbom: $(RUN_STAMP)
	@test -x $(BIN)/cyclonedx-py || $(MAKE) --no-print-directory $(DEV_STAMP)
	@mkdir -p dist
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible -o dist/sbom.json $(BIN)/python

# What was found stays in .fuzz: the corpus of each target, and the input of a crash.
fuzz: $(FUZZ_STAMP)
	@for target in $(FUZZ_TARGETS); do mkdir -p .fuzz/$$target && echo "fuzzing $$target for $(FUZZ_SECONDS) s" && \
	  $(BIN)/python -m fuzz.$$target -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=.fuzz/ .fuzz/$$target || exit 1; done

lock:
	@test -n "$(UV)" || { echo "make lock needs uv: pip install uv"; exit 2; }
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	  --no-emit-index-url --no-emit-find-links --upgrade pyproject.toml --group build -o requirements.lock
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	  --no-emit-index-url --no-emit-find-links --upgrade pyproject.toml --group dev -o requirements-dev.lock
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	  --no-emit-index-url --no-emit-find-links --upgrade --group pyproject.toml:fuzz -o requirements-fuzz.lock

clean:
	rm -rf $(VENV) tests/ehr/medplum/node_modules dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/pyvenv.cfg:
ifneq ($(UV),)
	@$(UV) venv --quiet --python ">=3.11" $(VENV)
else
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed, and there is no $(PYTHON)."; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments: ensurepip is missing. On Debian or Ubuntu: apt install python3-venv"; \
	  echo "Or install uv, which needs neither."; exit 2; }
	@$(PYTHON) -m venv $(VENV)
endif

# A new lock or project file installs again; the development install serves both.
$(RUN_STAMP): requirements.lock pyproject.toml | $(VENV)/pyvenv.cfg
	@if [ -e $(DEV_STAMP) ]; then $(MAKE) --no-print-directory $(DEV_STAMP); else \
	  echo "Installing into $(VENV) ..."; $(call install,requirements.lock); fi
	@touch $@

$(DEV_STAMP): requirements-dev.lock pyproject.toml | $(VENV)/pyvenv.cfg
	@echo "Installing into $(VENV) ..."
	@$(call install,requirements-dev.lock)
	@touch $@

$(FUZZ_STAMP): requirements-fuzz.lock $(DEV_STAMP)
	@echo "Installing atheris into $(VENV) ..."
	@$(call add,requirements-fuzz.lock)
	@touch $@

# What is built is built with what the lock pins: no build isolation.
ifneq ($(UV),)
add = VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --require-hashes -r $(1)
install = VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --require-hashes -r $(1) && \
  VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --no-build-isolation --no-deps -e .
else
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check
add = $(PIP) install --require-hashes -r $(1)
install = { $(PIP) --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null; } && \
  $(PIP) install --require-hashes -r $(1) && $(PIP) install --no-build-isolation --no-deps -e .
endif
