# Sallyport. `make run` builds it and starts it; `make help` names the rest.
#
# The program is one static binary with the built-in modules inside; they are built from
# plugins/ by the same toolchain and are not kept in the repository.

GO      ?= go
MODDIR  := host/wasm/builtin
COMMIT  := $(shell git rev-parse --short=12 HEAD 2>/dev/null)
LDFLAGS := -s -w -X main.commit=$(COMMIT)
TOOL     = $(GO) tool -modfile=.ci/tools/go.mod
FUZZ    ?= 3s

# What `go build` reads; a change in anything else builds nothing.
SOURCE   = $(shell find $(wildcard $(1)) -type f \( -name '*.go' ! -name '*_test.go' -o -name '*.toml' \))
GUESTS  := $(addprefix sdk/guests/,callforward-go.wasm callforward-c.wasm callforward-rust.wasm callforward-assemblyscript.wasm blacklist-c.wasm \
	lookup-c.wasm lookup-rust.wasm lookup-assemblyscript.wasm tour-go.wasm tour-c.wasm tour-rust.wasm tour-assemblyscript.wasm)
SDKS    := $(shell find sdk -path '*/node_modules' -prune -o -type f \( -name '*.[chrt]s' -o -name '*.[ch]' -o -name manifest.json \) -print)
ASC     := sdk/assemblyscript/node_modules/.bin/asc
MODULES := $(patsubst plugins/%/,$(MODDIR)/%.wasm,$(sort $(dir $(wildcard plugins/*/*.go))))

.PHONY: help build modules guests run test lint race fuzz soak bench check docs clean

help: ## this list
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 16

build: bin/sallyport ## the modules and bin/sallyport

modules: $(MODULES) ## the built-in modules alone

run: build ## the SBC on its built-in configuration
	@exec bin/sallyport run

$(MODDIR)/%.wasm: go.mod $(call SOURCE,plugins sdk abi)
	@echo "  module  $*"
	@mkdir -p $(MODDIR)
	@$(GO) run ./sdk/cmd/sallyport-module build -o $@ ./plugins/$* >/dev/null

guests: $(GUESTS) ## the example modules of the SDKs, in Go, C, Rust, AssemblyScript

# The SDKs travel in every program that builds modules: sdk/… is one prerequisite of all.
$(GUESTS): go.mod $(call SOURCE,sdk abi) $(SDKS)
	@echo "  guest   $(@F)"
	@$(GO) run ./sdk/cmd/sallyport-module build -o $@ $(call EXAMPLE,$(basename $(@F))) >/dev/null

# callforward-c is sdk/c/examples/callforward; Go's SDK has no folder of its own.
EXAMPLE  = sdk/$(filter-out go,$(lastword $(subst -, ,$(1))))/examples/$(firstword $(subst -, ,$(1)))

$(filter %-assemblyscript.wasm,$(GUESTS)): $(ASC)
$(ASC): sdk/assemblyscript/package-lock.json
	@echo "  npm     assemblyscript"
	@npm ci --silent --no-audit --no-fund --prefix sdk/assemblyscript && touch $@

bin/sallyport: go.mod go.sum source.go $(SDKS) $(MODULES) $(call SOURCE,abi cmd host media sbc sdk)
	@echo "  build   $@"
	@CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags='$(LDFLAGS)' -o $@ ./cmd/sallyport

test: build ## every test; installs sipp, redis-server, postgresql, gcc for the race detector, and the modules' compilers
	@.ci/need sipp:sip-tester tcpdump:tcpdump redis-server:redis-server pg_ctlcluster:postgresql "gcc:gcc libc6-dev" clang:clang wasm-ld:lld \
		"/usr/bin/rustc:rustc libstd-rust-dev-wasm32" node:nodejs npm:npm
	@$(MAKE) --no-print-directory guests
	@GUESTS=required $(MAKE) --no-print-directory lint race fuzz

lint: modules ## gofumpt, vet, staticcheck
	@echo "  gofumpt"
	@out=$$($(TOOL) gofumpt -l abi cmd contrib host media plugins sbc sdk *.go); \
		[ -z "$$out" ] || { echo "not formatted by gofumpt:"; echo "$$out"; exit 1; }
	@echo "  vet"
	@$(GO) vet ./...
	@echo "  staticcheck"
	@$(TOOL) staticcheck ./...

race: build ## all Go tests under the race detector
	@echo "  tests"
	@CGO_ENABLED=1 $(GO) test -race -timeout 20m ./...

fuzz: modules ## each fuzz target for FUZZ=3s
	@.ci/fuzz $(FUZZ)

check: ## lint, tests, and each fuzz target for 10 s
	@$(MAKE) --no-print-directory test FUZZ=10s

soak: build ## the long tests: hours of calls, reloads, hooks
	@SOAK=1 $(GO) test -count=1 -p 1 -timeout 0 -v -run Soak ./...

bench: build ## the load kit: figures beside the targets
	@$(GO) run ./bench

docs: ## CONFIG.md, the schema in contrib and the tables in abi/README.md from the code
	@$(GO) generate ./abi/... ./sdk/...
	@$(GO) test -count=1 ./host/config/reference -update

clean: ## removes what was built and what the SBC wrote
	rm -rf bin var $(MODDIR)/*.wasm sdk/guests/*.wasm sdk/assemblyscript/node_modules
