/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Discovery over fixtures: function lists of a kernel, BTF, and ELF files in a temporary directory.
 */
#pragma once

#include <errno.h>

#include "base/log.h"
#include "btf_fixture.h"
#include "discover_fixture.h"
#include "elf_fixture.h"

#define FIXTURES "tests/unit/fixtures/"
#define NOWHERE	 FIXTURES "none"

static char *dir; /* BTF and ELF files */

static struct discover_env env = {
	.kallsyms = FIXTURES "kallsyms",
	.available_filter_functions = FIXTURES "available_filter_functions",
	.kprobe_blacklist = FIXTURES "kprobe_blacklist",
	.modules_dir = FIXTURES "modules",
	.tracefs = -1,
};

static inline int setup_all(void **state)
{
	static const struct elf_fixture_symbol symbols[] = {
		{ .name = "alpha", .addr = ELF_FIXTURE_VADDR, .type = STT_FUNC },
		{ .name = "beta", .addr = ELF_FIXTURE_VADDR + 8, .type = STT_FUNC },
		{ .name = "twice", .addr = ELF_FIXTURE_VADDR + 16, .type = STT_FUNC },
		{ .name = "twice", .addr = ELF_FIXTURE_VADDR + 24, .type = STT_FUNC },
		{ .name = "pick", .addr = ELF_FIXTURE_VADDR + 32, .type = STT_GNU_IFUNC },
		{ .name = "__pick_fast", .addr = ELF_FIXTURE_VADDR + 40, .type = STT_FUNC },
		{ .name = "cloned.isra.0", .addr = ELF_FIXTURE_VADDR + 48, .type = STT_FUNC },
		{ .name = "many.constprop.0", .addr = ELF_FIXTURE_VADDR + 56, .type = STT_FUNC },
		{ .name = "many.isra.0", .addr = ELF_FIXTURE_VADDR + 64, .type = STT_FUNC },
	};
	static const struct elf_fixture_symbol source[] = {
		{ .name = "_ZN2ns1f6methodEi", .addr = ELF_FIXTURE_VADDR, .type = STT_FUNC },
		{ .name = "_ZN2ns1f4overEi", .addr = ELF_FIXTURE_VADDR + 8, .type = STT_FUNC },
		{ .name = "_ZN2ns1f4overEd", .addr = ELF_FIXTURE_VADDR + 16, .type = STT_FUNC },
		{ .name = "_ZN2ns1fC1Ev", .addr = ELF_FIXTURE_VADDR + 24, .type = STT_FUNC },
		{ .name = "_ZN2ns1fC2Ev", .addr = ELF_FIXTURE_VADDR + 24, .type = STT_FUNC },
		{ .name = "_ZN2ns1fD1Ev", .addr = ELF_FIXTURE_VADDR + 32, .type = STT_FUNC },
		{ .name = "_ZN2ns1fD2Ev", .addr = ELF_FIXTURE_VADDR + 40, .type = STT_FUNC },
		{ .name = "_Z5parsePKc", .addr = ELF_FIXTURE_VADDR + 48, .type = STT_FUNC },
		{ .name = "_ZN5crate4work17h0123456789abcdefE",
		  .addr = ELF_FIXTURE_VADDR + 56,
		  .type = STT_FUNC },
		{ .name = "plain", .addr = ELF_FIXTURE_VADDR + 64, .type = STT_FUNC },
	};
	struct elf_fixture f = { .machine = ELF_FIXTURE_MACHINE,
				 .type = ET_DYN,
				 .symbols = symbols,
				 .nsymbols = ARRAY_SIZE(symbols) };
	struct btf_fixture btf;

	static const struct elf_fixture_symbol hard[] = {
		{ .name = "good", .addr = ELF_FIXTURE_VADDR, .type = STT_FUNC },
		{ .name = "good.cold", .addr = ELF_FIXTURE_VADDR + 8, .type = STT_FUNC },
		{ .name = "good_too", .addr = ELF_FIXTURE_VADDR + 8, .type = STT_FUNC },
		{ .name = "swapcontext",
		  .addr = ELF_FIXTURE_VADDR + 16,
		  .size = 8,
		  .type = STT_FUNC },
		{ .name = "my_swap", .addr = ELF_FIXTURE_VADDR + 16, .type = STT_FUNC },
		{ .name = "begin", .addr = ELF_FIXTURE_VADDR + 24, .type = STT_FUNC },
	};
	struct elf_fixture difficult = { .machine = ELF_FIXTURE_MACHINE,
					 .type = ET_DYN,
					 .symbols = hard,
					 .nsymbols = ARRAY_SIZE(hard),
					 .entry = ELF_FIXTURE_VADDR + 24 };

	log__setup(LOG_ERROR, LOG_LOGFMT);
	dir = temp_dir__new();
	btf_fixture__make(&btf, dir);
	btf__free(btf.vmlinux);
	free(elf_fixture__write(dir, "prog", &f));
	f.symbols = source;
	f.nsymbols = ARRAY_SIZE(source);
	free(elf_fixture__write(dir, "source", &f));
	f.symbols = symbols;
	f.nsymbols = ARRAY_SIZE(symbols);
	free(elf_fixture__write(dir, "hard", &difficult));
	f.section = ".gopclntab";
	free(elf_fixture__write(dir, "goprog", &f));
	env.btf_dir = dir;
	return 0;
}

static inline int teardown_all(void **state)
{
	temp_dir__remove(dir);
	return 0;
}

/* There must be one target. Its `why` must contain these words. */
static inline void check_why(const char *probe, const char *want, const char *words)
{
	struct fixture f = { 0 };

	LIST(&f, probe);
	run(&f);
	check(&f, want);
	if (!strstr(f.targets->v[0]->why, words))
		fail_msg("%s: \"%s\" does not say \"%s\"", probe, f.targets->v[0]->why, words);
	done(&f);
}

static inline void ask(struct fixture *f, size_t list, enum returns returns)
{
	f->lists[list].settings.returns = returns;
	f->lists[list].settings.returns_pos =
		(struct source_pos){ .file = "test.yaml", .line = 70 + list, .column = 7 };
}

static inline void check_error(struct fixture *f, const char *want)
{
	assert_int_equal(discover__run(&f->config, &env, &f->targets, &f->error), -EINVAL);
	assert_null(f->targets);
	assert_string_equal(f->error, want);
	done(f);
}
