/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Paths of files: from a struct dentry or struct path, up to the root. A path is written from its
 * end, in memory of the CPU. A program that interrupts another one takes the next slot.
 */
#pragma once

#include "spec.bpf.h"

#define PATH_SLOTS 4
#define PATH_NAME  256 /* of a part, with the slash */
#define PATH_DEPTH 20  /* parts and mounts */

struct path_slot {
	__u64 users;
	__u64 dentry, mount; /* reached so far; mount 0: unknown */
	__u64 begin;
	__u64 parent;
	__u64 word;			     /* read last */
	char text[RP_PATH_SIZE + PATH_NAME]; /* the path ends at RP_PATH_SIZE, where a 0 is */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PATH_SLOTS);
	__type(key, __u32);
	__type(value, struct path_slot);
} path_slots SEC(".maps");

/* On the stack, a key would take a place that programs lack. */
const volatile __u32 path_slot_keys[PATH_SLOTS] = { 0, 1, 2, 3 };

/* Two programs at one moment may both be refused a slot, but never get the same. */
static __always_inline struct path_slot *claim_path_slot(void)
{
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < PATH_SLOTS; i++) {
		struct path_slot *p =
			bpf_map_lookup_elem(&path_slots, (const void *)&path_slot_keys[i]);

		if (!p)
			return NULL;
		__sync_fetch_and_add(&p->users, 1);
		if (*(volatile __u64 *)&p->users == 1)
			return p;
		__sync_fetch_and_add(&p->users, -1);
	}
	return NULL;
}

/* 0: unreadable. Not on the stack, which has no room. */
static __always_inline __u64 word_at(struct path_slot *p, __u64 address)
{
	if (bpf_probe_read_kernel(&p->word, sizeof(p->word), (void *)address))
		return 0;
	return p->word;
}

static __always_inline const struct rp_path_layout *path_layout(void)
{
	return &capture_spec()->path;
}

enum step { PATH_FAILED, PATH_GOES_ON, PATH_ENDS, PATH_CUT };

/* From the root of a file system to the place where it is mounted. */
static __always_inline long leave_mount(struct path_slot *p)
{
	__u64 parent;

	if (!p->mount)
		return PATH_ENDS;
	parent = word_at(p, p->mount + path_layout()->mnt_parent);
	if (parent == p->mount)
		return PATH_ENDS;
	p->dentry = word_at(p, p->mount + path_layout()->mountpoint);
	p->mount = parent;
	return parent && p->dentry ? PATH_GOES_ON : PATH_FAILED;
}

/* Writes the name of a dentry in front. */
static __always_inline long prepend_name(struct path_slot *p)
{
	__u64 begin, name;
	__u32 len;
	char *to;

	barrier_var(p);
	name = word_at(p, p->dentry + path_layout()->name);
	len = word_at(p, p->dentry + path_layout()->len) & (PATH_NAME - 1);
	begin = p->begin - len - 1;
	if (begin >= RP_PATH_SIZE)
		return PATH_CUT;
	to = &p->text[begin];
	barrier_var(to); /* or clang adds to what the verifier has not seen compared */
	to[0] = '/';
	if (bpf_probe_read_kernel(to + 1, len, (void *)name))
		return PATH_FAILED;
	p->begin = begin;
	return PATH_GOES_ON;
}

static __always_inline long path_step(struct path_slot *p)
{
	long step;

	p->parent = word_at(p, p->dentry + path_layout()->parent);
	if (!p->parent)
		return PATH_FAILED;
	if (p->parent == p->dentry)
		return leave_mount(p);
	step = prepend_name(p);
	barrier_var(p);
	p->dentry = p->parent;
	return step;
}

/* What fits of the path, or its end behind "...". The rest of out must be 0. */
static __always_inline long show_path(struct path_slot *p, long step, char *out)
{
	__u64 begin = p->begin;

	if (begin >= RP_PATH_SIZE) {
		out[0] = '/';
		return 0;
	}
	if (begin < RP_PATH_SIZE - (RP_TEXT_SIZE - 1)) {
		begin = RP_PATH_SIZE - (RP_TEXT_SIZE - 1);
		step = PATH_CUT;
	}
	if (bpf_probe_read_kernel_str(out, RP_TEXT_SIZE, &p->text[begin]) < 0)
		return -1;
	if (step != PATH_ENDS) {
		out[0] = '.';
		out[1] = '.';
		out[2] = '.';
	}
	return 0;
}

/* from: the address of a struct path, or of a struct dentry. */
static __noinline long read_path(__u64 from, bool has_mount, char *out)
{
	struct path_slot *p = claim_path_slot();
	long step = PATH_GOES_ON;

	if (!p)
		return -1;
	p->begin = RP_PATH_SIZE;
	p->dentry = has_mount ? word_at(p, from + path_layout()->dentry) : from;
	p->mount = has_mount ? word_at(p, from + path_layout()->mnt) - path_layout()->mount : 0;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < PATH_DEPTH && step == PATH_GOES_ON; i++) {
		barrier_var(p); /* or clang keeps addresses of its members on the stack */
		step = path_step(p);
	}
	step = step == PATH_FAILED ? -1 : show_path(p, step, out);
	__sync_fetch_and_add(&p->users, -1);
	return step;
}
