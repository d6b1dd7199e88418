/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/advice.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>

#include "base/errno_names.h"

#define CAP(cap) (1ULL << (cap))

static bool can(const struct machine *m, int cap)
{
	return m->capabilities & (CAP(cap) | CAP(CAP_SYS_ADMIN));
}

static char *files_text(const struct machine *m, struct demand needs)
{
	if (!needs.files)
		return xasprintf("%" PRIu64 " open files are not enough: raise the hard limit "
				 "(ulimit -Hn, or LimitNOFILE= of the unit), or probe fewer "
				 "functions",
				 m->files);
	return xasprintf("%" PRIu64 " open files are not enough, about %" PRIu64 " are needed: "
			 "raise the hard limit (ulimit -Hn, or LimitNOFILE= of the unit)",
			 m->files, m->files_open + needs.files);
}

static char *memory_text(const struct machine *m)
{
	if (m->memory != MACHINE_UNLIMITED)
		return xasprintf("memory.max of the cgroup is %" PRIu64 " MiB: raise it "
				 "(MemoryMax= of the unit, resources.limits.memory of the pod), or "
				 "probe fewer functions",
				 m->memory >> 20);
	return xstrdup("the kernel has no memory for it: probe fewer functions, or lower "
		       "--memory.limit");
}

/* NULL: all capabilities for it are there. */
static const char *missing_capability(const struct machine *m, enum attempt a)
{
	bool strict = m->paranoid >= 3 && (a == ATTEMPT_EVENT || a == ATTEMPT_UPROBE);

	if (a == ATTEMPT_SYMBOLS)
		return can(m, CAP_SYSLOG) ? NULL : "CAP_SYSLOG is missing";
	if (!can(m, CAP_BPF))
		return "CAP_BPF is missing";
	if (strict && !can(m, CAP_SYS_ADMIN))
		return "CAP_SYS_ADMIN is missing, which perf events need while "
		       "kernel.perf_event_paranoid is 3 or more";
	if (!can(m, CAP_PERFMON))
		return "CAP_PERFMON is missing";
	if (a == ATTEMPT_UPROBE && !can(m, CAP_SYS_ADMIN))
		return "CAP_SYS_ADMIN is missing, which uprobe events need since 6.1";
	return NULL;
}

static char *permission_text(const struct machine *m, enum attempt a, int err)
{
	const char *capability = missing_capability(m, a);

	if (capability)
		return xasprintf("%s: run as root, or add it", capability);
	if (m->confidential && a != ATTEMPT_LOAD && a != ATTEMPT_CLONE)
		return xstrdup("kernel lockdown is \"confidentiality\", which closes tracefs and "
			       "kprobe events");
	/* Before 5.11. */
	if (a == ATTEMPT_LOAD && err == -EPERM && m->locked != MACHINE_UNLIMITED)
		return xasprintf("the memory of BPF maps counts against RLIMIT_MEMLOCK before "
				 "Linux 5.11, and that is %" PRIu64 " KiB: raise it "
				 "(LimitMEMLOCK=infinity), or add CAP_SYS_RESOURCE",
				 m->locked >> 10);
	if (m->seccomp)
		return xstrdup("no capability is missing, but a seccomp filter is in force: allow "
			       "bpf(2) and perf_event_open(2) in the container's profile");
	return xstrdup(
		"no capability is missing: a security module forbids it (SELinux, AppArmor); "
		"its log says which rule");
}

static char *verifier_text(const struct machine *m, enum attempt a)
{
	if (a == ATTEMPT_CLONE)
		return xstrdup("trampolines do not support functions of this type (variable "
			       "arguments, too many of them, or types that the verifier refuses): "
			       "--log.level=debug shows its reasons");
	return xasprintf("the kernel's verifier refuses a program%s: --log.level=debug shows its "
			 "reasons; please report them",
			 m->confidential ? " (kernel lockdown is \"confidentiality\")" : "");
}

static char *cause(const struct machine *m, enum attempt a, int err, struct demand needs)
{
	switch (err) {
	case -EINTR:
	case -EAGAIN:
	case -EBUSY:
		return xstrdup("the kernel was busy or interrupted, several times: reload to try "
			       "again");
	case -EMFILE:
		return files_text(m, needs);
	case -ENFILE:
		return xstrdup("all processes together have as many open files as fs.file-max "
			       "allows: raise it");
	case -ENOMEM:
		return memory_text(m);
	case -EPERM:
		return permission_text(m, a, err);
	}
	/* The verifier also returns EACCES. */
	if (a == ATTEMPT_LOAD || a == ATTEMPT_CLONE)
		return verifier_text(m, a);
	if (err == -EACCES)
		return permission_text(m, a, err);
	return NULL;
}

char *advice__text(const struct machine *m, enum attempt a, int err, struct demand needs)
{
	__cleanup_free char *why = cause(m, a, err, needs);
	char buf[16];
	const char *name = errno_name(-err, buf, sizeof(buf));

	return why ? xasprintf("%s: %s", name, why) : xstrdup(name);
}

char *advice__of(enum attempt a, int err, struct demand needs)
{
	struct machine m = {};

	machine__look(&m);
	return advice__text(&m, a, err, needs);
}
