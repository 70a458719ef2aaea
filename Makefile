# SPDX-License-Identifier: Apache-2.0
#
# The front door. On a bare Debian 12 with git and make, each target first installs what it lacks
# (tools/packages/*), so nothing else need be typed. The build itself is CMake's: CMakeLists.txt.
SHELL := /bin/bash
.DEFAULT_GOAL := help

BUILD := build/release
PYTHON ?= /usr/bin/python3
INSTALL := tools/install-packages.sh
BENCHMARKS := $(basename $(notdir $(wildcard bench/micro_*.cc)))

.PHONY: help run build test unit-test console-test integration-test \
  bench bench-parts lab lint format clean

help:  ## this list
	@echo "Daruma: an application load balancer. Targets:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | \
	  while IFS='|' read -r target text; do printf '%-24s %s\n' "$$target" "$$text"; done

run: build  ## build, then serve examples/quickstart.yaml with two sample targets; Ctrl-C stops all
	@$(INSTALL) run
	@exec tools/run.sh $(BUILD)/daruma

build:  ## build/release/daruma
	@$(INSTALL) build
	@cmake -S . -B $(BUILD) -G Ninja -DCMAKE_BUILD_TYPE=Release >/dev/null
	@cmake --build $(BUILD) --target daruma

test: unit-test console-test integration-test  ## build everything, run all tests

unit-test:  ## unit tests and the simulation's seeds
	@$(INSTALL) build test
	@cmake -S . -B $(BUILD) -G Ninja -DCMAKE_BUILD_TYPE=Release >/dev/null
	@cmake --build $(BUILD)
	@ctest --test-dir $(BUILD) -j 2 --output-on-failure

console-test:  ## types, format and unit tests of the console's page
	@$(INSTALL) build
	@cd console && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && npm run -s check

integration-test:  ## end-to-end tests: real clients, real targets, the built daruma
	@$(INSTALL) build run test
	@cmake -S . -B $(BUILD) -G Ninja -DCMAKE_BUILD_TYPE=Release >/dev/null
	@cmake --build $(BUILD) --target daruma daruma_load daruma_surge
	@DARUMA=$(abspath $(BUILD)/daruma) $(PYTHON) -m pytest -q -n 2 --dist loadfile test/integration

# The comparison's options, as in: make bench ROWS=P1,P3 PEERS=nginx RUNS=9
PEERS_OPTIONS := $(if $(ROWS),--rows $(ROWS)) $(if $(PEERS),--peers $(PEERS)) \
  $(if $(RUNS),--runs $(RUNS)) $(BENCH_OPTIONS)

bench:  ## Daruma beside nginx, HAProxy, nghttpx, h2o and a bare relay: bench/README.md
	@$(INSTALL) build bench
	@cmake -S . -B $(BUILD) -G Ninja -DCMAKE_BUILD_TYPE=Release >/dev/null
	@cmake --build $(BUILD) --target daruma peers_origin peers_relay peers_generator peers_calibrate
	@exec $(PYTHON) bench/peers/run.py $(PEERS_OPTIONS)

bench-parts:  ## what a request passes through, timed; what the saturation guard costs
	@$(INSTALL) build bench
	@cmake -S . -B $(BUILD) -G Ninja -DCMAKE_BUILD_TYPE=Release >/dev/null
	@cmake --build $(BUILD) --target $(BENCHMARKS) daruma daruma_load
	@for benchmark in $(BENCHMARKS); do $(BUILD)/bench/$$benchmark || exit 1; done
	@DARUMA=$(abspath $(BUILD)/daruma) $(PYTHON) bench/guard_cost.py

# The lab's options, as in: make lab VARIANTS=daruma,haproxy SHAPE=default RUNS=3
LAB := $(if $(VARIANTS),--variants $(VARIANTS)) $(if $(SHAPE),--shape $(SHAPE)) \
  $(if $(RUNS),--runs $(RUNS)) $(LAB_OPTIONS)

lab:  ## stage the surge against real Apaches under Daruma, HAProxy and nginx: lab/README.md
	@$(INSTALL) build lab
	@cmake -S . -B $(BUILD) -G Ninja -DCMAKE_BUILD_TYPE=Release >/dev/null
	@cmake --build $(BUILD) --target daruma daruma_surge
	@exec $(PYTHON) lab/run.py $(LAB)

lint:  ## include direction, banned calls, sizes, formatting
	@$(INSTALL) lint
	@$(PYTHON) tools/tidy.py
	@git ls-files -z '*.cc' '*.h' | xargs -0 clang-format --dry-run -Werror

format:  ## clang-format on every source file
	@$(INSTALL) lint
	@git ls-files -z '*.cc' '*.h' | xargs -0 clang-format -i

clean:  ## remove build/ (certificates, data and logs of `make run` stay)
	@rm -rf build
