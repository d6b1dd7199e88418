/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program with USDT probes. For each line on stdin, it makes ORDERS orders: of four, two are
 * delivered, one is returned with an error, and one is dropped. Then it prints its semaphores.
 */
#define _SDT_HAS_SEMAPHORES 1
#define SEMAPHORE(name) \
	__extension__ unsigned short shop_##name##_semaphore __attribute__((section(".probes")))

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/sdt.h>

SEMAPHORE(order__start);
SEMAPHORE(order__done);
SEMAPHORE(order__dropped);
SEMAPHORE(sizes);
SEMAPHORE(sizes__done);
SEMAPHORE(copied);
SEMAPHORE(unused);
SEMAPHORE(real);

#define ORDERS 100

static const char *const names[] = { "bread", "wine", "salt", "oil" };
static volatile long table[8] = { -7, 8, 9, 10 };
static volatile int one = 1;

/* Its code is in each caller, with the argument in another place. */
static inline __attribute__((always_inline)) void copied(long from)
{
	STAP_PROBE1(shop, copied, from);
}

static __attribute__((noinline, noclone)) int deliver(int order, const char *name)
{
	one = 1; /* the kernel refuses a function that begins with a probe that has a semaphore */
	__asm__ volatile("" : : "r"(name));
	copied(3);
	copied(order);
	copied(table[order % 2]);
	return order % 4 == 1 ? -EIO : order;
}

static void make_order(int i)
{
	int result;

	STAP_PROBE2(shop, order__start, i, names[i % 4]);
	if (i % 4 == 3) {
		STAP_PROBE1(shop, order__dropped, i);
		return;
	}
	result = deliver(i, names[i % 4]);
	STAP_PROBE2(shop, order__done, i, result);
}

/* Numbers of each size, of either sign; constants, registers and memory. */
static void tell_sizes(void)
{
	signed char c = -5 * one;
	uint16_t s = 65531 * one;
	int32_t n = -70000 * one;
	uint64_t l = 1ULL << 40;

	STAP_PROBE6(shop, sizes, c, s, n, l, table[one], -12);
	STAP_PROBE(shop, sizes__done);
}

int main(void)
{
	double real = one / 2.0;

	while (getchar() != EOF) {
		for (int i = 0; i < ORDERS; i++)
			make_order(i);
		tell_sizes();
		STAP_PROBE1(shop, real, real);
		printf("%d %d %d\n", shop_order__start_semaphore, shop_order__done_semaphore,
		       shop_unused_semaphore);
		fflush(stdout);
	}
	return 0;
}
