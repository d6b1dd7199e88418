/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kretprobe: two tracefs events for each function, a kprobe and a kretprobe, and a BPF program on
 * each. It is the rung that every kernel has.
 *
 * Events and not the kprobe PMU, for two reasons: only events take a number of return slots
 * ("r4096:", else functions that sleep lose calls), and only events are listed in kprobe_profile,
 * whose hits count every return at which our program was to run, whether the kernel skipped it or
 * not. That makes losses exact, per function, also on kernels that count no skipped programs.
 *
 * The entry is attached before the return. A kretprobe fires for calls that were entered after it
 * was armed, so each return that we see has had its entry seen too, and none needs to be explained
 * away. The kretprobe is armed a moment before its program is attached, though; what it hits in
 * that moment is found out when attaching, and taken off.
 */
#include "attach.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "log.h"
#include "perf_event.h"
#include "tracefs.h"

#define BASELINE_TRIES 20
#define QUICK_TARGETS  64 /* each takes some milliseconds, tens in a virtual machine */

struct profile {
	uint64_t hits, missed;
};

struct kretprobe {
	bool entry_defined, return_defined;
	struct perf_attachment entry, leave;
	struct profile base_entry, base_return;
};

struct shared {
	int profile_fd;
	char *profile_text; /* grows as the file does */
	size_t profile_size;
};

static const char *unavailable(struct features *f)
{
	if (!features__has(f, FEATURE_TRACEFS))
		return features__describe(FEATURE_TRACEFS);
	if (!features__has(f, FEATURE_PERF_EVENTS))
		return features__describe(FEATURE_PERF_EVENTS);
	if (!features__has(f, FEATURE_KPROBE_EVENTS))
		return features__describe(FEATURE_KPROBE_EVENTS);
	return NULL;
}

/* ---- events -------------------------------------------------------------------------------- */

/* kprobe_profile tells events by name alone, so names are unique on the machine. */
static char *event_name(char kind, uint32_t id, unsigned generation, pid_t pid)
{
	return xasprintf("retprobe_%d_%u_%c%u", pid, generation, kind, id);
}

static char *group_name(pid_t pid)
{
	return xasprintf("retprobe_%d", pid);
}

static char *location(const struct target *t)
{
	if (t->needs_addr && t->addr)
		return xasprintf("0x%lx", (unsigned long)t->addr);
	if (strcmp(t->object, "vmlinux"))
		return xasprintf("%s:%s", t->object, t->symbol);
	return xstrdup(t->symbol);
}

static int define_event(struct attach_context *c, char kind, const struct target *t)
{
	__cleanup_free char *name = event_name(kind, t->id, c->generation, getpid());
	__cleanup_free char *group = group_name(getpid());
	__cleanup_free char *place = location(t);
	__cleanup_free char *line = NULL;

	if (kind == 'r')
		line = xasprintf("r%u:%s/%s %s\n", t->settings->maxactive, group, name, place);
	else
		line = xasprintf("p:%s/%s %s\n", group, name, place);
	return tracefs__append(features__tracefs(c->features), "kprobe_events", line);
}

static void remove_event(int tracefs, char kind, uint32_t id, unsigned generation, pid_t pid)
{
	__cleanup_free char *name = event_name(kind, id, generation, pid);
	__cleanup_free char *group = group_name(pid);
	__cleanup_free char *line = xasprintf("-:%s/%s\n", group, name);
	int err = tracefs__append(tracefs, "kprobe_events", line);
	char buf[16];

	if (err)
		log_warn("event %s/%s cannot be removed from tracefs: %s", group, name,
			 errno_name(-err, buf, sizeof(buf)));
}

/* Events outlive their makers: removes those of exporters that were killed. */
static void remove_leftovers(int tracefs)
{
	__cleanup_close int fd = openat(tracefs, "kprobe_events", O_RDONLY | O_CLOEXEC);
	__cleanup_fclose FILE *f = fd < 0 ? NULL : fdopen(dup(fd), "r");
	unsigned id, generation;
	char line[512], kind;
	int pid;

	while (f && fgets(line, sizeof(line), f)) {
		const char *event = strstr(line, "/retprobe_");

		if (event &&
		    sscanf(event, "/retprobe_%d_%u_%c%u", &pid, &generation, &kind, &id) == 4 &&
		    kill(pid, 0) && errno == ESRCH)
			remove_event(tracefs, kind, id, generation, pid);
	}
}

/* ---- kprobe_profile ------------------------------------------------------------------------ */

/* The whole file: it must come from as few reads as possible to be of one moment. */
static const char *read_profile(struct shared *s)
{
	size_t len = 0;
	ssize_t n;

	if (s->profile_fd < 0 || lseek(s->profile_fd, 0, SEEK_SET) < 0)
		return NULL;
	for (;;) {
		if (s->profile_size - len < 4096) {
			s->profile_size = s->profile_size ? 2 * s->profile_size : 65536;
			s->profile_text = xreallocarray(s->profile_text, s->profile_size, 1);
		}
		n = read(s->profile_fd, s->profile_text + len, s->profile_size - len - 1);
		if (n <= 0)
			break;
		len += n;
	}
	s->profile_text[len] = '\0';
	return n < 0 ? NULL : s->profile_text;
}

/* Calls visit for each of our events: "  NAME  HITS  MISSED" lines. */
static int for_each_profile(struct attach_context *c,
			    void (*visit)(void *ctx, char kind, uint32_t id, struct profile p),
			    void *ctx)
{
	const char *line = read_profile(c->shared), *next;
	__cleanup_free char *prefix = xasprintf("retprobe_%d_%u_", getpid(), c->generation);
	size_t skip = strlen(prefix);

	if (!line)
		return -EIO;
	for (; *line; line = next) {
		unsigned long long hits, missed;
		unsigned id;
		char kind;

		next = line + strcspn(line, "\n");
		next += *next == '\n';
		line += strspn(line, " ");
		if (!strncmp(line, prefix, skip) &&
		    sscanf(line + skip, "%c%u %llu %llu", &kind, &id, &hits, &missed) == 4)
			visit(ctx, kind, id, (struct profile){ hits, missed });
	}
	return 0;
}

struct by_id {
	struct profile *entry, *leave;
	size_t n;
};

static void store(void *ctx, char kind, uint32_t id, struct profile p)
{
	struct by_id *all = ctx;

	if (id < all->n)
		(kind == 'r' ? all->leave : all->entry)[id] = p;
}

static size_t max_id(struct attach_slot **slots, size_t n)
{
	size_t max = 0;

	for (size_t i = 0; i < n; i++)
		if (slots[i]->target->id >= max)
			max = slots[i]->target->id + 1;
	return max;
}

/*
 * What kprobe_profile had counted before our program was there. The file and the cells cannot be
 * read at one moment, so a target's baseline is taken when its cells have not changed around the
 * reading of the file; of one that never rests, the reading that blames us least is kept.
 */
static void take_baseline(struct attach_context *c, struct attach_slot **slots, size_t n)
{
	struct by_id all = { .n = max_id(slots, n) };
	__cleanup_free uint64_t *before = xcalloc(n, sizeof(*before));
	__cleanup_free bool *done = xcalloc(n, sizeof(*done));
	size_t left = n;

	all.entry = xcalloc(all.n, sizeof(*all.entry));
	all.leave = xcalloc(all.n, sizeof(*all.leave));
	for (int try = 0; try < BASELINE_TRIES && left; try++) {
		for (size_t i = 0; i < n; i++)
			if (!done[i])
				before[i] = snapshot__returns_seen(c->obj, slots[i]->target->id);
		if (for_each_profile(c, store, &all))
			break;
		for (size_t i = 0; i < n; i++) {
			uint32_t id = slots[i]->target->id;
			struct kretprobe *k = slots[i]->state;
			uint64_t base = all.leave[id].hits - before[i];

			if (done[i] || !slots[i]->attached)
				continue;
			if (!try || base < k->base_return.hits)
				k->base_return.hits = base;
			k->base_return.missed = all.leave[id].missed;
			k->base_entry = all.entry[id];
			done[i] = before[i] == snapshot__returns_seen(c->obj, id);
			if (done[i])
				k->base_return.hits = base;
			left -= done[i];
		}
	}
	free(all.entry);
	free(all.leave);
}

/*
 * The kernel counts in the missed column of either event the times that it skipped the breakpoint
 * altogether, for both together; in the kretprobe's also the calls that found no return slot (where
 * it shows them: since 6.1).
 */
static void count(struct attach_context *c, struct attach_slot **slots, size_t n,
		  struct kernel_counts *out)
{
	struct by_id all = { .n = max_id(slots, n) };

	all.entry = xcalloc(all.n, sizeof(*all.entry));
	all.leave = xcalloc(all.n, sizeof(*all.leave));
	if (!for_each_profile(c, store, &all)) {
		for (size_t i = 0; i < n; i++) {
			uint32_t id = slots[i]->target->id;
			struct kretprobe *k = slots[i]->state;
			uint64_t skipped, no_slot;

			if (!slots[i]->attached)
				continue;
			skipped = all.entry[id].missed - k->base_entry.missed;
			no_slot = all.leave[id].missed - k->base_return.missed;
			out[id].has_returned = true;
			out[id].returned = all.leave[id].hits - k->base_return.hits;
			out[id].missed[MISSED_RECURSION] = skipped;
			out[id].missed[MISSED_MAXACTIVE] =
				no_slot > skipped ? no_slot - skipped : 0;
		}
	}
	free(all.entry);
	free(all.leave);
}

/* ---- attaching ----------------------------------------------------------------------------- */

static int attach_event(struct attach_context *c, char kind, const struct target *t,
			struct perf_attachment *out)
{
	__cleanup_free char *name = event_name(kind, t->id, c->generation, getpid());
	__cleanup_free char *group = group_name(getpid());
	int id = tracefs__event_id(features__tracefs(c->features), group, name);
	struct program_site site = attach__site(t);
	uint64_t cookie;
	int prog, event;

	if (id < 0)
		return id;
	prog = programs__for_site(bpfobj__programs(c->obj),
				  kind == 'r' ? PROG_KPROBE_RETURN : PROG_KPROBE_ENTRY, &site,
				  &cookie);
	if (prog < 0)
		return prog;
	event = perf_event__open_tracepoint(id);
	if (event < 0)
		return event;
	return perf_event__attach(event, prog, cookie, out);
}

static char *explain(const struct target *t, const char *what, int err)
{
	char buf[16];

	switch (err) {
	case -EACCES:
	case -EPERM:
		return xasprintf(
			"%s of %s: permission denied: perf events need CAP_SYS_ADMIN where "
			"kernel.perf_event_paranoid is 3, else CAP_PERFMON",
			what, t->function);
	case -EROFS:
		return xasprintf("%s of %s: kprobe_events is read-only here (EROFS): a sandboxed "
				 "service needs ReadWritePaths=/sys/kernel/tracing/kprobe_events",
				 what, t->function);
	case -EINVAL:
		return xasprintf(
			"%s of %s: the kernel does not let it be probed (EINVAL): it is on "
			"the kernel's blacklist, or its first instruction cannot be "
			"replaced",
			what, t->function);
	case -EADDRNOTAVAIL:
		return xasprintf("%s of %s: its name stands for several functions "
				 "(EADDRNOTAVAIL): say which by MODULE:%s",
				 what, t->function, t->function);
	default:
		return xasprintf("%s of %s: %s", what, t->function,
				 errno_name(-err, buf, sizeof(buf)));
	}
}

static void detach_one(struct attach_context *c, struct attach_slot *slot)
{
	int tracefs = features__tracefs(c->features);
	struct kretprobe *k = slot->state;

	if (!k)
		return;
	perf_event__close(&k->leave);
	perf_event__close(&k->entry);
	if (k->return_defined)
		remove_event(tracefs, 'r', slot->target->id, c->generation, getpid());
	if (k->entry_defined)
		remove_event(tracefs, 'p', slot->target->id, c->generation, getpid());
	free(k);
	slot->state = NULL;
	slot->attached = false;
}

static void attach_one(struct attach_context *c, struct attach_slot *slot)
{
	const struct target *t = slot->target;
	const char *what = "the kprobe";
	struct kretprobe *k;
	int err;

	k = slot->state = xcalloc(1, sizeof(*k));
	k->entry = k->leave = PERF_ATTACHMENT_NONE;
	err = define_event(c, 'p', t);
	if (err)
		goto fail;
	k->entry_defined = true;
	err = attach_event(c, 'p', t, &k->entry);
	if (err)
		goto fail;
	what = "the kretprobe";
	err = define_event(c, 'r', t);
	if (err)
		goto fail;
	k->return_defined = true;
	err = attach_event(c, 'r', t, &k->leave);
	if (err)
		goto fail;
	slot->attached = true;
	slot->created = now_seconds();
	return;
fail:
	detach_one(c, slot);
	attach__refuse(slot, explain(t, what, err));
}

static void attach(struct attach_context *c, struct attach_slot **slots, size_t n)
{
	for (size_t i = 0; i < n; i++)
		attach_one(c, slots[i]);
	take_baseline(c, slots, n);
}

static void detach(struct attach_context *c, struct attach_slot **slots, size_t n)
{
	for (size_t i = 0; i < n; i++)
		detach_one(c, slots[i]);
}

static int open_shared(struct attach_context *c)
{
	struct shared *s = xcalloc(1, sizeof(*s));
	int tracefs = features__tracefs(c->features);

	remove_leftovers(tracefs);
	s->profile_fd = openat(tracefs, "kprobe_profile", O_RDONLY | O_CLOEXEC);
	c->shared = s;
	if (s->profile_fd < 0)
		log_warn("kprobe_profile cannot be read: calls that the kernel skips will not be "
			 "counted in retprobe_missed_total");
	return 0;
}

static void close_shared(struct attach_context *c)
{
	struct shared *s = c->shared;

	cleanup__close(&s->profile_fd);
	free(s->profile_text);
	free(s);
	c->shared = NULL;
}

#define UNCOUNTED "calls beyond maxactive are not counted by this kernel"
#define BOUND	  "calls beyond maxactive are counted by the kernel without atomics: a bound"

/* The column with them is as old as attach cookies are. */
static const char *caveat(struct features *f)
{
	static const char *const texts[2][2] = {
		{ UNCOUNTED, UNCOUNTED "; " ATTACH_STRAY_RETURN },
		{ BOUND, BOUND "; " ATTACH_STRAY_RETURN },
	};

	return texts[features__has(f, FEATURE_ATTACH_COOKIE)]
		    [!features__has(f, FEATURE_NO_PREEMPTION)];
}

const struct attach_ops attach_kretprobe = {
	.name = "kretprobe",
	.type = TARGET_KERNEL,
	.programs = PROG_BIT(PROG_KPROBE_ENTRY) | PROG_BIT(PROG_KPROBE_RETURN),
	.missed = 1U << MISSED_RECURSION | 1U << MISSED_MAXACTIVE | 1U << MISSED_NO_ENTRY,
	.max_targets = QUICK_TARGETS,
	.unavailable = unavailable,
	.open = open_shared,
	.close = close_shared,
	.caveat = caveat,
	.attach = attach,
	.detach = detach,
	.count = count,
};
