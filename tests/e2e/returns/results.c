/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions for every type of result, each called 30 times with known results, for returns.sh. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * With TYPED they have the types they are called by. Without, the upper bits of a result shorter
 * than its register are garbage.
 */
#ifdef TYPED
#define FUNCTION(type)	__attribute__((noipa)) type
#define RETURN(type, v) return (type)(v)
#define ABOVE(bits)	0
#else
#define FUNCTION(type)	__attribute__((noipa)) uint64_t
#define RETURN(type, v) return 0xabcdef0100000000 | (v)
#define ABOVE(bits)	bits
#endif

enum color { RED, GREEN = 5, NONE = -1 };

/* 10 x 1, 10 x 0, 10 x -1, as int and long. */
FUNCTION(int) shake(int i)
{
	RETURN(int, (uint32_t)(i % 3 == 2 ? -1 : 1 - i % 3));
}

FUNCTION(long) shake_long(int i)
{
	return i % 3 == 2 ? -1 : 1 - i % 3;
}

/* 20 x -5, 10 x 7 */
FUNCTION(short) shake_short(int i)
{
	RETURN(short, i % 3 ? ABOVE(0x12340000) | (uint16_t)-5 : 7);
}

/* 10 x 0, 20 x 0x80000000 and more */
FUNCTION(unsigned) count(int i)
{
	RETURN(unsigned, i % 3 ? 0x80000000U : 0);
}

/* 10 x SIZE_MAX, 20 x 1 << 32 */
FUNCTION(size_t) measure(int i)
{
	return i % 3 ? (size_t)1 << 32 : (size_t)-1;
}

/* 15 x true */
FUNCTION(bool) is_even(int i)
{
	RETURN(bool, ABOVE(0x5600) | (i % 2 == 0));
}

/* 10 x NULL, 10 x -1, 10 x an address whose lower half is 0 */
FUNCTION(void *) find(int i)
{
	long v = i % 3 == 0 ? 0 : i % 3 == 1 ? -1 : 7L << 32;

	return (typeof(find(0)))v;
}

/* 10 of each */
FUNCTION(enum color) paint(int i)
{
	RETURN(enum color, (uint32_t)(i % 3 == 0 ? RED : i % 3 == 1 ? GREEN : NONE));
}

__attribute__((noipa)) void nothing(int i)
{
	__asm__ volatile("" ::"r"(i));
}

int main(void)
{
	uintptr_t sum = 0;

	for (int i = 0; i < 30; i++) {
		sum += shake(i) + shake_long(i) + shake_short(i) + count(i) + measure(i) +
		       is_even(i);
		sum += (uintptr_t)find(i) + paint(i);
		nothing(i);
	}
	return sum == 1;
}
