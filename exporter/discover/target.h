/* SPDX-License-Identifier: GPL-2.0-only */
/* A target: a function that is to be probed, as discovery (discover/discover.h) finds it. */
#ifndef DISCOVER_TARGET_H
#define DISCOVER_TARGET_H

#include "bpf/abi.h"
#include "config/config.h"
#include "elf/symbols.h"
#include "types/enumerators.h"
#include "elf/exits.h"
#include "files/opened_file.h"
#include "types/result.h"
#include "base/util.h"

enum target_type { TARGET_KERNEL, TARGET_SYSCALL, TARGET_USER };

/* Why a target is not attached: the `reason` label. */
enum target_reason {
	REASON_NONE,
	REASON_NOT_FOUND,
	REASON_AMBIGUOUS,
	REASON_DENIED,	/* on the denylist, a Go binary, ... : our own refusal */
	REASON_REFUSED, /* the kernel's; or its type is not what the settings ask for */
	REASON_WAITING, /* for its module */
	REASON_OVERLOAD,
	REASON_DISABLED, /* what it is attached by has been switched off */
	REASON_RELINKED, /* only why it was detached: it shared a link with one that is paused */
	REASON_MAX,
};
extern const char *const target_reason_names[REASON_MAX]; /* "", "not_found", ... */
extern const char *const kind_names[RP_KIND_MAX]; /* "errno", ..., as in the configuration */

struct target_extra; /* expr/capture.h */

/* What a target is called in the metrics. */
struct target_name {
	char *object, *function;
};

struct target {
	uint32_t id; /* its index, everywhere; dense over the targets whose reason is REASON_NONE
		      * after discovery, UINT32_MAX for the others */
	enum target_type type;
	char *object;	/* the metric's labels: "vmlinux", module, "syscall", path */
	char *function; /* found name; as written where nothing was found */
	/* Further names of the same function that the configuration claims: each has series of its
	 * own, with the same numbers. */
	struct target_name *others;
	size_t nothers;
	char *signature;   /* "long vfs_read(struct file *file, ...)", or only what it is called in
			    * the source: "ns::f(int)"; NULL: no type is known */
	enum rp_kind kind; /* by its type, or what `returns` asks for instead */
	uint8_t ret_size;  /* bytes of the result: 1, 2, 4, 8 */
	struct enumerator *enumerators; /* RP_KIND_ENUM: values as rp_outcome() reports them */
	size_t nenumerators;
	struct result_test error; /* results that `error:` makes errors */

	enum target_reason reason;
	char *why;	       /* for people: what is wrong, what next; NULL with REASON_NONE */
	char *note;	       /* for people: what to know though it is attached; NULL: nothing */
	unsigned switched_off; /* with REASON_DISABLED: enum switch_bit */

	uint64_t addr;	 /* TARGET_KERNEL: address, 0 if hidden from us */
	char *symbol;	 /* TARGET_KERNEL: kallsyms name ("f.isra.0" keeps its suffix) */
	bool needs_addr; /* TARGET_KERNEL: its name alone does not tell it from others */
	uint32_t btf_id; /* TARGET_KERNEL: in its object's BTF, 0 if it has no type of its own there
			  */
	char *btf_name;	 /* TARGET_KERNEL: the alias that its type is of; NULL: symbol */
	uint8_t slots;	 /* TARGET_KERNEL with btf_id: words that its arguments take */
	int nr, nr32;	 /* TARGET_SYSCALL: native and 32-bit numbers, -1 if none */
	/* TARGET_USER: */
	struct file_id file;	    /* what the path stood for */
	struct file_id inode;	    /* the same whatever the path */
	struct opened_file *opened; /* a reference; where the function is. NULL: it cannot be had */
	bool described;		    /* the file says what its type is */
	uint64_t offset, size;	    /* in the file; size 0: not known */
	uint32_t hazards;	    /* enum hazard: why a return probe could harm the program */
	struct elf_extent *cold;    /* parts of it that the compiler has put elsewhere */
	size_t ncold;
	struct exits exits; /* where it is left; none: see unfollowed */
	char *unfollowed;   /* why that cannot be told; NULL: it can */
	bool followed;	    /* the two are set */
	bool removed;	    /* there is no file by its name any more, but programs run it */

	/* Which clones of it nobody probes, and what to write to have them, in one sentence; NULL:
	 * there are none. */
	char *uncounted;

	const struct probe_settings *settings; /* the config's */
	struct target_extra *extra;	       /* labels, filters, observed values; NULL: none */
	const struct source_pos *pos;	       /* the config's */
	bool builtin;			       /* from the default set */
};

struct targets {
	struct target **v; /* attachable ones first, in the order of their ids */
	size_t n;
	size_t nids; /* how many have an id */
};

#define for_each_target(targets, t) \
	for (size_t __i = 0; __i < (targets)->n && ((t) = (targets)->v[__i], 1); __i++)

/* One without an id, of whose type nothing is known: its result is a raw word. Copies the names;
 * target__free() frees it. */
struct target *target__new(enum target_type type, const char *object, const char *function);
/* Its names: the first, which it always has, and the others. */
size_t target__nnames(const struct target *t);
struct target_name target__name(const struct target *t, size_t i);
void target__add_name(struct target *t, const char *object, const char *function);
/* And what is said of it by the configuration that has these names. */
void target__swap_names(struct target *a, struct target *b);
/* Where the function is: `from` is nowhere then. */
void target__move_file(struct target *to, struct target *from);
/* Are the two, of any two discoveries, one function with the same settings, so that the one's
 * counts are the other's? Whatever they are called. */
bool target__same(const struct target *a, const struct target *b);
/* The same, wherever they are. */
bool target__same_kind(const struct target *a, const struct target *b);
/* As strcmp(), of two attachable targets: 0 if they are the same function, by the same or by
 * different names. */
int target__compare_places(const struct target *a, const struct target *b);
/* As strcmp(). */
int target_name__compare(const struct target_name *a, const struct target_name *b);
/* What is known of a target that is not attached: its names, reason and why. target__free() frees
 * it. */
struct target *target__describe(const struct target *t);
void target__free(struct target *t);		      /* NULL is fine */
struct result target__result(const struct target *t); /* borrows from t */
/* The name of a value that an enum target returned, or NULL. */
const char *target__enumerator(const struct target *t, int64_t value);
void targets__free(struct targets *t);

#endif /* DISCOVER_TARGET_H */
