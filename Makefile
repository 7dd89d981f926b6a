# make synth · make test · make check need Python 3.10 or newer, with venv, and nothing else.
PYTHON ?= python3
VENV := .venv
# Programs are called by their path: the make of macOS does not look them up in a PATH that a Makefile exports.
BIN := $(CURDIR)/$(VENV)/bin
READY := $(VENV)/.ready
# Programs find each other by it: cdk finds node, and app.py's python.
export PATH := $(BIN):$(PATH)

# Where templates are written.
OUT := cdk.out

.PHONY: help setup synth test rehearse rehearsal verify record check lint types templates policy house rehearsals
.PHONY: settings diff-templates bench lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## install everything, once

# npm trusts the certificates of the machine, as pip does on most, so that it works behind a company proxy.
$(READY): requirements.txt package-lock.json
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Patternbook needs Python 3.10 or newer, not " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.txt
	NODE_USE_SYSTEM_CA=1 $(BIN)/npm ci --loglevel=error --no-audit --no-fund --ignore-scripts
	ln -sf ../../node_modules/.bin/cdk $(BIN)/cdk
	touch $@

# The stacks of a stage are named, because the CLI validates only those of the app itself without a name. With --ci, the
# CLI prints errors and warnings to stderr and everything else to stdout, in place of which stands the summary.
synth: $(READY) ## synthesize every pattern, and list the templates; STAGE=production, ARGS="-c patterns=EcrStack"
	@$(BIN)/cdk synth --quiet --ci --output $(OUT) $(if $(STAGE),'$(STAGE)/*' -c stages=$(STAGE)) $(ARGS) >/dev/null
	@$(BIN)/python -m tools.summary $(OUT) $(STAGE)

test: $(READY) ## run the tests of templates, alarms, rules and settings, in about two minutes
	@$(BIN)/pytest

rehearse: $(READY) ## deploy, change and destroy every pattern in an emulated account; STACK=FargateEfsStack, STAGE=sandbox
	@$(BIN)/python -m rehearsal run $(STACK) $(if $(STAGE),--stage $(STAGE))

rehearsal: $(READY) ## keep an emulated account to try things in, until Ctrl-C; PORT=0 for any
	@$(BIN)/python -m rehearsal up $(if $(PORT),--port $(PORT))

verify: $(READY) ## check a stack that is deployed in the account of your credentials; STACK=FargateEfsStack, STAGE=production
	@$(BIN)/pytest -vv --confcutdir=tests/deployed tests/deployed $(if $(STAGE),--stage=$(STAGE)) \
		--stack=$(or $(STACK),$(error STACK=… names the stack to verify))

record: $(READY) ## record what an emulated account answers to the checks of deployed stacks; STACK=FargateEfsStack
	@$(BIN)/python -m tests.deployed.record $(STACK)

# The parts are independent: `make --jobs=2 check` runs two at a time. The longest comes first.
check: rehearsals policy house test rehearse templates types lint ## run everything that CI runs

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/ty check

templates: $(READY) ## synthesize both postures, and check every template
	$(MAKE) synth
	$(MAKE) synth STAGE=production OUT=cdk.out.production ARGS="-c EveryStack.allow_plain_http=true -c EveryStack.allow_silent_alarms=true"
	$(BIN)/cfn-lint cdk.out/*.template.json cdk.out.production/assembly-production/*.template.json
	$(BIN)/patternbook check cdk.out/*.template.json cdk.out.production/assembly-production/*.template.json

policy: $(READY) ## run the tests of cdk-nag, IAM policies, Kubernetes manifests and the order of resources
	$(BIN)/pytest tests/policy

house: $(READY) ## run the tests of commands, of code that runs inside the patterns, and of checks of deployed stacks
	$(BIN)/pytest tests/house tests/runtime tests/deployed tests/proof

rehearsals: $(READY) ## run the tests of the emulated account and of the rehearsal
	$(BIN)/pytest tests/rehearsal

settings: $(READY) ## list the settings of a pattern; STACK=FargateEfsStack
	@$(BIN)/python -m tools.settings $(STACK)

diff-templates: $(READY) ## show how templates differ from those of another commit; REF=main
	@$(BIN)/python -m tools.templates $(or $(REF),$(error REF=… names the commit to compare with))

bench: $(READY) ## measure the cost of a synth, of the unit tests and of the functions at the edge; ARGS=--parts for a check's
	@$(BIN)/python -m tools.bench $(ARGS)

lock: $(READY) ## compile requirements.txt from pyproject.toml
	echo '-e .' | $(BIN)/uv pip compile --quiet --universal --python-version 3.10 --group dev --no-annotate \
		--custom-compile-command 'make lock' --output-file requirements.txt -

clean: ## remove what is installed and what is generated
	rm -rf $(VENV) node_modules build cdk.out cdk.out.production constructs/patternbook.egg-info
