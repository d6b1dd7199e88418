/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Not every symbol of a program is a function that is called. Code may jump to it, so that the top
 * of the stack is not a return address, and a return probe would overwrite something else. Some
 * functions return twice, or on another stack, so their return cannot be matched. The unwinder
 * reads all return addresses.
 *
 * Functions that never return, or that exceptions may leave, are not listed: uprobe.ret can probe
 * them, since it does not replace the return address.
 */
#include "discover/denylist_user.h"

#include "discover/denylist.h"

#define NOT_CALLED "it is not called: the kernel or a jump enters it, without a return address"
#define SIGNAL	   "it is not called: signal handlers return to it"
#define RESOLVER \
	"it is not called: jumps enter it, with something else than a return address on the stack"
#define TWICE	   "it returns twice"
#define STACK	   "it returns on another stack"
#define UNWINDER   "it is the unwinder, which reads the stack that a probe would change"
#define CONVENTION "it is code in assembly that is not called as functions are"
#define PROFILER   "it looks at the return address of its caller"
#define GO	   "it is assembly of Go's runtime, which changes stacks"

static const struct deny_rule user[] = {
	/* Entry points. */
	{ "_start", NOT_CALLED },
	{ "__start", NOT_CALLED },
	{ "_rt0_*", NOT_CALLED },
	{ "_dl_start", NOT_CALLED },
	{ "_dl_start_user", NOT_CALLED },
	{ "_dlstart", NOT_CALLED },
	{ "__start_context", NOT_CALLED },
	{ "__restore", SIGNAL },
	{ "__restore_rt", SIGNAL },
	{ "__kernel_rt_sigreturn", SIGNAL },
	{ "__default_sa_restorer*", SIGNAL },
	{ "__default_rt_sa_restorer*", SIGNAL },

	/* Entered from a procedure linkage table. */
	{ "_dl_runtime_resolve*", RESOLVER },
	{ "_dl_runtime_profile*", RESOLVER },
	{ "_dl_tlsdesc_*", CONVENTION },
	{ "__tls_get_addr_slow", CONVENTION },
	{ "*@plt", RESOLVER },
	{ "__x86_indirect_thunk*", CONVENTION },
	{ "__x86_return_thunk*", CONVENTION },
	{ "__llvm_retpoline_*", CONVENTION },
	{ "__llvm_lvi_thunk_*", CONVENTION },
	{ "__rust_probestack", CONVENTION },
	{ "__probestack", CONVENTION },
	{ "__chkstk*", CONVENTION },
	{ "OUTLINED_FUNCTION_*", CONVENTION },
	{ "__morestack*", STACK },

	{ "mcount", PROFILER },
	{ "_mcount", PROFILER },
	{ "__fentry__", PROFILER },
	{ "__return__", PROFILER },

	/* They save their return address, to return again. */
	{ "setjmp", TWICE },
	{ "_setjmp", TWICE },
	{ "__setjmp", TWICE },
	{ "sigsetjmp", TWICE },
	{ "__sigsetjmp*", TWICE },
	{ "__sigjmp_save", TWICE },
	{ "savectx", TWICE },
	{ "getcontext", TWICE },
	{ "__getcontext*", TWICE },
	{ "unw_getcontext", TWICE },
	{ "_U*_getcontext", TWICE },
	{ "__unw_getcontext", TWICE },
	{ "vfork", TWICE },
	{ "__vfork", TWICE },
	{ "__libc_vfork", TWICE },
	{ "lj_vm_setjmp*", TWICE },

	{ "setcontext", STACK },
	{ "__setcontext*", STACK },
	{ "swapcontext", STACK },
	{ "__swapcontext*", STACK },
	{ "jump_fcontext", STACK },
	{ "ontop_fcontext", STACK },
	{ "_*_jump_fcontext", STACK },
	{ "co_switch", STACK },
	{ "coro_transfer", STACK },
	{ "coroutine_transfer", STACK },
	{ "_mco_switch", STACK },
	{ "switch_fiber*", STACK },
	{ "clone", STACK },
	{ "__clone", STACK },
	{ "__clone2", STACK },
	{ "clone3", STACK },
	{ "__clone3", STACK },
	{ "__unmapself", STACK },
	{ "__start_thread_*", STACK },

	{ "_Unwind_*", UNWINDER },
	{ "uw_frame_state_for", UNWINDER },
	{ "uw_init_context*", UNWINDER },
	{ "uw_install_context*", UNWINDER },
	{ "uw_update_context*", UNWINDER },
	{ "uw_advance_context*", UNWINDER },
	{ "__libunwind_*", UNWINDER },
	{ "unw_resume", UNWINDER },
	{ "_U*_resume", UNWINDER },
	{ "__gxx_personality_*", UNWINDER },
	{ "__gcc_personality_*", UNWINDER },
	{ "__gnat_personality_*", UNWINDER },
	{ "__gdc_personality_*", UNWINDER },
	{ "__objc_personality_*", UNWINDER },
	{ "rust_eh_personality", UNWINDER },

	{ "gogo", GO },
	{ "runtime.gogo*", GO },
	{ "runtime.rt0_go*", GO },
	{ "runtime.mcall*", GO },
	{ "runtime.systemstack*", GO },
	{ "runtime.morestack*", GO },
	{ "runtime.asmcgocall*", GO },
	{ "runtime.cgocallback.*", GO },
	{ "runtime.cgocallback", GO },
	{ "runtime.goexit", GO },
	{ "runtime.goexit.*", GO },
	{ "runtime.mstart", GO },
	{ "runtime.mstart.*", GO },
	{ "runtime.clone*", GO },
	{ "runtime.sigreturn*", GO },
	{ "runtime.sigtramp*", GO },
	{ "runtime.cgoSigtramp*", GO },
	{ "runtime.sigprofNonGoWrapper*", GO },
	{ "runtime.asyncPreempt", GO },
	{ "runtime.asyncPreempt.*", GO },
	{ "runtime.debugCall*", GO },
	{ "runtime.spillArgs*", GO },
	{ "runtime.unspillArgs*", GO },
	{ "runtime.gcWriteBarrier*", GO },
	{ "runtime.return0*", GO },
};

/* Parts that the compiler or linker has split off a function: "f.cold", "f.cold.1". */
static const struct {
	const char *mark, *why;
} parts[] = {
	{ ".cold", "it is a part of a function, which jumps to it" },
	{ ".__part", "it is a part of a function, which jumps to it" },
	{ ".eh", "it is a part of a function that exceptions are caught in" },
};

static bool has_mark(const char *name, const char *mark)
{
	size_t len = strlen(mark);

	for (const char *p = name; (p = strstr(p, mark)); p++)
		if (p != name && (!p[len] || p[len] == '.'))
			return true;
	return false;
}

static const char *why_part(const char *name)
{
	for (size_t i = 0; strchr(name, '.') && i < ARRAY_SIZE(parts); i++)
		if (has_mark(name, parts[i].mark))
			return parts[i].why;
	return NULL;
}

const char *denylist_user__function(const char *function)
{
	const char *why = why_part(function);

	return why ? why : denylist__find(user, ARRAY_SIZE(user), function);
}
