# SPDX-License-Identifier: GPL-2.0-only
# `make` builds; `make deps` installs what building and testing need; `make help` lists the rest.

VERSION  := $(shell cat VERSION)
REVISION := $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)

PREFIX  ?= /usr/local
DESTDIR ?=
ARGS    ?=

B       := build
CC      ?= gcc
CLANG   ?= clang
LLVM_STRIP ?= llvm-strip
BPFTOOL ?= $(firstword $(wildcard /usr/lib/linux-tools/*/bpftool /usr/sbin/bpftool /sbin/bpftool) bpftool)
PKG_CONFIG ?= pkg-config

LIBS     := libbpf libelf zlib libmicrohttpd yaml-0.1
CFLAGS   ?= -O2 -g
RP_CFLAGS := -std=gnu17 -Wall -Wextra -Werror -Wno-unused-parameter -Wshadow -Wstrict-prototypes \
	    -Wmissing-prototypes -D_GNU_SOURCE -pthread -iquote . -iquote exporter -iquote $(B)
# Unused parameters are what tables of functions with one signature have.
LDLIBS    = $(shell $(PKG_CONFIG) --libs $(LIBS)) -lm -pthread

# Architecture of the kernel that the BPF side is built for, in libbpf's words.
ARCH     := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/')
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
BPF_CFLAGS := -std=gnu17 -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Werror -Wno-unused-parameter \
	     -D__TARGET_ARCH_$(ARCH) -I. $(addprefix -idirafter /usr/include/,$(MULTIARCH))

SRC   := $(sort $(wildcard exporter/*.c))
OBJ   := $(SRC:exporter/%.c=$(B)/%.o)
GEN   := $(B)/retprobe.skel.h $(B)/syscall_table.h
PRESETS := $(sort $(wildcard deploy/presets/*.yaml))

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2);)

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all deps install run test check clean help lint format

all: $(B)/retprobe_exporter

help:
	@sed -n 's/^## //p' Makefile

## make            build/retprobe_exporter
## make deps       install the packages that building, testing and `make run` need (root)
## make install    into $(DESTDIR)$(PREFIX)
## make run        build and run with the default set on :10435 (root); ARGS='...' are passed on
## make check      the quick tests: no root, no virtual machine
## make test       every test, the kernel matrix included (root)
## make bench      what it costs, measured beside other tools; ARGS='6.12 native' chooses (root)
## make clean      remove build/

# ---- generated -------------------------------------------------------------------------------

$(B)/retprobe.bpf.o: bpf/retprobe.bpf.c | $(B)
	$(call say,BPF,$@)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@

$(B)/retprobe.skel.h: $(B)/retprobe.bpf.o
	$(call say,SKEL,$@)$(BPFTOOL) gen skeleton $< name retprobe > $@

# System call names by number, of this architecture and of its 32-bit sibling, from the kernel's
# own headers: ROW(table, number, name).
$(B)/syscall_table.h: exporter/syscall_table.sh | $(B)
	$(call say,GEN,$@)CC='$(CC)' sh $< > $@

$(B)/presets.c: $(PRESETS) exporter/presets.sh | $(B)
	$(call say,GEN,$@)sh exporter/presets.sh $(PRESETS) > $@

# ---- the exporter ----------------------------------------------------------------------------

$(B)/%.o: exporter/%.c $(GEN) | $(B)
	$(call say,CC,$@)$(CC) $(CFLAGS) $(RP_CFLAGS) -MMD -MP -c $< -o $@

$(B)/presets.o: $(B)/presets.c
	$(call say,CC,$@)$(CC) $(CFLAGS) $(RP_CFLAGS) -c $< -o $@

# The version is in one object only, and is written only when it changes.
$(B)/build_version.h: FORCE | $(B)
	@printf '#define RP_VERSION "%s"\n#define RP_REVISION "%s"\n' '$(VERSION)' '$(REVISION)' | \
		cmp -s - $@ || printf '#define RP_VERSION "%s"\n#define RP_REVISION "%s"\n' \
		'$(VERSION)' '$(REVISION)' > $@
$(B)/version.o: $(B)/build_version.h
FORCE:

$(B)/retprobe_exporter: $(OBJ) $(B)/presets.o
	$(call say,LINK,$@)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

$(B) $(B)/unit:
	@mkdir -p $@

# ---- unit tests: every exporter file but main.c, under ASan and UBSan --------------------------

SAN      := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
UNIT     := $(UNIT_SRC:tests/unit/%.c=$(B)/unit/%)
UNIT_LIB := $(patsubst exporter/%.c,$(B)/unit/%.o,$(filter-out exporter/main.c,$(SRC))) \
	    $(B)/unit/presets.o

$(B)/unit/%.o: exporter/%.c $(GEN) | $(B)/unit
	$(call say,CC,$@)$(CC) $(SAN) $(RP_CFLAGS) -MMD -MP -c $< -o $@
$(B)/unit/version.o: $(B)/build_version.h
$(B)/unit/presets.o: $(B)/presets.c | $(B)/unit
	$(call say,CC,$@)$(CC) $(SAN) $(RP_CFLAGS) -c $< -o $@
$(B)/unit/test_%.o: tests/unit/test_%.c $(GEN) | $(B)/unit
	$(call say,CC,$@)$(CC) $(SAN) $(RP_CFLAGS) -iquote tests/unit -MMD -MP -c $< -o $@
$(B)/unit/test_%: $(B)/unit/test_%.o $(UNIT_LIB)
	$(call say,LINK,$@)$(CC) $(SAN) $^ $(LDLIBS) -lcmocka -o $@

$(B)/workload: tests/vm/workload.c | $(B)
	$(call say,CC,$@)$(CC) $(CFLAGS) $(RP_CFLAGS) $< -o $@

# ---- the benchmark: tests/bench/bench.sh says what ARGS can be ----------------------------------

BENCH := $(B)/bench_calls $(B)/bench_empty $(B)/bench_many

$(BENCH): $(B)/bench_%: tests/bench/%.c | $(B)
	$(call say,CC,$@)$(CC) $(CFLAGS) $(RP_CFLAGS) $< -lbpf -o $@

bench: all $(BENCH)
	$(Q)bash tests/bench/bench.sh $(ARGS)
.PHONY: bench

# ---- the rest --------------------------------------------------------------------------------

deps:
	sh deploy/deps.sh

install: all
	install -D -m 0755 $(B)/retprobe_exporter $(DESTDIR)$(PREFIX)/bin/retprobe_exporter
	install -D -m 0644 README.md $(DESTDIR)$(PREFIX)/share/doc/retprobe_exporter/README.md
	install -D -m 0644 LICENSE $(DESTDIR)$(PREFIX)/share/doc/retprobe_exporter/LICENSE
	install -d $(DESTDIR)$(PREFIX)/share/retprobe_exporter/presets
	install -m 0644 $(PRESETS) $(DESTDIR)$(PREFIX)/share/retprobe_exporter/presets/

run:
	$(Q)sh deploy/run.sh $(ARGS)

check: unit-tests all
	$(Q)sh tests/run.sh check

test: deps
	$(Q)$(MAKE) --no-print-directory all unit-tests $(B)/workload
	$(Q)sh tests/run.sh all

unit-tests: $(UNIT)
.PHONY: unit-tests FORCE

format:
	clang-format -i bpf/*.[ch] exporter/*.[ch] tests/unit/*.[ch] tests/vm/*.c $(wildcard tests/bench/*.[ch])

clean:
	rm -rf $(B)

-include $(wildcard $(B)/*.d $(B)/unit/*.d)
