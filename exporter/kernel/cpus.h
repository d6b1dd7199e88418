/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers of CPUs. Virtual machines often announce many more than they have. */
#pragma once

#include <stdint.h>

struct cpus {
	uint32_t possible; /* numbers are below; others can never come online */
	uint32_t online;   /* 1 + the highest number that is online now */
};

struct cpus cpus__read(void);
/* 1 + the highest number in a list such as "0-3,8"; 0 if there is none. */
uint32_t cpus__end_of(const char *list);
