# Two commands matter: `make demo` and `make test`. Both set up what they need in .venv, with plain pip and hashed locks.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help setup demo serve shell test check fuzz synth lint hooks bench microscope-trial audit lock templates publish clean
.DEFAULT_GOAL := help

help:
	@echo "Try it"
	@echo "  make demo [SMEAR=picture]  send one smear through the whole service on this machine"
	@echo "  make serve                 run the service and its portal on this machine until Ctrl-C"
	@echo "  make shell                 open a shell that knows the command 'hemascope'"
	@echo "Change it"
	@echo "  make test                  run all tests"
	@echo "  make check                 run format, lint, types, unit and functional tests without TensorFlow"
	@echo "  make lint                  check format, style, types and CloudFormation templates"
	@echo "  make hooks                 run the quick part of make lint before each commit"
	@echo "  make fuzz                  try 10,000 damaged files, 2,000 damaged messages, and the state machine at full size"
	@echo "  make bench                 measure speed, memory, cost and load"
	@echo "  make microscope-trial      try the microscope's agent: 500 pictures, a failing network, ten kills"
	@echo "  make templates             synthesize the templates that the local cloud is made of"
	@echo "  make synth                 synthesize the CloudFormation templates into build/"
	@echo "  make audit                 scan templates and dependencies for vulnerabilities"
	@echo "  make lock                  resolve and pin the dependencies again"
	@echo "Run it on AWS"
	@echo "  make publish               upload the portal's pages to the deployment of HEMASCOPE_STAGE"
	@echo "Environment"
	@echo "  make setup                 install everything into .venv"
	@echo "  make clean                 delete .venv and everything that was built"

.venv/python.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	@echo "Creating a virtual environment in .venv ..."
	@$(PYTHON) -m venv .venv
	@touch $@

# The demo needs neither TensorFlow nor CDK: a minute instead of several.
# pyvips comes as source: what makes it is installed first, with hashes too, and builds are not isolated.
.venv/local.stamp: .venv/python.stamp requirements/build.txt requirements/local.txt
	@echo "Installing the Python packages of the command line, about a minute ..."
	@$(PIP) install --require-hashes -r requirements/build.txt
	@$(PIP) install --require-hashes --no-build-isolation -r requirements/local.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev.stamp: .venv/local.stamp requirements/dev.txt
	@echo "Installing the Python packages for development, with TensorFlow and the CDK: several minutes ..."
	@$(PIP) install --require-hashes --no-build-isolation -r requirements/dev.txt
	@touch $@

setup: .venv/dev.stamp

demo: .venv/local.stamp
	@$(BIN)/hemascope demo $(if $(SMEAR),--smear "$(SMEAR)")

serve: .venv/local.stamp
	@$(BIN)/hemascope serve

# A child of make, so 'exit' returns to where it was called.
shell: .venv/local.stamp
	@echo "'hemascope --help' lists the commands; 'exit' leaves this shell."
	@VIRTUAL_ENV="$(CURDIR)/.venv" PATH="$(CURDIR)/$(BIN):$$PATH" $${SHELL:-/bin/sh}

# In two processes, file by file: many tests wait for the local cloud. In order, since the files that take longest come first.
PARALLEL := --numprocesses 2 --dist loadfile --no-loadscope-reorder
test: .venv/dev.stamp
	$(BIN)/python -m pytest $(PARALLEL)

# What trains networks, and with it the import of TensorFlow, is left to `make test`.
check: .venv/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest $(PARALLEL) --ignore-glob='*/test_training_*.py' tests/unit tests/functional

fuzz: .venv/dev.stamp
	$(BIN)/python -m tests.fuzz
	$(BIN)/python -m pytest tests/machine --hypothesis-profile=full --timeout=1800

# The rule packs of cdk-nag run here.
SYNTHESIZED := build/synthesized
synth: .venv/dev.stamp
	rm -rf $(SYNTHESIZED)
	CDK_OUTDIR=$(SYNTHESIZED) $(BIN)/python app.py

lint: synth
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/cfn-lint -- $(SYNTHESIZED)/*.template.json

# From then on Git runs the quick part of `make lint` before each commit.
hooks: .venv/dev.stamp
	$(BIN)/pre-commit install

# The last one installs other runtimes into build/serving and converts the network for them: minutes, the first time.
bench: .venv/dev.stamp
	$(BIN)/python -m benchmarks.screening
	$(BIN)/python -m benchmarks.memory
	$(BIN)/python -m benchmarks.tiles
	$(BIN)/python -m benchmarks.cost
	$(BIN)/python -m benchmarks.coldstart
	$(BIN)/python -m benchmarks.page
	$(BIN)/python -m benchmarks.load --uploads 100
	$(BIN)/python -m benchmarks.serving --rounds 1 --repeat 20 --smears 40

# 500 pictures against a network that drops and ten kills; the same with 40 is in `make test`.
microscope-trial: .venv/dev.stamp
	$(BIN)/python -m benchmarks.microscope

# checkov pins older versions of libraries that the project needs newer, so it has an environment of its own.
build/checkov/python.stamp: requirements/audit.txt .venv/python.stamp
	$(PYTHON) -m venv build/checkov
	build/checkov/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements/audit.txt
	@touch $@

# The last line asks PyPI for known vulnerabilities. Without --strict it passes where PyPI does not answer.
audit: synth build/checkov/python.stamp
	build/checkov/bin/checkov --file $(SYNTHESIZED)/*.template.json lambdas/*/Dockerfile
	$(BIN)/pip-audit --strict --require-hashes --disable-pip -r requirements/image.txt -r requirements/documents.txt -r requirements/dev.txt

# The templates that the local cloud is created from; tests/infra compares them with what app.py synthesizes.
templates: .venv/dev.stamp
	$(BIN)/python -m infra.snapshot

# Lays the portal's pages where CloudFront reads them, with AWS's own command line. Browsers and CloudFront ask for a newer page
# each time, so nothing need be invalidated. config.json tells the pages where this deployment's API and sign-in are.
HEMASCOPE_STAGE ?= dev
SITE = $(shell aws cloudformation describe-stacks --stack-name Hemascope-$(HEMASCOPE_STAGE)-Portal --output text \
	--query "Stacks[0].Outputs[?OutputKey=='SiteBucket'].OutputValue")
CONFIG := Stacks[0].Outputs | {api: [?OutputKey=='PortalApi'] | [0].OutputValue, \
	sign_in: [?OutputKey=='SignIn'] | [0].OutputValue, client: [?OutputKey=='PortalClient'] | [0].OutputValue}
publish:
	aws s3 sync web/ "s3://$(SITE)/" --delete --exclude config.json --cache-control no-cache
	aws cloudformation describe-stacks --stack-name Hemascope-$(HEMASCOPE_STAGE)-Portal --output json --query "$(CONFIG)" \
		| aws s3 cp - "s3://$(SITE)/config.json" --content-type application/json --cache-control no-cache

UV := UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url pyproject.toml
lock: .venv/dev.stamp
	$(UV) --all-extras --constraint requirements/constraints.txt --output-file requirements/dev.txt
	$(UV) --extra local --extra documents --constraint requirements/dev.txt --output-file requirements/local.txt
	$(UV) --extra image --constraint requirements/dev.txt --output-file requirements/image.txt
	$(subst pyproject.toml,requirements/build.in,$(UV)) --constraint requirements/dev.txt --output-file requirements/build.txt
	$(subst pyproject.toml,requirements/documents.in,$(UV)) --constraint requirements/dev.txt \
		--output-file requirements/documents.txt
	$(subst pyproject.toml,requirements/audit.in,$(UV)) --output-file requirements/audit.txt
	$(subst pyproject.toml,requirements/serving.in,$(UV)) --output-file requirements/serving.txt

clean:
	rm -rf .venv out build cdk.out
