# SPDX-License-Identifier: MIT
# The commands of a developer's day, over the presets of CMakePresets.json.
# Everything they make lies under build/. `make help` lists them.

PROMPT ?= What is the capital of France?
PRESET ?= release
FUZZ_SECONDS ?= 300
JOBS ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
export PROMPT

.DEFAULT_GOAL := build
.PHONY: build run test bench fuzz format check-format check-layers check-macos \
  check-arm cuda test-oracle test-mlx-lm clean help packages
# Recipes share build folders; ninja and ctest run in parallel by themselves.
.NOTPARALLEL:

build: build/release/build.ninja ## Build the program: build/bantam
	ninja -C build/release -j $(JOBS) program

run: build ## Build, then answer PROMPT="..." with SmolLM2
	@python3 scripts/fetch.py model
	@build/bantam run "$$PROMPT"

test: packages build/$(PRESET)/build.ninja ## Build and run all tests (PRESET=release, dev, lsan, tsan, no-mlx)
	@scripts/packages.sh fuzz
	@python3 scripts/fetch.py model
	@python3 scripts/fetch.py embedder
	ninja -C build/$(PRESET) -j $(JOBS)
	scripts/fuzz.sh build
	ctest --preset $(PRESET) -j $(JOBS)

fuzz: packages ## Run each fuzz target for FUZZ_SECONDS=300
	@scripts/packages.sh fuzz
	scripts/fuzz.sh build
	scripts/fuzz.sh run $(FUZZ_SECONDS)

bench: build ## Compare with llama.cpp on SmolLM2 (BENCH="--rounds 9 --record")
	@scripts/packages.sh bench
	@python3 scripts/fetch.py model
	python3 benchmarks/compare_llama.py $(BENCH)

test-oracle: build ## Second tier: compare with Python's implementations
	@scripts/packages.sh oracle
	@python3 scripts/fetch.py model
	@python3 scripts/fetch.py embedder
	scripts/oracle.sh

test-mlx-lm: build ## Second tier: the real mlx-lm, in an environment made for it
	@python3 scripts/fetch.py model
	python3 tools/check_mlx_lm.py build/bantam build/models/smollm2.gguf

format: ## Format all C++ files in place
	@scripts/packages.sh tools
	@scripts/format.sh

check-format: ## Fail if a C++ file is not formatted
	@scripts/packages.sh tools
	@scripts/format.sh --check

check-layers: ## Fail if a folder includes what src/LAYERS does not allow
	@scripts/packages.sh tools
	@python3 tools/check_layers.py

check-macos: ## Cross-compile and link everything for macOS (on Linux)
	@scripts/check_macos.sh

cuda: packages ## Build build/bantam-cuda for NVIDIA GPUs (Linux)
	@python3 scripts/fetch.py unpack mlx-cuda-13 build/mlx-cuda-13
	@test -e build/cuda/build.ninja || cmake --preset cuda
	ninja -C build/cuda -j $(JOBS) program models_tests

check-arm: ## Build and run tests for 64-bit Arm Linux under qemu
	@scripts/check_arm.sh

clean: ## Remove what was built; downloads stay
	find build -mindepth 1 -maxdepth 1 ! -name downloads -exec rm -rf {} +

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' Makefile

# Both return at once when all is there.
packages:
	@scripts/packages.sh build
	@python3 scripts/fetch.py mlx build/mlx

build/%/build.ninja: CMakePresets.json | packages
	@mkdir -p build
	cmake --preset $*
	@touch $@
