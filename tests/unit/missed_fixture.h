/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Readings of missed calls. The counters are set here: functions of attach/ and object/ are
 * replaced (REPLACED in the Makefile).
 */
#pragma once

#include <sys/mman.h>

#include "attach/attach.h"
#include "attach/by_function.h"
#include "probes/missed.h"

#define TARGETS 2

static const struct attach_ops plain = { .name = "kretprobe", .missed = 1U << MISSED_RECURSION };
static const struct attach_ops session = { .name = "kprobe.session",
					   .missed = 1U << MISSED_NO_ENTRY };

/* Answers of the replaced functions. */
static struct target target;
static struct attach_slot slots[TARGETS];
static struct kernel_counts kernel[TARGETS];
static struct attach_program_counts programs[2];
static size_t nprograms;
static const uint64_t *answers; /* missed, by reason; NULL: no programs are there for them */
static uint64_t events[TARGETS][RP_EVENT_MAX], counted[TARGETS], entries[RP_ENTERED_MAX];
static void (*let_programs_end)(void);
static int wait_error;
static unsigned waits;

const struct attach_slot *__wrap_attach__slots(const struct attach *a, size_t *n);
void __wrap_attach__count(struct attach *a, struct kernel_counts *out);
size_t __wrap_attach__count_programs(struct attach *a, struct attach_program_counts *out);
bool __wrap_by_function__count_answers(const struct attach *a, uint64_t missed[MISSED_MAX]);
int __wrap_object_maps__refresh(struct object *obj);
const struct banks *__wrap_object__banks(const struct object *obj);
void __wrap_snapshot__count_calls(const struct banks *b, uint64_t *calls);
void __wrap_snapshot__events(const struct banks *b, uint32_t id, uint64_t out[RP_EVENT_MAX]);
void __wrap_snapshot__entered(const struct banks *b, uint64_t entered[RP_ENTERED_MAX]);
int __wrap_object__wait_for_programs(struct object *o);

const struct attach_slot *__wrap_attach__slots(const struct attach *a, size_t *n)
{
	*n = TARGETS;
	return slots;
}

void __wrap_attach__count(struct attach *a, struct kernel_counts *out)
{
	memcpy(out, kernel, sizeof(kernel));
}

size_t __wrap_attach__count_programs(struct attach *a, struct attach_program_counts *out)
{
	memcpy(out, programs, sizeof(programs));
	return nprograms;
}

bool __wrap_by_function__count_answers(const struct attach *a, uint64_t missed[MISSED_MAX])
{
	if (answers)
		memcpy(missed, answers, MISSED_MAX * sizeof(*missed));
	return answers;
}

int __wrap_object_maps__refresh(struct object *obj)
{
	return 0;
}

const struct banks *__wrap_object__banks(const struct object *obj)
{
	return NULL;
}

void __wrap_snapshot__count_calls(const struct banks *b, uint64_t *calls)
{
	memcpy(calls, counted, sizeof(counted));
}

void __wrap_snapshot__events(const struct banks *b, uint32_t id, uint64_t out[RP_EVENT_MAX])
{
	memcpy(out, events[id], sizeof(events[id]));
}

void __wrap_snapshot__entered(const struct banks *b, uint64_t entered[RP_ENTERED_MAX])
{
	memcpy(entered, entries, sizeof(entries));
}

int __wrap_object__wait_for_programs(struct object *o)
{
	waits++;
	if (!wait_error && let_programs_end)
		let_programs_end();
	return wait_error;
}

struct bench {
	struct missed *missed;
	const struct shared_missed *view;
};

/* Tests look at a server's view of the counts. */
static inline void begin(struct bench *b)
{
	b->missed = missed__new(NULL, NULL);
	b->view =
		shared_memory__map(missed__shared(b->missed)->fd, missed__shared(b->missed)->size);
}

static inline void end(struct bench *b)
{
	munmap((void *)b->view, missed__shared(b->missed)->size);
	missed__free(b->missed);
}

static inline int set_up(void **state)
{
	static struct bench b;

	memset(kernel, 0, sizeof(kernel));
	memset(programs, 0, sizeof(programs));
	memset(events, 0, sizeof(events));
	memset(counted, 0, sizeof(counted));
	memset(entries, 0, sizeof(entries));
	nprograms = 0;
	answers = NULL;
	let_programs_end = NULL;
	wait_error = waits = 0;
	for (size_t i = 0; i < TARGETS; i++)
		slots[i] = (struct attach_slot){ .ops = &plain, .target = &target };
	begin(&b);
	*state = &b;
	return 0;
}

static inline int tear_down(void **state)
{
	end(*state);
	return 0;
}

static inline void read_once(struct bench *b)
{
	assert_int_equal(missed__update(b->missed), 0);
}

static inline uint64_t missed(const struct bench *b, enum missed_reason r)
{
	return b->view->targets[0].missed[r];
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
