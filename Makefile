# livesrv. 'make' lists the targets; 'make test' does all its set-up and is what CI runs.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

UI := web/ui
NODE_MODULES := $(UI)/node_modules/.package-lock.json
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.0
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)
GO_FILES := git ls-files -co --exclude-standard '*.go'
FUZZTIME ?= 10s
BENCHTIME ?= 1s
BENCH_VIEWERS ?= 200 1000 2000
BENCH_PARTS ?= 200ms 500ms
BENCH_PROTOCOLS ?= h1 h2
BENCH_FOR ?= 10s
BENCH_BITRATES ?= 1000000 2500000 6000000
BENCH_WINDOWS ?= 20s 60s 120s
BENCH_MEMORY_WINDOWS ?= 20s 60s
BENCH_PINS ?= 0 3 20 60
BENCH_SHOWS ?= 1 20 100

# The tests and every program they build have the race detector, so that all is compiled once. Some modules that only
# compute go without it, for it makes them several times slower: SQLite keeps its memory outside Go's, where the
# detector sees nothing, and the bundler and the compressors share nothing with us. What only a debugger reads is not
# linked into some forty binaries.
UNWATCHED := modernc.org/... github.com/evanw/esbuild/... github.com/andybalholm/brotli/... github.com/klauspost/compress/... github.com/redis/...
RACE := $(shell go env GOFLAGS) -race -ldflags=-w $(patsubst %,-gcflags=%=-race=false,$(UNWATCHED))

# The race detector forgets a large buffer by mapping its shadow anew: each page is then faulted in twice and the other
# processor is told to forget it, which was four tenths of the processor time of internal/e2e. Here it clears the shadow instead.
FORGET := clear_shadow_mmap_threshold=1073741824

step = @printf '== %s\n' '$(1)'

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## the demo: a show with products and pins at http://127.0.0.1:8080/s/demo
	go run ./cmd/livesrv demo

.PHONY: build
build: ## one static binary: ./livesrv
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o livesrv ./cmd/livesrv

.PHONY: test
test: setup check types race e2e ## everything CI checks, from a clean clone

check race e2e: export GOFLAGS = $(RACE)
race e2e: export GORACE = $(FORGET)

.PHONY: setup
setup: $(NODE_MODULES) ## ffmpeg, Chromium, fonts and the npm packages of the tests
	@bash .ci/setup

$(NODE_MODULES): $(UI)/package-lock.json
	$(call step,npm packages of the tests)
	cd $(UI) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: check
check: ## gofmt and go vet
	$(call step,gofmt)
	@bad=$$($(GO_FILES) | xargs gofmt -l); if [ -n "$$bad" ]; then echo "gofmt -w these:"; echo "$$bad"; exit 1; fi
	$(call step,go vet)
	@go vet ./...

.PHONY: types
types: $(NODE_MODULES) ## the type check of the pages
	$(call step,tsc)
	@cd $(UI) && npx --no-install tsc --noEmit

.PHONY: race
race: ## the Go tests under the race detector, with ffmpeg and Chromium
	$(call step,go test -race)
	go test -vet=off -timeout 20m $$(go list ./... | grep -v /internal/e2e)
	$(call step,go test -race ./internal/e2e)
	go test -vet=off -timeout 20m ./internal/e2e

.PHONY: e2e
e2e: $(NODE_MODULES) ## the pages in Chromium against the real program
	$(call step,browser tests)
	cd $(UI) && npm test

.PHONY: lint
lint: check ## gofmt, go vet, staticcheck and the sizes of ARCHITECTURE.md
	$(call step,staticcheck)
	go run $(STATICCHECK) ./...
	go test ./internal/arch

.PHONY: cover
cover: ## coverage of the Go tests: coverage.out, coverage.html
	go test -coverpkg=./... -coverprofile=coverage.out ./...
	go tool cover -html=coverage.out -o coverage.html
	@go tool cover -func=coverage.out | tail -1

.PHONY: bench
bench: bench-go bench-load bench-growth ## every figure of docs/performance.md: some 40 minutes, on a machine that does nothing else

.PHONY: bench-go
bench-go: ## the benchmarks of the code, for benchstat (BENCHTIME=1s)
	go test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./...

.PHONY: bench-load
bench-load: build ## viewers beside the floor (BENCH_VIEWERS, BENCH_PARTS, BENCH_PROTOCOLS, BENCH_FOR)
	@for part in $(BENCH_PARTS); do for n in $(BENCH_VIEWERS); do for protocol in $(BENCH_PROTOCOLS); do \
	  ./livesrv bench viewers --viewers $$n --protocol $$protocol --part $$part --for $(BENCH_FOR) || exit 1; echo; \
	done; done; done

# All with 200 viewers and parts of 200 ms, and a full window of 20 s where the window is not what grows.
growth = ./livesrv bench viewers --part 200ms --for $(BENCH_FOR) --floor=false --fill

.PHONY: bench-growth
bench-growth: build ## cost by bitrate, window, pins and streams (BENCH_BITRATES, BENCH_WINDOWS, BENCH_PINS, BENCH_SHOWS)
	@for bits in $(BENCH_BITRATES); do $(growth) --window 20s --bitrate $$bits; echo; done
	@for window in $(BENCH_WINDOWS); do $(growth) --window $$window; echo; done
	@$(growth) --window $(lastword $(BENCH_WINDOWS)) --delta; echo
	@for pins in $(BENCH_PINS); do $(growth) --window 20s --pins $$pins; echo; done
	@for shows in $(BENCH_SHOWS); do $(growth) --window 20s --shows $$shows; echo; done
	@for window in $(BENCH_MEMORY_WINDOWS); do $(growth) --window $$window --shows 100 --viewers 100; echo; done

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (10s) each
	@grep -rlE '^func Fuzz' --include=*_test.go . | while read -r file; do \
	  dir=$$(dirname "$$file"); \
	  grep -oE '^func Fuzz[A-Za-z0-9_]+' "$$file" | cut -d' ' -f2 | while read -r target; do \
	    echo "== $$dir $$target"; \
	    go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$dir"; \
	  done; \
	done

.PHONY: docker
docker: ## the image livesrv:latest
	docker build --build-arg VERSION=$(VERSION) -t livesrv:latest .

.PHONY: clean
clean: ## what the other targets made
	rm -rf livesrv coverage.out coverage.html $(UI)/node_modules
