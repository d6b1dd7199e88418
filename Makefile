# SPDX-License-Identifier: GPL-2.0-only
# `make` builds; `make build-deps` installs what that needs; `make help` lists the rest.

VERSION  := $(shell cat VERSION)
REVISION := $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)

PREFIX  ?= /usr/local
# What starts it as a service, also to be installed; empty: nothing.
SERVICE ?= systemd
DESTDIR ?=
ARGS    ?=

B       := build
CC      ?= gcc
CLANG   ?= clang
LLVM_STRIP ?= llvm-strip
BPFTOOL ?= $(firstword $(wildcard /usr/lib/linux-tools/*/bpftool /usr/sbin/bpftool /sbin/bpftool) bpftool)
PKG_CONFIG ?= pkg-config

# Limits to build with instead of the sources' own: -DNAME=VALUE...
LIMITS   ?=

LIBS     := libbpf libelf libdw libdeflate liblzma libmicrohttpd gnutls libcrypt yaml-0.1 libseccomp
CFLAGS   ?= -O2 -g
WERROR   ?= -Werror
RP_CFLAGS := -std=gnu17 -Wall -Wextra $(WERROR) -Wno-unused-parameter -Wshadow -Wstrict-prototypes \
	    -Wmissing-prototypes -D_GNU_SOURCE $(LIMITS) -pthread -iquote . -iquote exporter -iquote $(B)
# Unused parameters are what tables of functions with one signature have.
# What tells where functions of x86-64 programs return; it has no pkg-config file.
DECODER  := $(if $(findstring x86_64,$(shell $(CC) -dumpmachine)),-lZydis)
# libiberty reads names of C++ and Rust; it is static, and has no pkg-config file either.
# Asked once, at the first link.
LDLIBS    = $(eval LDLIBS := $(shell $(PKG_CONFIG) --libs $(LIBS)) -liberty -lm -pthread $(DECODER))$(LDLIBS)

# Architecture of the kernel that the BPF side is built for, in libbpf's words.
ARCH     := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/')

# What makes a fault in the exporter hard to use. CFLAGS and LDFLAGS come later, so yours win; with
# HARDENING= and HARDENING_LD= there is none. _FORTIFY_SOURCE warns where it is set twice, has another
# level, or nothing is optimised.
FORTIFY  := $(shell echo | $(CC) -O2 -Werror -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -include stdio.h \
	    -x c -fsyntax-only - 2>/dev/null && echo 3 || echo 2)
HARDENING_x86   := -fcf-protection
HARDENING_arm64 := -mbranch-protection=standard
HARDENING ?= -fPIE -fstack-protector-strong -fstack-clash-protection $(HARDENING_$(ARCH)) \
	    $(if $(findstring _FORTIFY_SOURCE,$(CFLAGS)),,$(if $(filter -O1 -O2 -O3 -Os -Ofast,$(CFLAGS)),\
	    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$(FORTIFY)))
HARDENING_LD ?= -pie -Wl,-z,relro,-z,now,-z,noexecstack
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
# Line information stays in the programs, so it must not depend on the directory.
BPF_CFLAGS := -std=gnu17 -O2 -g -target bpf -mcpu=v3 -Wall -Wextra $(WERROR) -Wno-unused-parameter \
	     -ffile-prefix-map=$(CURDIR)=. -D__TARGET_ARCH_$(ARCH) $(LIMITS) -I. $(addprefix -idirafter /usr/include/,$(MULTIARCH))

SRC   := $(sort $(wildcard exporter/*.c exporter/*/*.c))
OBJ   := $(SRC:exporter/%.c=$(B)/%.o)
GEN   := $(B)/retprobe.skel.h $(B)/syscall_table.h
PRESETS := $(sort $(wildcard deploy/presets/*.yaml))
PAGE  := $(sort $(wildcard exporter/pages/page/*))
DATA  := presets page_files
# Beside each other as they are here, so that their links lead somewhere.
DOCS  := $(sort $(filter-out $(B)/%,$(wildcard *.md */*.md */*/*.md */*/*/*.md)) deploy/images/page.png)

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2);)

.DELETE_ON_ERROR:
.SUFFIXES:
# Nothing that was built on the way is removed.
.SECONDARY:
.PHONY: all deps build-deps install run test check clean help lint format

all: $(B)/retprobe_exporter

help:
	@sed -n 's/^## //p' Makefile

## make            build/retprobe_exporter
## make build-deps  install the packages that building needs (root)
## make deps       install the packages that building and testing need (root)
## make install    into $(DESTDIR)$(PREFIX)
## make run        build and run with the default set on :10435 (root); ARGS='...' are passed on
## make check      the quick tests: no root, no virtual machine
## make test       every test, the kernel matrix included (root)
## make fuzz       the fuzzers, a minute each; ARGS='[NAME...] -OPTION...' for libFuzzer
## make mutants    breaks the accounting in known ways and sees that tests notice; ARGS='NAME...' (root)
## make archive    what runs on any machine of this architecture, in build/dist/
## make deb        a Debian package, in build/deb/
## make dist       all of build/dist/: archives, packages, image and chart, with checksums (root)
## make check-dist  makes that twice, and uses each of it on fresh systems (root)
## make check-programs  functions of OpenSSL and PostgreSQL in containers (root)
## make check-deploy  Helm chart, kustomizations and container against the types of Kubernetes (needs Go)
## make check-container  the container image with the pod's settings, in guests of each kernel (root)
## make check-cluster  the image and the chart in a Kubernetes cluster, whose node is a guest (root)
## make check-arm64  unit tests and guest tests for arm64, under an emulator (root)
## make check-kernels  more guest tests, and those on RT, cloud and other kernels (root)
## make bench      what it costs, measured beside other tools; ARGS='6.12 native' chooses (root)
## make fleet      a fleet by simulation, and what it costs; ARGS='-n 1000 -i 10' (root)
## make capabilities  which capabilities each mechanism needs, tried on each kernel (root)
## make screenshots  the pictures of the landing page in the documents (root)
## make clean      remove build/

# ---- generated -------------------------------------------------------------------------------

$(B)/retprobe.bpf.o: bpf/retprobe.bpf.c | $(B)
	$(call say,BPF,$@)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@

$(B)/retprobe.skel.h: $(B)/retprobe.bpf.o
	$(call say,SKEL,$@)$(BPFTOOL) gen skeleton $< name retprobe > $@

# System call names by number, of this architecture and of its 32-bit sibling, from the kernel's
# own headers: ROW(table, number, name).
$(B)/syscall_table.h: exporter/kernel/syscall_table.sh | $(B)
	$(call say,GEN,$@)CC='$(CC)' sh $< > $@

$(B)/presets.c: $(PRESETS) exporter/config/presets.sh | $(B)
	$(call say,GEN,$@)sh exporter/config/presets.sh $(PRESETS) > $@

$(B)/page_files.c: $(PAGE) exporter/pages/page_files.sh | $(B)
	$(call say,GEN,$@)sh exporter/pages/page_files.sh $(PAGE) > $@

# ---- the exporter ----------------------------------------------------------------------------

# What is generated is there before the first object; from then on objects know what they include.

$(B)/%.o: exporter/%.c | $(GEN) $(B)
	$(call say,CC,$@)mkdir -p $(@D) && $(CC) $(HARDENING) $(CFLAGS) $(RP_CFLAGS) -MMD -MP -c $< -o $@

$(DATA:%=$(B)/%.o): $(B)/%.o: $(B)/%.c
	$(call say,CC,$@)$(CC) $(HARDENING) $(CFLAGS) $(RP_CFLAGS) -c $< -o $@

# The version is in one object only, and is written only when it changes.
$(B)/build_version.h: FORCE | $(B)
	@printf '#define RP_VERSION "%s"\n#define RP_REVISION "%s"\n' '$(VERSION)' '$(REVISION)' | \
		cmp -s - $@ || printf '#define RP_VERSION "%s"\n#define RP_REVISION "%s"\n' \
		'$(VERSION)' '$(REVISION)' > $@
$(B)/base/version.o: $(B)/build_version.h
FORCE:

$(B)/retprobe_exporter: $(OBJ) $(DATA:%=$(B)/%.o)
	$(call say,LINK,$@)$(CC) $(HARDENING) $(CFLAGS) $(HARDENING_LD) $(LDFLAGS) $^ $(LDLIBS) -o $@

$(B) $(B)/unit $(B)/fuzz:
	@mkdir -p $@

# ---- unit tests and fuzzers: every exporter file but main.c, under ASan and UBSan ----------------

# One set of objects for both, so Clang's. Not optimised, with line numbers only (-g1): most of the time goes into
# compiling. Tests read their own types (-g). Each release of Clang has other warnings: CC decides about the exporter's.
SAN_CC   := $(CLANG)
SAN      := -O0 -g1 -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all -fno-omit-frame-pointer
# To Clang, a variable is unused if only its cleanup uses it.
TEST_WARN := -Wno-error -Wno-unused-variable
# Linking the runtime into each program takes twice as long.
SAN_LIB   = $(shell $(CLANG) -print-file-name=libclang_rt.asan-$(shell uname -m).so)
SAN_LD    = -shared-libasan -Wl,-rpath,$(dir $(SAN_LIB))
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
UNIT     := $(UNIT_SRC:tests/unit/%.c=$(B)/unit/%)
UNIT_LIB := $(patsubst exporter/%.c,$(B)/unit/%.o,$(filter-out exporter/main.c,$(SRC))) \
	    $(DATA:%=$(B)/unit/%.o)

$(B)/unit/%.o: exporter/%.c | $(GEN) $(B)/unit
	$(call say,CC,$@)mkdir -p $(@D) && $(SAN_CC) $(RP_CFLAGS) -w $(SAN) -MMD -MP -c $< -o $@
$(B)/unit/base/version.o: $(B)/build_version.h
# Nobody waits for the end of it in the others.
$(B)/unit/access/access.o: LIMITS += -DWEB_PAIR_SECONDS=1
# On a busy machine, processes with AddressSanitizer take long to exit.
$(B)/unit/files/confined.o: LIMITS += -DKILL_TIME=5.0
$(DATA:%=$(B)/unit/%.o): $(B)/unit/%.o: $(B)/%.c | $(B)/unit
	$(call say,CC,$@)$(SAN_CC) $(RP_CFLAGS) -w $(SAN) -c $< -o $@
$(B)/unit/test_%.o: tests/unit/test_%.c | $(GEN) $(B)/unit
	$(call say,CC,$@)$(SAN_CC) $(RP_CFLAGS) $(TEST_WARN) $(SAN) -g -iquote tests/unit -MMD -MP -c $< -o $@
# A test links the objects that it uses.
$(B)/unit/exporter.a: $(UNIT_LIB)
	$(call say,AR,$@)rm -f $@ && $(AR) qcs $@ $^
$(B)/unit/test_%: $(B)/unit/test_%.o $(B)/unit/exporter.a
	$(call say,LINK,$@)$(SAN_CC) $(SAN) $(SAN_LD) $(addprefix -Wl$(comma)--wrap=,$(REPLACED)) $^ $(LDLIBS) -lcmocka -o $@
# Of the exporter's own objects: sanitizers make system calls that it does not have.
$(B)/unit/test_confine $(B)/unit/test_privs $(B)/unit/test_seccomp: $(B)/unit/%: tests/unit/%.c $(filter-out $(B)/main.o,$(OBJ)) $(DATA:%=$(B)/%.o) | $(B)/unit
	$(call say,LINK,$@)$(CC) $(CFLAGS) $(RP_CFLAGS) $^ $(LDLIBS) -lcmocka -o $@
# Functions that a test has in the place of others.
comma := ,
$(B)/unit/test_missed $(B)/unit/test_missed_sessions: REPLACED := attach__slots attach__count attach__count_programs \
			      object_maps__refresh object__banks snapshot__count_calls snapshot__events snapshot__entered \
			      object__wait_for_programs by_function__count_answers
$(B)/unit/test_scan: REPLACED := attach__slots object_scan__open object_scan__run object_scan__bias features__has
$(B)/unit/test_modules: REPLACED := machine__is_initial_pid_namespace
$(B)/unit/test_samples: REPLACED := object_samples__take label_slots__texts
$(B)/unit/test_scrape: REPLACED := pthread_cond_wait
$(B)/unit/test_perf_event: REPLACED := syscall
$(B)/unit/test_generation: REPLACED := object__load
$(B)/unit/test_rate_guard: REPLACED := object_maps__refresh object__banks snapshot__count_runs snapshot__events \
				  get_nprocs log__line costs__of_call costs__note
$(B)/unit/test_costs: REPLACED := overhead__measure attach__slots attach__count_slot bpf_enable_stats log__line
$(B)/unit/test_ladder $(B)/unit/test_ladder_calls: REPLACED := features__has features__missing
$(B)/unit/test_plan: REPLACED := features__has attach__slots choice__explain
$(B)/unit/test_memory: REPLACED := features__has
$(B)/unit/test_kretprobe: REPLACED := tracefs__event_id perf_event__open_tracepoint perf_event__attach perf_event__close \
				 programs__for_site object__programs object__banks object_maps__refresh_target \
				 snapshot__returns_seen
$(B)/unit/test_reconcile $(B)/unit/test_overload: REPLACED := discover__run generation__plan generation__start generation__is_attached \
				 generation__detach attach__slots attach__caveat rate_guard__check rate_guard__why_hot \
				 watch__machine_changed generation__is_paused \
				 generation__pause generation__resume generation__rounds switches__off \
				 former__cannot_follow former__follow former__count former__next \
				 file_users__count attach__set_switched_off choice__is_outdated \
				 features__preemption_changed costs__prepare
LABEL_WORLD := $(addprefix object__,banks used without_room retire_set free_set move_value free_value wait_for_programs)
$(B)/unit/test_label_sets: REPLACED := $(LABEL_WORLD) nanosleep log__line
$(B)/unit/test_needed: REPLACED := $(LABEL_WORLD) log__line
$(B)/unit/test_label_room: REPLACED := $(LABEL_WORLD)

$(B)/workload: $(wildcard tests/vm/workload/*.[ch]) | $(B)
	$(call say,CC,$@)$(CC) $(CFLAGS) $(RP_CFLAGS) $(filter %.c,$^) -o $@

# Static, for images without a file system: tests/cluster.
$(B)/workload-static: $(wildcard tests/vm/workload/*.[ch]) | $(B)
	$(call say,CC,$@)$(CC) $(CFLAGS) $(RP_CFLAGS) -static $(filter %.c,$^) -o $@
$(B)/pause: tests/cluster/pause.c | $(B)
	$(call say,CC,$@)$(CC) $(CFLAGS) $(RP_CFLAGS) -static $< -o $@

$(B)/postgres: tests/vm/postgres.c | $(B)
	$(call say,CC,$@)$(CC) $(CFLAGS) $(RP_CFLAGS) $< -o $@

# With its types, for the parameters of its functions.
$(B)/shop: tests/e2e/usdt/shop.c | $(B)
	$(call say,CC,$@)$(CC) $(CFLAGS) $(RP_CFLAGS) -g -O2 $< -o $@
$(B)/absent: tests/e2e/usdt/absent.c | $(B)
	$(call say,CC,$@)$(CC) $(CFLAGS) $(RP_CFLAGS) -O2 $< -o $@

# Without OpenSSL's headers: the library itself is there as a part of openssl.
$(B)/tls: tests/vm/tls.c | $(B)
	$(call say,CC,$@)$(CC) $(CFLAGS) $(RP_CFLAGS) $< -l:libssl.so.3 -o $@

# For guests, which have no compiler.
$(B)/calls/%: tests/e2e/calls/%.c | $(B)
	$(call say,CC,$@)mkdir -p $(@D) && $(CC) -O1 -pthread $< -o $@

# Static, as emulated guests take long to load libraries.
$(B)/client: tests/vm/client.c | $(B)
	$(call say,CC,$@)$(CC) $(CFLAGS) $(RP_CFLAGS) -static $< -o $@

# The exporter with hardly any memory for calls in flight and with short pauses of the rate guard, for tests of what
# happens then. Of its sources, only those that use a limit are compiled again.
SMALL     := -DRP_FRAMES=1 -DOBJECT_SLOT_BITS=1 -DFRAMES=256 -DFRAMES_FALLBACK=256 -DRP_SLOT_AGE=1000000000 \
	     -DANSWERS=4 \
	     -DRATE_GUARD_PERIOD=0.5 -DRATE_GUARD_WINDOW=1.0 -DRATE_GUARD_PAUSE=4.0 -DRATE_GUARD_PAUSE_MAX=8.0 \
	     -DRATE_GUARD_USER_SHARE=0.01
# RP_TASK_BYTES is made of RP_FRAMES, and the skeleton contains the BPF programs.
SMALL_SRC := $(shell grep -lw $(foreach limit,$(SMALL:-D%=%),-e $(firstword $(subst =, ,$(limit)))) -e RP_TASK_BYTES \
	     $(patsubst exporter/%,-e %,$(shell grep -lr --include='*.h' retprobe.skel.h exporter)) $(SRC))
SMALL_OBJ := $(SMALL_SRC:exporter/%.c=$(B)/small/%.o)

$(B)/small/retprobe.bpf.o: bpf/retprobe.bpf.c | $(B)
	$(call say,BPF,$@)mkdir -p $(@D) && $(CLANG) $(BPF_CFLAGS) $(SMALL) -MMD -MP -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@
$(B)/small/retprobe.skel.h: $(B)/small/retprobe.bpf.o
	$(call say,SKEL,$@)$(BPFTOOL) gen skeleton $< name retprobe > $@
$(B)/small/%.o: exporter/%.c | $(GEN) $(B)/small/retprobe.skel.h
	$(call say,CC,$@)mkdir -p $(@D) && $(CC) $(HARDENING) $(CFLAGS) -iquote $(B)/small $(RP_CFLAGS) $(SMALL) \
		-MMD -MP -c $< -o $@
$(B)/small/retprobe_exporter: $(SMALL_OBJ) $(filter-out $(SMALL_SRC:exporter/%.c=$(B)/%.o),$(OBJ)) $(DATA:%=$(B)/%.o)
	$(call say,LINK,$@)$(CC) $(HARDENING) $(CFLAGS) $(HARDENING_LD) $(LDFLAGS) $^ $(LDLIBS) -o $@

$(B)/inject: tests/e2e/inject.c | $(B)
	$(call say,CC,$@)$(CC) $(CFLAGS) $(RP_CFLAGS) $< -o $@

$(B)/page_calls: tests/e2e/page_calls.c | $(B)
	$(call say,CC,$@)$(CC) $(CFLAGS) $(RP_CFLAGS) $< -o $@

# ---- the benchmark: tests/bench/bench.sh says what ARGS can be ----------------------------------

BENCH := $(B)/bench_calls $(B)/bench_empty $(B)/bench_many $(B)/bench_pattern

$(BENCH): $(B)/bench_%: tests/bench/%.c | $(B)
	$(call say,CC,$@)$(CC) $(CFLAGS) $(RP_CFLAGS) $< -lbpf -o $@

$(B)/bench_patterns.bpf.o: tests/bench/patterns.bpf.c | $(B)
	$(call say,BPF,$@)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

# Of the exporter's own objects.
$(B)/bench_encode: tests/bench/encode.c $(filter-out $(B)/main.o,$(OBJ)) $(DATA:%=$(B)/%.o)
	$(call say,CC,$@)$(CC) $(CFLAGS) $(RP_CFLAGS) $^ $(LDLIBS) -o $@

# build/bench_scan THREADS FUNCTIONS
$(B)/bench_scan: tests/bench/scan.c $(filter-out $(B)/main.o,$(OBJ)) $(DATA:%=$(B)/%.o)
	$(call say,CC,$@)$(CC) $(CFLAGS) $(RP_CFLAGS) $^ $(LDLIBS) -o $@

bench: all $(BENCH) $(B)/bench_patterns.bpf.o $(B)/bench_encode
	$(Q)bash tests/bench/bench.sh $(ARGS)
.PHONY: bench

# ---- a Prometheus and many nodes: tests/e2e/fleet.sh says what ARGS can be ----------------------

fleet: all
	$(Q)bash tests/e2e/fleet.sh $(ARGS)
.PHONY: fleet

# ---- what each mechanism needs, tried on each kernel -------------------------------------------

capabilities: all $(B)/workload $(B)/shop
	$(Q)bash tests/vm/capabilities.sh $(ARGS)
.PHONY: capabilities

# ---- do the tests notice? ----------------------------------------------------------------------

mutants: all
	$(Q)bash tests/mutants.sh $(ARGS)
.PHONY: mutants

# ---- fuzzers: the parsers of what others write -------------------------------------------------

FUZZ_SRC  := $(filter-out tests/fuzz/harness.c,$(sort $(wildcard tests/fuzz/*.c)))
FUZZERS   := $(FUZZ_SRC:tests/fuzz/%.c=$(B)/fuzz/%)

$(B)/fuzz/%.o: tests/fuzz/%.c | $(GEN) $(B)/fuzz
	$(call say,CC,$@)$(SAN_CC) $(RP_CFLAGS) $(TEST_WARN) $(SAN) -iquote tests/unit -MMD -MP -c $< -o $@
$(FUZZERS): $(B)/fuzz/%: $(B)/fuzz/%.o $(B)/fuzz/harness.o $(B)/unit/exporter.a
	$(call say,LINK,$@)$(SAN_CC) $(SAN) -fsanitize=fuzzer $^ $(LDLIBS) -o $@
$(B)/fuzz/generate: tests/fuzz/seeds/generate.c $(B)/base/util.o $(B)/base/buf.o | $(GEN) $(B)/fuzz
	$(call say,CC,$@)$(CC) $(CFLAGS) $(RP_CFLAGS) -iquote tests/unit $^ $(LDLIBS) -o $@

fuzzers: $(FUZZERS) $(B)/fuzz/generate
fuzz: fuzzers
	$(Q)bash tests/fuzz/run.sh $(or $(ARGS),-max_total_time=60)
.PHONY: fuzzers fuzz

# ---- the rest --------------------------------------------------------------------------------

deps:
	sh deploy/deps.sh
build-deps:
	sh deploy/deps.sh build

install: all install-data
	install -D -m 0755 $(B)/retprobe_exporter $(DESTDIR)$(PREFIX)/bin/retprobe_exporter

# All but the program.
install-data:
	install -D -m 0644 deploy/man/retprobe_exporter.1 \
		$(DESTDIR)$(PREFIX)/share/man/man1/retprobe_exporter.1
	$(Q)for file in $(DOCS); do \
		install -D -m 0644 $$file $(DESTDIR)$(PREFIX)/share/doc/retprobe_exporter/$$file || exit 1; done
	install -D -m 0644 LICENSE $(DESTDIR)$(PREFIX)/share/doc/retprobe_exporter/LICENSE
	install -d $(DESTDIR)$(PREFIX)/share/retprobe_exporter/presets
	install -m 0644 $(PRESETS) $(DESTDIR)$(PREFIX)/share/retprobe_exporter/presets/
	install -d $(DESTDIR)$(PREFIX)/share/retprobe_exporter/dashboards
	install -m 0644 $(wildcard dashboards/*.json dashboards/*.yaml) dashboards/README.md \
		$(DESTDIR)$(PREFIX)/share/retprobe_exporter/dashboards/
	install -m 0755 dashboards/runbooks.sh $(DESTDIR)$(PREFIX)/share/retprobe_exporter/dashboards/
	$(if $(SERVICE),$(Q)$(MAKE) --no-print-directory install-$(SERVICE))

install-systemd:
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|/usr/bin/|$(PREFIX)/bin/|' deploy/systemd/retprobe-exporter.service \
		> $(DESTDIR)$(PREFIX)/lib/systemd/system/retprobe-exporter.service
	install -m 0644 deploy/systemd/retprobe-exporter.socket $(DESTDIR)$(PREFIX)/lib/systemd/system/
	install -D -m 0644 deploy/systemd/retprobe-exporter.sysusers \
		$(DESTDIR)$(PREFIX)/lib/sysusers.d/retprobe-exporter.conf
.PHONY: install-data install-systemd

# A Debian package, in build/deb/.
deb:
	sh deploy/package.sh
# For any machine of this architecture, in build/dist/.
archive: all
	sh deploy/archive/archive.sh
# Archives, packages, image and chart, with their checksums, in build/dist/.
dist:
	sh deploy/dist.sh
.PHONY: deb archive dist

run:
	$(Q)sh deploy/run.sh $(ARGS)

check: unit-tests all
	$(Q)sh tests/run.sh check

# What `make test` runs, built.
test-programs: all unit-tests $(B)/workload $(B)/postgres $(B)/tls $(B)/client $(B)/small/retprobe_exporter \
		$(B)/shop $(B)/absent $(B)/calls/answered $(B)/calls/kinds $(B)/page_calls $(B)/inject $(B)/bench_many fuzzers
.PHONY: test-programs

test: deps
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) test-programs
	$(Q)sh tests/run.sh all

# What is deployed in clusters; needs Go.
check-deploy: all
	$(Q)bash tests/run.sh suites tests/deploy/kubernetes.sh
.PHONY: check-deploy

# The image with the pod's settings, in guests (root). Two of these are in `make test`.
check-container: all $(B)/workload
	$(Q)bash tests/run.sh suites 'tests/vm/container.sh $(or $(ARGS),5.10/kretprobes 6.1/kretprobes 6.12 6.12/programs 7)'
.PHONY: check-container

# The image and the chart in a real cluster, whose node is a guest (root).
check-cluster: $(B)/workload-static $(B)/pause
	$(Q)bash tests/cluster/cluster.sh $(ARGS)
.PHONY: check-cluster

# The unit tests for arm64 in QEMU's user mode, and the exporter on Debian's kernels, in guests (root).
check-arm64:
	sh deploy/deps.sh build guest test arm64
	$(Q)bash tests/run.sh suites 'tests/deploy/arm64.sh units'
	$(Q)bash tests/deploy/cross.sh
	$(Q)bash tests/vm/other_kernels.sh $(or $(ARGS),arm64)

# The guest tests on other versions and flavours of the kernel, and on kernels that lack something (root).
check-kernels: all test-programs
	$(Q)$(if $(ARGS),,bash tests/run.sh suites 'tests/vm/presets.sh 6.1 6.12')
	$(Q)bash tests/vm/other_kernels.sh $(or $(ARGS),x86)
.PHONY: check-arm64 check-kernels

# All that `make dist` makes, made twice and used on fresh systems (root).
check-dist:
	sh deploy/deps.sh build guest test arm64 dist
	$(Q)$(MAKE) --no-print-directory $(B)/client
	$(Q)bash tests/deploy/dist.sh $(ARGS)
.PHONY: check-dist

# OpenSSL and PostgreSQL of Debian's packages, in containers (root).
check-programs: all $(B)/client
	$(Q)bash tests/deploy/programs.sh
.PHONY: check-programs

# The rules in the Prometheus Operator's words, from dashboards/; they are committed.
kubernetes:
	sh deploy/kubernetes/rules.sh > deploy/kubernetes/components/monitoring/prometheusrule.yaml
.PHONY: kubernetes

# The screenshots in README.md and exporter/HTTP.md; they are committed.
screenshots: all
	$(Q)bash deploy/images/page.sh
.PHONY: screenshots

unit-tests: $(UNIT)
.PHONY: unit-tests FORCE

# The Grafana dashboards, from dashboards/generate.py; they are committed.
dashboards:
	python3 -B dashboards/generate.py
.PHONY: dashboards

format:
	clang-format -i bpf/*.[ch] exporter/*.[ch] exporter/*/*.[ch] tests/unit/*.[ch] tests/vm/*.c tests/vm/workload/*.[ch] tests/e2e/*.c tests/e2e/*/*.c tests/fuzz/*.[ch] tests/fuzz/seeds/*.c tests/cluster/*.c deploy/archive/*.c $(wildcard tests/bench/*.[ch])

clean:
	rm -rf $(B)

-include $(wildcard $(B)/*.d $(B)/*/*.d $(B)/*/*/*.d $(B)/*/*/*/*.d)
