# The commands of this project; CONTRIBUTING.md says more.

# What every start of a function pays for: the C++ library is linked in, from a folder that has no
# shared one beside it, relocations are packed where the C library can read them (glibc 2.36), and
# libraries are not looked for in the program's own folder.
STATIC := $(CURDIR)/.build/static
PACKED := $(shell getconf GNU_LIBC_VERSION 2>/dev/null | awk '{ exit !($$2 + 0 >= 2.36) }' && \
	echo -Xlinker -z -Xlinker pack-relative-relocs)
SWIFT_BUILD := swift build -c release --static-swift-stdlib --disable-local-rpath \
	--explicit-target-dependency-import-check error -Xswiftc -use-ld=lld -Xlinker -L$(STATIC) \
	-Xswiftc -Xclang-linker -Xswiftc -static-libgcc $(PACKED)
BIN := .build/release
MANIFESTS := charts/exam/rendered.yaml
SAMPLES := $(wildcard functions/exam-generator/samples/*.pdf)
SOURCES := Package.swift Sources Tests functions

.PHONY: help demo up build test bench fuzz asan tsan lint format prepare clean

help:
	@echo "make demo    upload a PDF and watch an exam come out; starts and stops everything"
	@echo "make up      the same, and stays: S3 on :9000, functions on :8080, admin on :9090"
	@echo "make build   build everything in release mode, or PRODUCT= alone"
	@echo "make test    build and run every test"
	@echo "make bench   measure beside nginx, HAProxy, Node, FastAPI and a bare loop; SECONDS= for each point"
	@echo "make fuzz    fuzz each parser for SECONDS (60): https://llvm.org/docs/LibFuzzer.html"
	@echo "make asan    run the tests under AddressSanitizer and LeakSanitizer"
	@echo "make tsan    run the tests of what has threads under ThreadSanitizer"
	@echo "make lint    check the format of the sources"
	@echo "make format  format the sources"

demo: build
	@LOG_LEVEL=$${LOG_LEVEL:-warning} $(BIN)/swiftlet demo -f $(MANIFESTS) --bucket exams $(SAMPLES)

up: build
	@$(BIN)/swiftlet up -f $(MANIFESTS)

build: prepare
	@$(SWIFT_BUILD) $(if $(PRODUCT),--product $(PRODUCT))

prepare:
	@.ci/prepare build
	@mkdir -p $(STATIC)
	@ln -sf "$$(g++ -print-file-name=libstdc++.a)" $(STATIC)/

test:
	@.ci/test

bench: prepare
	@.ci/prepare bench
	@$(foreach product,Bench BenchLoop BenchDispatch hello exam-generator swiftlet,$(SWIFT_BUILD) --product $(product) &&) true
	@swift build -c release --scratch-path .build/plain --product BenchLoop
	@swift build -c release --static-swift-stdlib --scratch-path .build/plain-static \
		--product BenchLoop
	@python3 Sources/Bench/driver $(PARTS)

fuzz: SECONDS ?= 60
fuzz:
	@.ci/fuzz $(SECONDS)

asan:
	@.ci/sanitize address

tsan:
	@.ci/sanitize thread

lint:
	@swift format lint --strict --parallel --recursive $(SOURCES)

format:
	@swift format --in-place --parallel --recursive $(SOURCES)

clean:
	@rm -rf .build .swiftlet
