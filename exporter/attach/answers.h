/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Answered system calls, where the others are attached by their functions: the programs of
 * bpf/probe_answered.bpf.h on kprobe events.
 */
#pragma once

#include "attach/mechanism.h"

/* Threads that may wait for an answer, by a supervisor or tracer, at a time. Tests build with
 * fewer. */
#ifndef ANSWERS
#define ANSWERS 4096
#endif

struct answers;

/* 0 or a negative errno. */
int answers__open(struct features *f, struct object *obj, const struct answerer *at,
		  struct answers **out);
void answers__close(struct answers *x); /* NULL is fine */
/*
 * Adds the calls that the programs may have missed, an upper bound: the kernel counts what it skips
 * at all system calls of the threads with a filter or tracer.
 */
void answers__count(struct answers *x, uint64_t missed[MISSED_MAX]);
