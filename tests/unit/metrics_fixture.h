/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One of everything that has metrics: a target per return kind, a target per reason for not being
 * attached, values, losses, shared losses.
 */
#pragma once

#include "expose/metrics.h"
#include "base/self.h"

#define FIXTURE_CELLS 5

static double fixture_classic[] = { 1e-6, 2.5e-3, 1 };
static uint32_t fixture_classic_end[] = { 1, 3, 4 };
static const struct histogram_layout fixture_layout = {
	.table = { .threshold = { 1000, 2000, 2500000, 1000000000 } },
	.nthresholds = FIXTURE_CELLS - 1,
	.nbins = FIXTURE_CELLS,
	.classic = fixture_classic,
	.nclassic = 3,
	.classic_end = fixture_classic_end,
};

#define FIXTURE_ATTACHED(_id, _type, _object, _function, _kind)                                 \
	{                                                                                       \
		.id = (_id), .type = (_type), .object = (_object), .function = (_function),     \
		.kind = (_kind), .signature = "long " _function "(void)", .reason = REASON_NONE \
	}
#define FIXTURE_UNATTACHED(_object, _function, _reason, _why)                 \
	{                                                                     \
		.id = UINT32_MAX, .type = TARGET_KERNEL, .object = (_object), \
		.function = (_function), .reason = (_reason), .why = (_why)   \
	}

static const struct target fixture_targets[] = {
	FIXTURE_ATTACHED(0, TARGET_KERNEL, "vmlinux", "vfs_read", RP_KIND_ERRNO),
	FIXTURE_ATTACHED(1, TARGET_SYSCALL, "syscall", "openat", RP_KIND_ERRNO),
	FIXTURE_ATTACHED(2, TARGET_KERNEL, "vmlinux", "do_mmap", RP_KIND_UNSIGNED),
	FIXTURE_ATTACHED(3, TARGET_KERNEL, "ext4", "ext4_get_link", RP_KIND_POINTER),
	FIXTURE_ATTACHED(4, TARGET_KERNEL, "vmlinux", "capable", RP_KIND_BOOL),
	FIXTURE_ATTACHED(5, TARGET_KERNEL, "vmlinux", "netif_rx_state", RP_KIND_ENUM),
	FIXTURE_ATTACHED(6, TARGET_KERNEL, "vmlinux", "ip_rcv.isra.0", RP_KIND_VOID),
	FIXTURE_ATTACHED(7, TARGET_USER, "/opt/odd \"name\"\xff/lib.so", "malloc", RP_KIND_RAW),
	FIXTURE_UNATTACHED("vmlinux", "no_such_function", REASON_NOT_FOUND,
			   "no such function; nearest: <none> & \"others\""),
	FIXTURE_UNATTACHED("vmlinux", "twice", REASON_AMBIGUOUS, "two functions have this name"),
	FIXTURE_UNATTACHED("vmlinux", "kprobe_dispatcher", REASON_DENIED, "on the denylist"),
	FIXTURE_UNATTACHED("vmlinux", "refused", REASON_REFUSED,
			   "the kernel says: Invalid argument"),
	FIXTURE_UNATTACHED("btrfs", "btrfs_sync_file", REASON_WAITING, "btrfs is not loaded"),
	FIXTURE_UNATTACHED("vmlinux", "hot", REASON_OVERLOAD, "more than max_rate calls"),
};
#define FIXTURE_TARGETS ARRAY_SIZE(fixture_targets)
#define FIXTURE_IDS	8

/*
 * Words of a cell: zero, positive, negative, other, tail; the sum; the level, which is no counter;
 * untimed; the histogram bins.
 */
static uint64_t fixture_words[FIXTURE_IDS][RP_CELL_BINS + FIXTURE_CELLS] = {
	{ 20, 54289, 4, 1, 0, 123456789012345, 7, 0, 1, 20, 300, 4000, 50000 },
	{ 0, 4, 0, 0, 0, 1000, 7, 0, 2, 1, 0, 0, 1 },
	{ 0, 1, 0, 0, 0, 250, 7, 0, 0, 3, 0, 0, 0 },
	{ 1, 4, 0, 0, 0, 6000000000, 7, 0, 0, 0, 0, 6, 0 },
	{ 2, 7, 0, 0, 0, 9, 7, 0, 9, 0, 0, 0, 0 },
	{ 0, 0, 0, 1, 0, 7000, 7, 0, 0, 0, 7, 0, 0 },
};

static struct snap_value fixture_errnos[] = {
	{ 2, 3, 0 }, { 13, 1, 0 }, { 512, 2, 0 }, { 3333, 1, 0 }
};
static struct snap_value fixture_enums[] = { { -1, 1, 0 }, { 0, 4, 0 }, { 3, 1, 0 } };

static struct snap_target fixture_snaps[FIXTURE_IDS] = {
	{ .cell = { .words = fixture_words[0],
		    .values = fixture_errnos,
		    .nvalues = ARRAY_SIZE(fixture_errnos) } },
	{ .cell = { .words = fixture_words[1] }, .events[RP_EVENT_STALE] = 6 },
	{ .cell = { .words = fixture_words[2], .values = &fixture_errnos[0], .nvalues = 1 } },
	{ .cell = { .words = fixture_words[3], .values = &fixture_errnos[1], .nvalues = 1 } },
	{ .cell = { .words = fixture_words[4] } },
	{ .cell = { .words = fixture_words[5],
		    .values = fixture_enums,
		    .nvalues = ARRAY_SIZE(fixture_enums) } },
	{ .cell = { .words = fixture_words[6] } },
	{ .cell = { .words = fixture_words[7] } },
};

#define FIXTURE_KPROBE_REASONS                                                     \
	(1U << MISSED_RECURSION | 1U << MISSED_MAXACTIVE | 1U << MISSED_NO_ENTRY | \
	 1U << MISSED_DEPTH)

static const struct missed_target fixture_losses[FIXTURE_IDS] = {
	{ .reasons = FIXTURE_KPROBE_REASONS,
	  .missed = { [MISSED_RECURSION] = 5, [MISSED_DEPTH] = 1 },
	  .overhead_ns = 1500000000 },
	{ .reasons = 1U << MISSED_NO_ENTRY },
	/* An unexpected reason is exported, too. */
	{ .reasons = 0, .missed = { [MISSED_MAXACTIVE] = 2 } },
};

/* Of the first three. The others are unknown. */
static const struct in_flight_target fixture_in_flight[FIXTURE_IDS] = {
	{ .known = 1, .calls = 3, .oldest = 12345678901, .longer = { 2, 1, 0 } },
	{ .known = 1 },
	{ .known = 1, .calls = 1, .oldest = 500000 },
	{ .known = 0, .calls = 7 },
};

/* Of the first. */
static const struct rp_sampling fixture_sampling = {
	.samples = 12, .dropped = { [RP_DROP_RATE] = 3, [RP_DROP_BUSY] = 1 }
};

static const struct exemplar fixture_exemplars[] = {
	{ .set = EXEMPLAR_NO_SET,
	  .bin = 2,
	  .number = 7,
	  .ns = 2000000,
	  .time = 1700000002.5,
	  .pid = 12,
	  .comm = "cat" },
	{ .set = 3, .bin = 2, .number = 8, .ns = 2000000, .pid = 13, .comm = "another set" },
};

static struct missed_program fixture_programs[MISSED_MECHANISMS];

static inline void fixture__init_programs(void)
{
	fixture_programs[shared_missed__mechanism("kprobe.multi")] = (struct missed_program){
		.shared = 1,
		.reasons = 1U << MISSED_RECURSION | 1U << MISSED_MAXACTIVE,
		.missed = { [MISSED_RECURSION] = 3, [MISSED_MAXACTIVE] = 5 },
	};
	fixture_programs[shared_missed__mechanism("kretprobe")] = (struct missed_program){
		.run_ns = 1250000000,
		.runs = 54321,
	};
	fixture_programs[shared_missed__mechanism("tracepoint")] = (struct missed_program){
		.shared = 1,
		.reasons = 1U << MISSED_RECURSION,
		.missed = { [MISSED_RECURSION] = 4 },
		.run_ns = 500,
		.runs = 1,
	};
}

struct fixture {
	struct target_state states[FIXTURE_TARGETS];
	struct self self;
	struct metrics_input in;
};

static inline void fixture__init(struct fixture *f)
{
	fixture__init_programs();
	*f = (struct fixture){
		.self = { .version = "1.2.3",
			  .revision = "abcdef0",
			  .libbpf = "1.1",
			  .has_process = true,
			  .process = { .cpu_seconds = 0.75,
				       .start_time = 1700000000.25,
				       .resident_bytes = 8 << 20,
				       .virtual_bytes = 1ULL << 31,
				       .open_fds = 42,
				       .max_fds = 1024,
				       .threads = 6 },
			  .last_scrape_seconds = 0.0125,
			  .has_scrape = true,
			  .reload_time = 1700000001,
			  .reload_ok = true,
			  .restarts = 2,
			  .log_dropped = 3,
			  .has_scan = true,
			  .scan = { .state = SELF_SCAN_WORKS,
				    .scans = 11,
				    .tasks = 250,
				    .cpu_seconds = 0.015625 },
			  .requests = { { 200, 10 }, { 404, 1 }, { 500, 0 }, { 503, 0 } },
			  .nrequests = 4 },
	};
	for (size_t i = 0; i < FIXTURE_TARGETS; i++) {
		struct target_state *st = &f->states[i];

		st->target = &fixture_targets[i];
		st->object = st->target->object;
		st->function = st->target->function;
		st->attached = fixture_targets[i].reason == REASON_NONE;
		st->mechanism = st->attached ? i == 1 ? "tracepoint" : "kretprobe" : NULL;
		st->created = st->attached ? 1700000000 : 0;
		st->has_max_rate = st->longer = i == 0;
		st->has_max_cpu = i < 2;
		if (!st->attached)
			continue;
		st->snap = &fixture_snaps[i];
		st->missed = &fixture_losses[i];
		st->in_flight = &fixture_in_flight[i];
		if (i)
			continue;
		st->sampling = &fixture_sampling;
		st->exemplars = fixture_exemplars;
		st->nexemplars = ARRAY_SIZE(fixture_exemplars);
	}
	f->states[FIXTURE_TARGETS - 1].detached[REASON_OVERLOAD] = 1;
	f->in = (struct metrics_input){
		.layout = &fixture_layout,
		.targets = f->states,
		.ntargets = FIXTURE_TARGETS,
		.programs = fixture_programs,
		.self = &f->self,
		.cell_bytes = 131072,
	};
}
