/* SPDX-License-Identifier: GPL-2.0-only */
#include "top/figures.h"

void figure__rate(char out[FIGURE_MAX], double v)
{
	if (v >= 999.5) /* "%.3g" has an exponent then */
		snprintf(out, FIGURE_MAX, "%.0f", v);
	else if (v > 0 && v < 0.001)
		snprintf(out, FIGURE_MAX, "<0.001");
	else
		snprintf(out, FIGURE_MAX, "%.3g", v);
}

/* n / unit in thousandths: to three digits, all of them if it is smaller; rounded up or down. */
static uint64_t round_to_three(uint64_t n, uint64_t unit, bool up)
{
	uint64_t step = n >= 100 * unit ? unit : n >= 10 * unit ? unit / 10 : unit / 100;

	step = step ? step : 1;
	n = (n + (up ? step - 1 : 0)) / step * step;
	return n / unit * 1000 + n % unit * 1000 / unit;
}

static void print_duration(char *out, size_t size, uint64_t ns, bool up)
{
	static const struct {
		uint64_t ns;
		const char *name;
	} units[] = { { 1, "ns" }, { 1000, "us" }, { 1000000, "ms" }, { 1000000000, "s" } };
	uint64_t thousandths = 0;
	size_t i = 0;

	for (; i < ARRAY_SIZE(units); i++) {
		thousandths = round_to_three(ns, units[i].ns, up);
		if (thousandths < 1000 * 1000 || i + 1 == ARRAY_SIZE(units))
			break;
	}
	snprintf(out, size, "%.15g %s", (double)thousandths / 1000, units[i].name);
}

void figure__at_most(char out[FIGURE_MAX], uint64_t ns)
{
	print_duration(out, FIGURE_MAX, ns, true);
}

void figure__quantile(char out[FIGURE_MAX], const struct top_quantile *q)
{
	if (!q->known) {
		snprintf(out, FIGURE_MAX, "-");
	} else if (q->unbounded) {
		memcpy(out, "> ", 2);
		print_duration(out + 2, FIGURE_MAX - 2, q->above, false);
	} else {
		figure__at_most(out, q->most);
	}
}

void figure__seconds(char out[FIGURE_MAX], double seconds)
{
	snprintf(out, FIGURE_MAX, "%.1f s", seconds);
}
