# Two commands do all: `make demo` plays one real call through the whole stack, `make test` runs the tests.
# Everything is installed into this folder (.venv, .cache); nothing outside it is touched.

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3.11)
UV := .cache/uv/bin/uv
NPM := $(shell command -v npm)
IMAGE ?= trunkline-worker
RUN := .venv/bin/python
export PYTHONPATH := $(CURDIR)
export UV_PYTHON_DOWNLOADS := never

.DEFAULT_GOAL := help
.PHONY: help setup demo up test test-all api-fuzz check fmt doctor livekit-server client dashboard browser package image deploy secrets test-infra bench clean

help:  ## List the targets.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: .venv/.installed  ## Install what is pinned in uv.lock.

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null \
		|| { echo "Python 3.11 is needed; name it with: make PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv .cache/uv
	.cache/uv/bin/pip install --quiet --disable-pip-version-check uv==0.13.9

.venv/.installed: uv.lock pyproject.toml | $(UV)
	$(UV) sync --locked --quiet --compile-bytecode --python $(PYTHON)
	@touch $@

demo: setup  ## Play one call through the whole stack, print its timeline, then exit.
	$(RUN) -m local demo

up: setup $(if $(NPM),dashboard)  ## Keep the same stack running until Ctrl-C.
	$(RUN) -m local up

# Each group is given as files, since to choose by markers every test there is has to be imported first.
SCENARIOS := tests/calls/test_scenarios.py
INFRA := tests/infra tests/packaging
QUICK := $(addprefix --ignore ,$(INFRA) tests/calls tests/faults tests/browser)
ALONE := $(shell grep -rl --include='test_*.py' 'mark\.alone' tests)
IN_REAL_TIME := -m "alone or calls or faults" --ignore $(SCENARIOS) $(ALONE) tests/calls tests/faults

# What waits for conditions, side by side. In the order of the folders: it ends with many small files.
SIDE_BY_SIDE := $(RUN) -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not alone"

# What measures time, calls and browsers run in real time, and real servers and production's own processes have
# limits of a second or a few: what fails while the machine is busy with something else is told, and run once more,
# alone. A test that needs this is to be mended all the same.
AGAIN := $(RUN) -m pytest --last-failed --last-failed-no-failures none

test: setup $(if $(NPM),dashboard/node_modules/.package-lock.json)  ## Run the quick tests side by side, then each scenario as a whole call.
	$(SIDE_BY_SIDE) $(QUICK) || $(AGAIN) -m "not alone" $(QUICK)
	$(RUN) -m pytest $(SCENARIOS) || $(AGAIN) $(SCENARIOS)

test-all: test $(if $(NPM),dashboard)  ## Run all tests: also packaging, Terraform, load, faults, releases, the browser.
	$(SIDE_BY_SIDE) $(INFRA) || $(AGAIN) $(INFRA)
	$(RUN) -m pytest $(IN_REAL_TIME) || $(AGAIN) $(IN_REAL_TIME)
	$(RUN) -m pytest tests/browser || $(AGAIN) tests/browser

EXAMPLES ?= 30

api-fuzz: setup  ## Send EXAMPLES made-up requests an operation (30) to the API of a running laptop cloud.
	API_STACK=whole API_EXAMPLES=$(EXAMPLES) $(RUN) -m pytest --timeout 3600 tests/contract/test_tools_api_schema.py

check: setup  ## Lint, formatting, types and import direction.
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m pytest -q tests/unit/test_import_direction.py
	@command -v node >/dev/null || { echo "node is not here, and pyright runs on it: get Node.js 20 or newer"; exit 2; }
	$(RUN) -m pyright

fmt: setup  ## Format and fix what can be fixed.
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

doctor:  ## Say what is missing on this machine and how to get it.
	@if [ -x $(RUN) ]; then $(RUN) -m local doctor; \
	elif command -v $(PYTHON) >/dev/null; then $(PYTHON) local/doctor.py; \
	else echo "Python 3.11 is needed, and to look over the rest any Python 3: there is none"; exit 2; fi

livekit-server: setup  ## Build the real livekit-server (needs Go); without it the embedded server is used.
	$(RUN) -m local.livekit install

client: dashboard/node_modules/.package-lock.json  ## Generate the dashboard's TypeScript client from docs/openapi.json (needs npm).
	npm --prefix dashboard run --silent generate
	npm --prefix dashboard run --silent check

dashboard/node_modules/.package-lock.json: dashboard/package.json dashboard/package-lock.json
	@command -v npm >/dev/null || { echo "npm is not here; it comes with Node.js 20 or newer"; exit 2; }
	npm --prefix dashboard ci
	@touch $@

package: setup  ## Stage the functions into .build/functions and write the archives that Terraform uploads.
	$(RUN) -m operations.packaging

dashboard: dashboard/out/headers.json  ## Build the dashboard's pages (needs npm).

dashboard/out/headers.json: dashboard/node_modules/.package-lock.json dashboard/package.json \
		dashboard/next.config.ts dashboard/tsconfig.json $(shell find dashboard/src dashboard/scripts -type f)
	NEXT_TELEMETRY_DISABLED=1 npm --prefix dashboard run --silent build

browser:  ## Install Chromium for the browser tests (Debian, as root); elsewhere say what is missing.
	@if command -v chromium chromium-browser google-chrome >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else echo "Chromium is not here; as root: apt-get install chromium" >&2; fi

deploy: setup  ## Deploy to the cloud: docs/deploy.md. DRY_RUN=1 only says what would be done; RELEASE=green is another release.
	$(RUN) -m operations.deploy $(if $(DRY_RUN),--dry-run) $(if $(RELEASE),--release $(RELEASE))

secrets: setup  ## Ask for the values of the deployment's secrets, and replace them.
	$(RUN) -m operations.deploy secrets $(if $(DRY_RUN),--dry-run)

test-infra: setup  ## Test infra/terraform without a cloud (needs Terraform).
	$(RUN) -m pytest tests/infra

image:  ## Build the worker's image (needs docker).
	@command -v docker >/dev/null || { echo "docker is not here; get it, or let Cloud Build run worker/Dockerfile"; exit 2; }
	docker build --file worker/Dockerfile --tag $(IMAGE) .

bench: setup  ## Measure; prints tables and writes out/bench/*.json.
	$(RUN) -m bench

clean:  ## Remove everything that was installed or written.
	rm -rf .venv .cache .laptop .build out dashboard/node_modules dashboard/out dashboard/.next
