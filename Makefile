# Hindsight. `make help` lists what there is.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
GOFLAGS_BUILD := -trimpath -ldflags '-s -w -X main.version=$(VERSION)'
UI_SOURCES := $(shell find ui -path ui/node_modules -prune -o -path ui/dist -prune -o -type f -print 2>/dev/null)
SHOP := examples/shop

.PHONY: help run demo seed dev build ui test check unit race ui-test e2e sdks source-maps link-lab scale search-scale faults fuzz golden generate generated fmt fmt-check lint vuln first-frame bench clean need need-test

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- use it -------------------------------------------------------------------------------------

run: build ## build everything and start Hindsight at http://127.0.0.1:8000
	bin/hindsight serve

demo: build bin/shop-services $(SHOP)/web/dist/app.js ## Bob's Shop beside Hindsight; DRIVE=1 clicks through it
	@if [ -n "$${DRIVE:-}" ]; then scripts/need chromium; fi
	node $(SHOP)/demo.mjs

seed: build ## fill a running Hindsight with too much of everything, to look at full screens
	node e2e/seed/seed.mjs

build: need ui ## bin/hindsight, with the UI in it
	CGO_ENABLED=0 go build $(GOFLAGS_BUILD) -o bin/hindsight ./cmd/hindsight

dev: need ui/node_modules/.stamp ## server and UI, reloading (UI at http://127.0.0.1:5173)
	CGO_ENABLED=0 go build -o bin/hindsight ./cmd/hindsight
	trap 'kill 0' EXIT; bin/hindsight serve & cd ui && npm run dev

# --- parts --------------------------------------------------------------------------------------

need:
	@scripts/need go node

need-test:
	@scripts/need go node cc postgres chromium

ui: ui/dist/index.html ## the UI, built into ui/dist

ui/node_modules/.stamp: ui/package-lock.json ui/package.json
	cd ui && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

ui/dist/index.html: ui/node_modules/.stamp $(UI_SOURCES)
	cd ui && npm run build

$(SHOP)/node_modules/.stamp: $(SHOP)/package-lock.json
	cd $(SHOP) && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

$(SHOP)/web/dist/app.js: $(SHOP)/node_modules/.stamp $(SHOP)/web/app.js
	cd $(SHOP) && npm run --silent build

bin/shop-services: $(wildcard $(SHOP)/services/*.go) go.sum
	CGO_ENABLED=0 go build -trimpath -o $@ ./$(SHOP)/services

# --- tests --------------------------------------------------------------------------------------

test: need-test check e2e ## everything CI runs, in CI's order; installs what is missing

check: fmt-check lint generated vuln race ui-test ## format, vet, static checks, generated files, vulnerabilities, race, UI

unit: ## Go tests, quick
	go test ./...

race: need-test ui $(SHOP)/node_modules/.stamp ## Go tests with the race detector and every backend
	REQUIRE_BACKENDS=1 go test -race -timeout 20m ./...

ui-test: ui/node_modules/.stamp ## UI lint, types and tests
	cd ui && npm run --silent lint && npm run --silent typecheck && npm run --silent test

e2e/agents/node_modules/.stamp: e2e/agents/package-lock.json
	cd e2e/agents && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

e2e: need-test build bin/shop-services $(SHOP)/web/dist/app.js e2e/agents/node_modules/.stamp e2e/sourcemaps/node_modules/.stamp ## the shipped binary under real SDKs and a real browser (HINDSIGHT_SDKS=quick: one version each)
	HINDSIGHT_SDKS=$${HINDSIGHT_SDKS:-all} e2e/sdks/install
	HINDSIGHT_E2E=1 HINDSIGHT_SDKS=$${HINDSIGHT_SDKS:-all} REQUIRE_BACKENDS=1 go test -count=1 -timeout 25m ./e2e

sdks: need-test build ## every SDK version we support by itself, each toolchain that is there
	HINDSIGHT_SDKS=all e2e/sdks/install
	HINDSIGHT_E2E=1 HINDSIGHT_SDKS=all go test -count=1 -timeout 60m -run TestSDK -v ./e2e

e2e/sourcemaps/node_modules/.stamp: e2e/sourcemaps/package-lock.json
	cd e2e/sourcemaps && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

source-maps: need-test build e2e/sourcemaps/node_modules/.stamp ## every bundler's Sentry plugin: a minified error shows its source
	HINDSIGHT_E2E=1 HINDSIGHT_SOURCEMAPS=all go test -count=1 -timeout 20m -run 'TestSourceMaps|TestSentryCLI' -v ./e2e

e2e/linklab/node_modules/.stamp: e2e/linklab/package-lock.json
	cd e2e/linklab && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

link-lab: need-test build e2e/linklab/node_modules/.stamp ## browser SDKs × backends: which errors find their replay, held against the truth
	HINDSIGHT_BIN=$${HINDSIGHT_BIN:-$(CURDIR)/bin/hindsight} node e2e/linklab/lab.mjs

faults: need-test build ## kill -9 and power cuts
	HINDSIGHT_E2E=1 REQUIRE_BACKENDS=1 REQUIRE_POWERCUT=1 go test -count=1 -timeout 60m -run 'PowerCut|Kill' -v ./internal/stream ./e2e

fuzz: ## every fuzz target for FUZZTIME (30s)
	scripts/fuzz $${FUZZTIME:-30s}

golden: ## rewrite golden files; review the diff
	go test ./linker/grouping -update
	go test ./envelope -update

scale: need-test ## sizes: T17, T18 and T23 whole, and what issue → replays and replay → errors take as data grows ten times
	REQUIRE_BACKENDS=1 go test -count=1 -v -run 'ManyErrors|ManyReplays|CountsA' ./store ./api
	REQUIRE_BACKENDS=1 go test -count=1 -tags scale -run TestLinksAtScale -timeout 40m -v ./store

search-scale: need-test ## search, lists and facets among a million events, on both engines
	go test -tags scale ./api -run TestSearchScale -timeout 120m -v

first-frame: build $(SHOP)/node_modules/.stamp ## a cold page of a 10-minute recording: when its chapters and its first frame are seen, beside a page without data
	@scripts/need chromium
	HINDSIGHT_BIN=$${HINDSIGHT_BIN:-$(CURDIR)/bin/hindsight} node e2e/browser/firstframe.mjs

bench: build ## envelopes per second against a bare net/http server, in one run
	go run ./bench

# --- code ---------------------------------------------------------------------------------------

generate: ui/node_modules/.stamp ## OpenAPI document and the UI's client
	go generate ./...
	cd ui && npm run --silent generate

generated: generate
	@git diff --exit-code -- api/openapi.json ui/src/api/gen docs || { echo 'generated files are not current: run make generate and commit'; exit 1; }

fmt: ## format Go
	gofmt -w $$(git ls-files '*.go')

fmt-check:
	@out=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$out" ] || { echo "gofmt would change:"; echo "$$out"; exit 1; }

lint: ## vet and static checks
	go vet ./...
	go tool staticcheck ./...
	go mod verify >/dev/null
	go mod tidy -diff

vuln: ## known vulnerabilities in what we import
	scripts/vuln

clean: ## what was built
	rm -rf bin ui/dist/assets ui/dist/index.html $(SHOP)/web/dist
