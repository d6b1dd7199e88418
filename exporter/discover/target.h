/* SPDX-License-Identifier: GPL-2.0-only */
/* A target: a function to probe, as discover/discover.h finds it. */
#pragma once

#include "bpf/abi.h"
#include "config/config.h"
#include "elf/symbol.h"
#include "types/enumerators.h"
#include "elf/exits.h"
#include "files/opened_file.h"
#include "types/result.h"
#include "base/util.h"

enum target_type {
	TARGET_KERNEL,
	TARGET_SYSCALL,
	TARGET_USER,
	TARGET_EVENT,	   /* of the kernel: a tracepoint */
	TARGET_RAW_EVENT,  /* the same without its record */
	TARGET_ENTRY,	   /* the entry of a kernel function */
	TARGET_USER_EVENT, /* of a program: a USDT probe */
	TARGET_SPAN,
	TARGET_TYPES
};

/* Why a target is not attached: the `reason` label. */
enum target_reason {
	REASON_NONE,
	REASON_NOT_FOUND,
	REASON_AMBIGUOUS,
	REASON_DENIED,	/* by the exporter: on the denylist, an indirect function, ... */
	REASON_REFUSED, /* by the kernel; or the settings do not suit its type */
	REASON_WAITING, /* for its module to be loaded */
	REASON_OVERLOAD,
	REASON_DISABLED, /* kprobes or ftrace are switched off */
	REASON_RELINKED, /* only for detached targets: they shared a link with a paused one */
	REASON_MAX,
};
extern const char *const target_reason_names[REASON_MAX]; /* "", "not_found", ... */
extern const char *const kind_names[RP_KIND_MAX]; /* "errno", ..., as in the configuration */

struct capture_spec; /* expr/capture.h */

/* Where a point of a span, or a USDT probe, is. */
struct point_place {
	const struct span_point *point; /* borrowed from the configuration; NULL: of no span */
	struct capture_spec *capture;	/* owned */
	struct opened_file *opened;	/* a reference; NULL: in the kernel */
	uint64_t offset;		/* in the file */
	uint64_t semaphore;		/* of a USDT probe, in the file; 0: none */
};

/* A program's file that has points of a span. */
struct target_file {
	char *path;
	struct file_id id; /* at discovery */
};

/* The kernel's functions at which answered system calls are counted (bpf/probe_answered.bpf.h). */
struct answerer {
	enum rp_answerer kind;
	uint64_t addr;
	uint64_t stops; /* where tracers stop a task; 0: the first one tells of these, too */
};

/* The name of a target in metrics. */
struct target_name {
	char *object, *function;
	char *probe; /* the name of its probe; NULL: none */
};

struct target {
	uint32_t id; /* index of the target, dense among those with REASON_NONE after discovery;
		      * UINT32_MAX for others */
	enum target_type type;
	char *object;	/* labels in metrics: "vmlinux", module, "syscall", "tracepoint",
			 * "span", path */
	char *function; /* name of the function; as written if there is none */
	char *probe;	/* the name of its probe; NULL: none */
	bool again;	/* another target is the same kernel function, in a probe before */
	/* Further names of the function in the configuration. Each has its own series with the
	 * same numbers. */
	struct target_name *others;
	size_t nothers;
	char *signature;   /* "long vfs_read(struct file *file, ...)", or only the name in the
			    * source: "ns::f(int)"; NULL: unknown */
	enum rp_kind kind; /* by `returns:` or its type */
	uint8_t ret_size;  /* bytes of the result: 1, 2, 4, 8 */
	struct enumerator *enumerators; /* RP_KIND_ENUM: values as rp_outcome() reports them */
	size_t nenumerators;
	struct result_test error; /* results that `error:` counts as errors */
	bool untimed;		  /* durations: off, or an event */

	enum target_reason reason;
	char *why;	       /* the message for reason; NULL with REASON_NONE */
	char *note;	       /* a message about a target that is attached; NULL: none */
	unsigned switched_off; /* with REASON_DISABLED: enum switch_bit */

	/* TARGET_KERNEL, TARGET_ENTRY, and TARGET_SYSCALL without no_function: */
	uint64_t addr;	 /* address; 0: hidden */
	uint64_t end;	 /* of its code; 0: hidden */
	bool scheduler;	 /* not in stack traces */
	char *symbol;	 /* kallsyms name ("f.isra.0" keeps its suffix) */
	uint32_t btf_id; /* in its object's BTF; 0: none of its own */
	char *btf_name;	 /* the alias that BTF lists; NULL: symbol */
	uint8_t slots;	 /* with btf_id: words of its arguments */
	/* TARGET_SYSCALL: */
	int nr, nr32;	   /* native and 32-bit number; -1: none */
	int nr_x32;	   /* see kernel/syscalls.h */
	bool x32_calls;	   /* the kernel is known to run x32 programs */
	char *no_function; /* why it is not attached by its functions; NULL: above is the first */
	uint8_t part;	   /* number of the function among those of the call */
	struct answerer answerer;
	/* TARGET_USER_EVENT: only the file. TARGET_USER: */
	struct file_id file;	    /* file at the path */
	struct file_id inode;	    /* the same for every path */
	struct opened_file *opened; /* a reference to the file; NULL: not attachable */
	bool described;		    /* the type comes from the file */
	uint64_t offset, size;	    /* in the file; size 0: unknown */
	uint32_t hazards; /* bits of enum hazard: why a return probe could harm the program */
	struct elf_extent *cold; /* parts that the compiler has split off */
	size_t ncold;
	struct exits exits; /* its exits; none: see unfollowed */
	char *unfollowed;   /* why the exits are unknown; NULL: they are known */
	bool followed;	    /* exits and unfollowed are set */
	bool removed;	    /* the file was deleted, but programs still run it */
	bool selected;	    /* by what its files are; the file above is one of them */
	/* The same function in further files: only its location. TARGET_SYSCALL: its further
	 * functions. */
	struct target **more;
	size_t nmore;
	size_t left_out; /* selected files whose calls are not counted */

	/* A sentence about clones that are not probed, and how to probe them; NULL: none. */
	char *uncounted;

	const struct probe_settings *settings; /* borrowed from the configuration */
	struct capture_spec *capture; /* labels, filters, observed values; NULL: none. Owned */
	/* TARGET_SPAN: its points. TARGET_USER_EVENT: its places. The capture above is that of the
	 * first one that has labels; of an event, of the first. */
	struct point_place *points;
	size_t npoints;
	bool at_entry; /* TARGET_USER_EVENT: of a function, located as TARGET_USER */
	/* TARGET_SPAN: */
	struct target_file *files;
	size_t nfiles;
	const struct histogram_layout
		*layout;	      /* with buckets of its own; borrowed. NULL: as others */
	const struct source_pos *pos; /* borrowed from the configuration */
	bool builtin;		      /* from a preset */
};

struct targets {
	struct target **v; /* attachable ones first, in the order of their ids */
	size_t n;
	size_t nids; /* targets with an id */
};

#define for_each_target(targets, t) \
	for (size_t __i = 0; __i < (targets)->n && ((t) = (targets)->v[__i], 1); __i++)

/* A target without an id, of unknown type (raw). Copies the names. target__free() it. */
struct target *target__new(enum target_type type, const char *object, const char *function);
/* Whether it is a kernel function of a module. */
bool target__is_in_module(const struct target *t);
/* Whether targets of the type are in the one file that their object names. */
bool target_type__is_in_file(enum target_type type);
bool target__is_in_file(const struct target *t);
/* Whether it is a point that is counted, without a result and a duration. */
bool target__is_event(const struct target *t);
/* Whether programs trap into the kernel for it. */
bool target__traps(const struct target *t);
/* Its i-th file of a program, with *path; NULL: there are no more. */
const struct file_id *target__file(const struct target *t, size_t i, const char **path);
/* Adds a file of a span, once. */
void target__add_file(struct target *t, const char *path, const struct file_id *id);
/* Says why the target is not attached; REASON_NONE and NULL: nothing is in the way. Takes ownership
 * of why. */
void target__set_reason(struct target *t, enum target_reason reason, char *why);
/* The names of a target: at least one. */
size_t target__nnames(const struct target *t);
struct target_name target__name(const struct target *t, size_t i);
void target__add_name(struct target *t, const char *object, const char *function);
/* Swaps the names, and `uncounted`, which refers to them. */
void target__swap_names(struct target *a, struct target *b);
/* Sets the function of a system call, or one of its further functions. */
void target__set_function(struct target *to, const struct target *function);
/* Moves the location in a file from one target to another. */
void target__move_file(struct target *to, struct target *from);
/* Swaps the locations. */
void target__swap_files(struct target *a, struct target *b);
/* Whether two targets, possibly of two discoveries, are one function with the same settings, so
 * that they can share their counts. Names do not matter. */
bool target__same(const struct target *a, const struct target *b);
/* The same without comparing the location. */
bool target__same_kind(const struct target *a, const struct target *b);
/* Whether they were found in the same files. */
bool target__same_files(const struct target *a, const struct target *b);
/* Orders attachable targets like strcmp(). 0: they are one function, by any name. */
int target__compare_functions(const struct target *a, const struct target *b);
/* The same for functions of probes with the same name. */
int target__compare_places(const struct target *a, const struct target *b);
/* Orders like strcmp(). */
int target_name__compare(const struct target_name *a, const struct target_name *b);
/* A copy without the location and settings, for reports. target__free() it. */
struct target *target__describe(const struct target *t);
void target__free(struct target *t);		      /* NULL is fine */
struct result target__result(const struct target *t); /* borrows from t */
/* The enumerator of a value that the target returned; NULL: none. */
const char *target__enumerator(const struct target *t, int64_t value);
void targets__free(struct targets *t);
