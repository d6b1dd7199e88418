/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System calls that are attached by their functions, with a mechanism for kernel functions. Other
 * system calls then cost nothing.
 *
 * A call has a function for 64-bit programs, and one or two for 32-bit programs. Each has a slot in
 * the group; those after the first are kept like former files (attach/former.h). All count into the
 * same cells. One more program counts calls that are answered before they reach a function
 * (bpf/probe_answered.bpf.h).
 */
#pragma once

#include "attach/group.h"

struct attach;

/* Whether a slot is that of a system call, or of one of its functions, with such a mechanism. */
bool by_function__is_one(const struct attach_slot *slot);
/* What a slot needs (enum switch_bit): a call also needs the program for answered ones. */
unsigned by_function__needs(const struct attach_slot *slot);
/* Adds the slots of further functions, once mechanisms are chosen. */
void by_function__add_slots(struct attach *a);
/* Refuses what cannot be attached by functions, and moves it behind the others of the first n.
 * Returns the number of the others. */
size_t by_function__refuse(struct attach *a, struct group *g, struct object *obj, size_t n);
/* After attaching: a call of which some function was refused is refused. Its further slots go. */
void by_function__settle(struct attach *a, struct group *g);
/* After attaching some slots again: detaches the calls of which some function was refused. */
void by_function__detach_incomplete(struct group *g, struct attach_slot **slots, size_t n);
/* Tells the programs which calls are attached now. */
void by_function__publish(struct attach *a);
/* Adds the answered calls that may have been missed (attach/answers.h). False: no call is attached
 * by its functions. */
bool by_function__count_answers(const struct attach *a, uint64_t missed[MISSED_MAX]);
/* Once nothing is attached. */
void by_function__close(struct attach *a);
