/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the parameters of a user function are when it is entered. */
#pragma once

#include <stdint.h>

#define PLACE_WORDS 6	/* argument registers that a probe can read */
#define PLACES_MAX  255 /* parameters of a function */

enum place_kind {
	PLACE_REGISTER,
	PLACE_STACK,   /* or in a further argument register */
	PLACE_FLOAT,   /* in a floating-point register */
	PLACE_DROPPED, /* the compiler does not pass the value, or not always */
	PLACE_UNKNOWN,
	PLACE_KINDS,
};

struct parameter_place {
	uint8_t kind;	     /* enum place_kind */
	uint8_t word, words; /* PLACE_REGISTER: the first argument register, and their number */
};
