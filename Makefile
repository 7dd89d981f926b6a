# make synth · make test · make check need Python 3.10 or newer, with venv, and nothing else.
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: help setup synth test rehearse rehearsal verify record check lint types settings bench lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## install everything, once

# npm trusts the certificates of the machine, as pip does on most, so that it works behind a company proxy.
$(READY): requirements.txt package-lock.json
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Patternbook needs Python 3.10 or newer, not " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt
	NODE_USE_SYSTEM_CA=1 $(VENV)/bin/npm ci --loglevel=error --no-audit --no-fund --ignore-scripts
	ln -sf ../../node_modules/.bin/cdk $(VENV)/bin/cdk
	touch $@

synth: $(READY) ## synthesize every pattern, and list the templates; ARGS="-c posture=production"
	@cdk synth --quiet $(ARGS)
	@python -m tools.summary cdk.out

test: $(READY) ## run the tests
	@pytest

rehearse: $(READY) ## the CDK CLI deploys, updates and destroys every pattern in an emulated account; STACK=one
	@python -m rehearsal run $(STACK)

rehearsal: $(READY) ## an emulated account to try things in, until Ctrl-C; PORT=0 for any
	@python -m rehearsal up $(if $(PORT),--port $(PORT))

verify: $(READY) ## check a stack that is deployed in the account of your credentials; STACK=FargateEfsStack
	@pytest -vv --confcutdir=tests/deployed tests/deployed --stack=$(or $(STACK),$(error STACK=… names the stack to verify))

record: $(READY) ## record what an emulated account answers to the checks of deployed stacks; STACK=one
	@python -m tests.deployed.record $(STACK)

check: lint types ## everything that CI runs
	$(MAKE) synth
	cdk synth --quiet --output cdk.out.production -c posture=production -c EveryStack.allow_plain_http=true
	cfn-lint cdk.out/*.template.json cdk.out.production/*.template.json
	patternbook check cdk.out/*.template.json cdk.out.production/*.template.json
	$(MAKE) test
	$(MAKE) rehearse

lint: $(READY)
	ruff check .
	ruff format --check .

types: $(READY)
	ty check

settings: $(READY) ## list every setting of every pattern
	@python -m tools.settings

bench: $(READY) ## measure the cost of a synth, of the unit tests and of the functions at the edge
	@python -m tools.bench

lock: $(READY) ## compile requirements.txt from pyproject.toml
	echo '-e .' | uv pip compile --quiet --universal --python-version 3.10 --group dev --no-annotate \
		--custom-compile-command 'make lock' --output-file requirements.txt -

clean: ## remove what is installed and what is generated
	rm -rf $(VENV) node_modules cdk.out cdk.out.production constructs/patternbook.egg-info
