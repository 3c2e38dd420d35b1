# stackmake: the two commands are `make demo` and `make test`.

PREFIX ?= /usr/local
# Debian's python3-swiftclient installs a `swift` that isn't Swift: take the one that says so.
SWIFT := $(shell for s in $$(which -a swift 2>/dev/null); do \
	"$$s" --version 2>/dev/null | grep -q 'Swift version' && echo "$$s" && break; done)
BUILD_FLAGS := -c release --static-swift-stdlib
STACKMAKE := .build/release/stackmake

.PHONY: all show-swift build build-tests demo demo-clean test test-packs test-cloud kill-test chaos under-systemd sanitize fuzz test-shells test-editors install uninstall tarball deb test-packages test-commands book walkthrough bench fmt lint setup clean

all: build

# Which swift is taken, for scripts.
show-swift:
	@echo $(SWIFT)

# Everything that building and the local cloud need from Debian; quick where it is there.
setup:
	@scripts/setup

build: setup
	$(SWIFT) build $(BUILD_FLAGS) --product stackmake

demo: build
	scripts/demo $(STACKMAKE)

demo-clean: build
	$(STACKMAKE) clean --yes

test: build-tests
	$(SWIFT) test --skip-build

build-tests: setup
	$(SWIFT) build --build-tests

# The pack <openstack-debian> on the local cloud: built, cut off, grown, shrunk, repaired. Many minutes.
# SKIP_BUILD=yes, here and below: the tests are built.
test-packs: $(if $(SKIP_BUILD),setup,build-tests)
	STACKMAKE_TEST_PACKS=yes $(SWIFT) test --skip-build --ignore-lock --filter DebianCloudTests

# The acceptance tests on a real OpenStack, then what goes wrong in one; it is started for them and taken down again.
test-cloud: $(if $(SKIP_BUILD),setup,build-tests)
	Tests/Cloud/acceptance $(SWIFT) $(if $(FILTER),'$(FILTER)')

# 100 kills at seeded instants; COUNT and SEED change that.
kill-test: build
	Tests/Cloud/kill-test $(STACKMAKE) $(or $(COUNT),100) $(or $(SEED),1)

# What runs at once, under the thread sanitizer: a build of its own, and many minutes.
sanitize: setup
	Tests/sanitize

# The local cloud inside a booted machine whose first process is systemd.
under-systemd: build
	Tests/Cloud/under-systemd $(STACKMAKE)

# 300 runs with faults and kills on a real OpenStack of its own; COUNT and SEED change that.
chaos: build
	$(SWIFT) build $(BUILD_FLAGS) --product CloudMachine
	Tests/Cloud/chaos-in-cloud $(STACKMAKE) $(or $(COUNT),300) $(or $(SEED),1)

# Random Stackfiles through lexer, parser and loader.
fuzz: setup
	Tests/Fuzz/run $(or $(COUNT),10000000)

# Completions in bash, zsh and fish, and the manual pages.
test-shells: build
	.ci/steps/10-shells

# The editors' grammar, on every Stackfile that is here.
test-editors:
	.ci/steps/10-editors

# Below $(DESTDIR): program, manual pages and completions, where Debian's shells look for them.
SHARE := $(DESTDIR)$(PREFIX)/share
ZSH_DIRECTORY := zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
INSTALLED := $(DESTDIR)$(PREFIX)/bin/stackmake \
	$(SHARE)/man/man1/stackmake.1 $(SHARE)/man/man5/Stackfile.5 \
	$(SHARE)/bash-completion/completions/stackmake $(SHARE)/$(ZSH_DIRECTORY)/_stackmake \
	$(SHARE)/fish/vendor_completions.d/stackmake.fish

install: build
	install -d $(sort $(dir $(INSTALLED)))
	install -m 0755 $(STACKMAKE) $(DESTDIR)$(PREFIX)/bin/stackmake
	umask 022 && for page in stackmake.1 Stackfile.5; do \
	  $(STACKMAKE) __manual $$page >$(SHARE)/man/man$${page##*.}/$$page || exit 1; done
	umask 022 && $(STACKMAKE) completions bash >$(SHARE)/bash-completion/completions/stackmake
	umask 022 && $(STACKMAKE) completions zsh >$(SHARE)/$(ZSH_DIRECTORY)/_stackmake
	umask 022 && $(STACKMAKE) completions fish >$(SHARE)/fish/vendor_completions.d/stackmake.fish

uninstall:
	rm -f $(INSTALLED)

# What can be handed on: the release program with documentation and examples, in .build/packages.
tarball deb: build
	@scripts/package $@ $(STACKMAKE) .build/packages

# Both in fresh roots of Debian 12 and 13; then what README and tutorial say is typed in such a root.
test-packages: build
	Tests/Packages/fresh-root $(STACKMAKE)
	Tests/Packages/fresh-walkthrough $(STACKMAKE)

# README's two commands in a fresh root of Debian 12 that has Swift alone.
test-commands: setup
	Tests/Packages/fresh-commands

# docs/ as one page.
book:
	@scripts/need cmark-gfm
	@scripts/book .build/book/stackmake.html

# What README and tutorial tell their readers to type, typed, on the local cloud.
walkthrough: build
	Tests/Docs/walkthrough $(STACKMAKE) README.md docs/tutorial.md

# Against named peers, and what can't be beaten; PARTS= takes some. The part `servers` starts a test cloud.
bench: build
	$(SWIFT) build $(BUILD_FLAGS) --product CloudMachine
	$(SWIFT) build $(BUILD_FLAGS) --product Simulator
	Benchmarks/run $(STACKMAKE)

fmt:
	$(SWIFT) format format -i -r Sources Tests Benchmarks Package.swift

lint:
	$(SWIFT) format lint --strict -r Sources Tests Benchmarks Package.swift

clean:
	rm -rf .build
