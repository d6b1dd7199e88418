/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* Why a call is in no other number. The names are in expose/metrics.c. */
enum missed_reason {
	MISSED_RECURSION, /* the kernel skipped our program because another was running */
	MISSED_MAXACTIVE, /* the kernel had no free return slot */
	MISSED_NO_ENTRY,  /* no entry was seen for this return, or its frame found no memory */
	MISSED_DEPTH,	  /* nested deeper than the kernel tracks returns of user functions */
	MISSED_UNWOUND,	  /* left by an exception, longjmp or the end of its thread: no return */
	MISSED_TRAPPED, /* a system call that a seccomp filter answered with a signal: no result */
	MISSED_UNREADABLE, /* the arguments of a USDT probe could not be read */
	MISSED_MAX,
};
