/* SPDX-License-Identifier: GPL-2.0-only */
/* The running ones of a span: a map for its programs (bpf/probe_span.bpf.h). */
#pragma once

#include "object/object.h"

/* A map for at most n, whose keys have so many words. A descriptor, or a negative errno. */
int object_spans__new(uint32_t words, uint32_t n);
/* How many there are. Values are not read, as that would make the kernel skip programs. */
uint64_t object_spans__count(int map, uint32_t words);

/* An iterator through such a map. A descriptor, or a negative errno. */
int object_spans__link(struct object *o, int map);
/* Runs it: how many there are, and when the oldest began (ns; 0: none). 0 or a negative errno. */
int object_spans__scan(struct object *o, int link, uint64_t *running, uint64_t *oldest);
