# Front door. `make demo` and `make test` do all their set-up themselves.
SHELL := /bin/bash
BUILD ?= .build
PREFIX ?= /usr/local
VENV := $(BUILD)/venv
PROGRAMS := nemoclaw nemoclaw-supervisor nemoclaw-sandbox-worker nemoclaw-init openclaw
FILTER ?=

.PHONY: help setup build demo test check bench install uninstall

help:
	@echo "make demo     build, then two sandboxes on a real model behind one gateway (about a minute after the build)"
	@echo "make test     build and run every test"
	@echo "make build    release programs in $(BUILD)/release"
	@echo "make check    format, style, shell scripts, OpenAPI"
	@echo "make bench    measure speed and memory"
	@echo "make install  PREFIX=$(PREFIX) DESTDIR="

setup:
	scripts/setup $(VENV)

build: setup
	swift build -c release --static-swift-stdlib --scratch-path $(BUILD) --quiet

demo: build
	scripts/demo $(BUILD)/release $(VENV)

test: setup
	swift build --build-tests --scratch-path $(BUILD)
	NEMOCLAW_TEST_VENV=$(abspath $(VENV)) NEMOCLAW_TEST_PROGRAMS=$(abspath $(BUILD))/debug \
	scripts/run-tests $(BUILD) $(FILTER)

check: setup
	scripts/check $(VENV)

bench: build
	scripts/bench $(BUILD)/release $(VENV)

install: build
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/nemoclaw
	install -m 0755 $(addprefix $(BUILD)/release/,$(PROGRAMS)) $(DESTDIR)$(PREFIX)/libexec/nemoclaw
	ln -sf ../libexec/nemoclaw/nemoclaw $(DESTDIR)$(PREFIX)/bin/nemoclaw

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/nemoclaw
	rm -rf $(DESTDIR)$(PREFIX)/libexec/nemoclaw
