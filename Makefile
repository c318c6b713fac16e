# Riffle's tasks. `make demo` and `make test` set up what they need on a fresh Debian 12 or Ubuntu with Swift 6.1 or newer.
SHELL := /bin/bash
BUILD := .build
RELEASE := $(BUILD)/release/riffle
# Suites that block threads run one after the other: they would starve the pool that runs tests. A hang is a failure.
TEST := scripts/within.sh 1200 swift test --skip-build

.PHONY: demo up test kill-test build release lint format deploy-check handbook bench copier setup setup-test goldens clean help

help: ## Show this list.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: ## Install missing system packages (librdkafka, mimalloc, simdjson, zlib).
	@scripts/setup.sh librdkafka-dev libmimalloc-dev libsimdjson-dev zlib1g-dev

setup-test: setup
	@scripts/setup.sh kcat jq openssl python3-jsonschema python3-confluent-kafka python3-yaml procps

build: setup ## Build for debugging.
	swift build

release: setup ## Build for use.
	swift build -c release --product riffle

demo: release ## See it work: a cluster, a generator and the pipeline in one process. Ends with Ctrl-C.
	$(RELEASE) demo pipelines/card-fraud/pipeline.yaml $(DEMO_ARGUMENTS)

up: .env ## Start everything in containers, with Kafka, Prometheus and Grafana (docs/DEPLOY.md).
	docker compose up --build

# The token of the consoles; docker compose reads it from here.
.env:
	@umask 077; echo "RIFFLE_HTTP_TOKEN=$$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" >$@

test: setup-test lint ## All tests: format, unit, real librdkafka, allocations, end to end.
	swift build --build-tests
	$(TEST) --skip 'AllocationTests|ConsoleTests|EngineTests|KafkaTests|ModelMutationTests|ScoringTests'
	$(TEST) --filter EngineTests
	$(TEST) --filter KafkaTests
	$(TEST) --filter ScoringTests
	$(TEST) --filter ConsoleTests
	$(TEST) --filter AllocationTests
	RIFFLE_MUTANTS=10000 $(TEST) --filter ModelMutationTests
	scripts/within.sh 1800 /usr/bin/python3 Tests/EndToEnd/run.py --riffle $(BUILD)/debug/riffle

kill-test: setup-test release ## Kill runs on the brokers of KAFKA=host:port (docs/CONTRIBUTING.md).
	@test -n "$(KAFKA)" || { echo "make kill-test KAFKA=host:port [DELIVERY=at-least-once] [PROPERTIES=FILE]" >&2; exit 2; }
	RIFFLE_KILL_BROKERS="$(KAFKA)" RIFFLE_KILL_DELIVERY="$(or $(DELIVERY),exactly-once)" \
		RIFFLE_KILL_PROPERTIES="$(PROPERTIES)" RIFFLE_KILL_ROUNDS="$(or $(ROUNDS),50)" \
		scripts/within.sh 3600 /usr/bin/python3 Tests/EndToEnd/kill_kafka.py --riffle $(RELEASE)

lint: ## Check the format of the sources.
	swift format lint --strict --parallel --recursive Sources Tests Package.swift

format: ## Rewrite the sources in the project's format.
	swift format --in-place --parallel --recursive Sources Tests Package.swift

deploy-check: ## Check what is in deploy/ with tools from PyPI and Debian's promtool, all kept in .build.
	@scripts/deploy_check.sh $(BUILD)

handbook: release ## Hold features and scores against the Fraud Detection Handbook's data; skips where it is absent.
	@scripts/handbook.sh $(RELEASE)

bench: release ## Measure the phases and the whole.
	$(RELEASE) bench pipelines/card-fraud/replay-labelled.yaml

copier: $(BUILD)/copier ## Build the program that only copies records, which benches measure Riffle against.

$(BUILD)/copier: scripts/copier/copier.c
	@scripts/setup.sh librdkafka-dev
	@mkdir -p $(BUILD)
	$(CC) -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -o $@ $< -lrdkafka

goldens: setup ## Rewrite golden files; look at the difference before you commit it.
	UPDATE_GOLDENS=1 swift test

clean:
	rm -rf $(BUILD)
