/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tables map symbols and sections to hazards. A name that ends in '*' is a prefix. A file with
 * such a symbol need not use it while a probed function runs. A file without one has no such code.
 */
#include "elf/hazards.h"

#include "base/buf.h"

struct row {
	const char *name;
	uint32_t hazard;
};

static const struct row symbols[] = {
	/* The interface of the unwinder. C programs with cleanup attributes use it, too. */
	{ "_Unwind_*", HAZARD_EXCEPTIONS },
	{ "__gxx_personality_*", HAZARD_EXCEPTIONS },
	{ "__gcc_personality_v0", HAZARD_EXCEPTIONS },
	{ "__cxa_throw", HAZARD_EXCEPTIONS },
	{ "__cxa_rethrow", HAZARD_EXCEPTIONS },
	{ "__cxa_begin_catch", HAZARD_EXCEPTIONS },
	{ "__cxa_allocate_exception", HAZARD_EXCEPTIONS },
	{ "_ZSt17rethrow_exception*", HAZARD_EXCEPTIONS },
	{ "__gnat_personality_*", HAZARD_EXCEPTIONS },
	{ "__gdc_personality_*", HAZARD_EXCEPTIONS },
	{ "_d_throw*", HAZARD_EXCEPTIONS },
	{ "objc_exception_throw", HAZARD_EXCEPTIONS },
	{ "caml_raise*", HAZARD_EXCEPTIONS },
	{ "swift_willThrow", HAZARD_EXCEPTIONS },
	{ "unw_step", HAZARD_EXCEPTIONS },

	{ "rust_panic*", HAZARD_PANIC },
	{ "rust_eh_personality", HAZARD_PANIC },
	{ "rust_begin_unwind", HAZARD_PANIC },
	{ "__rust_start_panic", HAZARD_PANIC },
	{ "_ZN4core9panicking*", HAZARD_PANIC },
	{ "_ZN3std9panicking*", HAZARD_PANIC },

	{ "longjmp", HAZARD_LONGJMP },
	{ "_longjmp", HAZARD_LONGJMP },
	{ "siglongjmp", HAZARD_LONGJMP },
	{ "__longjmp", HAZARD_LONGJMP },
	{ "__longjmp_chk", HAZARD_LONGJMP },
	{ "____longjmp_chk", HAZARD_LONGJMP },
	{ "__libc_longjmp", HAZARD_LONGJMP },
	{ "__libc_siglongjmp", HAZARD_LONGJMP },
	{ "_dl_catch_exception", HAZARD_LONGJMP },

	{ "pthread_cancel", HAZARD_CANCEL },
	{ "pthread_exit", HAZARD_CANCEL },
	{ "__pthread_unwind*", HAZARD_CANCEL },
	{ "thrd_exit", HAZARD_CANCEL },

	{ "swapcontext", HAZARD_STACKS },
	{ "setcontext", HAZARD_STACKS },
	{ "makecontext", HAZARD_STACKS },
	{ "__start_context", HAZARD_STACKS },
	{ "jump_fcontext", HAZARD_STACKS },
	{ "ontop_fcontext", HAZARD_STACKS },
	{ "make_fcontext", HAZARD_STACKS },
	{ "zend_fiber_*", HAZARD_STACKS },
	{ "coroutine_transfer", HAZARD_STACKS },
	{ "qemu_coroutine_*", HAZARD_STACKS },
	{ "rb_fiber_*", HAZARD_STACKS },
	{ "co_switch", HAZARD_STACKS },
	{ "coro_transfer", HAZARD_STACKS },
	{ "mco_resume", HAZARD_STACKS },
	{ "mco_yield", HAZARD_STACKS },
	{ "uthread_*", HAZARD_STACKS },
	{ "janet_fiber*", HAZARD_STACKS },
	{ "lj_ff_coroutine_*", HAZARD_STACKS },
	{ "lj_vm_call", HAZARD_STACKS | HAZARD_EXCEPTIONS },

	{ "__morestack*", HAZARD_SPLIT_STACK },

	{ "runtime.morestack*", HAZARD_GO },
	{ "runtime.gogo", HAZARD_GO },
	{ "runtime.rt0_go", HAZARD_GO },

	{ "__libc_early_init", HAZARD_LIBC },
};

static const struct row sections[] = {
	{ ".gcc_except_table*", HAZARD_EXCEPTIONS },
	{ ".note.GNU-split-stack", HAZARD_SPLIT_STACK },
	{ ".note.GNU-no-split-stack", HAZARD_SPLIT_STACK },
	{ ".gopclntab", HAZARD_GO },
	{ ".data.rel.ro.gopclntab", HAZARD_GO },
	{ ".gosymtab", HAZARD_GO },
	{ ".go.buildinfo", HAZARD_GO },
	{ ".note.go.buildid", HAZARD_GO },
};

static const char *const words[] = {
	"C++ exceptions or others unwind its stack",
	"Rust panics unwind its stack",
	"longjmp leaves functions without their return",
	"threads are cancelled by unwinding their stacks",
	"it switches stacks (coroutines)",
	"its stacks are split",
	"it is a Go program, whose stacks move",
	"it is the C library, through which any program unwinds",
};

static bool matches(const struct row *r, const char *name, size_t len)
{
	size_t own = strlen(r->name);

	if (r->name[own - 1] == '*')
		return len >= own - 1 && !memcmp(name, r->name, own - 1);
	return len == own && !memcmp(name, r->name, own);
}

static uint32_t look_up(const struct row *rows, size_t n, const char *name, size_t len)
{
	uint32_t found = 0;

	/* There may be millions of names; most differ in the first two letters. */
	for (size_t i = 0; i < n && len > 1; i++)
		if (rows[i].name[0] == name[0] && rows[i].name[1] == name[1] &&
		    matches(&rows[i], name, len))
			found |= rows[i].hazard;
	return found;
}

uint32_t hazards__of_symbol(const char *name, size_t len)
{
	return look_up(symbols, ARRAY_SIZE(symbols), name, len);
}

uint32_t hazards__of_section(const char *name)
{
	return look_up(sections, ARRAY_SIZE(sections), name, strlen(name));
}

char *hazards__in_words(uint32_t hazards)
{
	__cleanup_buf struct buf b = {};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (hazards & 1U << i)
			buf__printf(&b, "%s%s", b.len ? ", " : "", words[i]);
	return xstrdup(b.len ? buf__str(&b) : "");
}
