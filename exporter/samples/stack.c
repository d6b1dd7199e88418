/* SPDX-License-Identifier: GPL-2.0-only */
#include "samples/stack.h"

#include "base/buf.h"

/* What runs between a function and its probe. */
static bool is_of_probe(const char *name)
{
	static const char *const prefixes[] = {
		"bpf_prog_",	     "bpf_trampoline_",	     "bpf_get_stack",
		"arch_rethook_",     "kretprobe_trampoline", "__kretprobe_trampoline",
		"return_to_handler",
	};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

char *stack__spell(const struct ksym_names *k, const uint64_t *addrs, size_t n)
{
	__cleanup_buf struct buf b = {};
	bool begun = false;

	for (size_t i = 0; i < n; i++) {
		const char *name = ksym_names__of(k, addrs[i]);

		if (!begun && is_of_probe(name))
			continue;
		buf__printf(&b, "%s%s", begun ? "\n" : "", name);
		begun = true;
	}
	return begun ? xstrdup(buf__str(&b)) : NULL;
}
