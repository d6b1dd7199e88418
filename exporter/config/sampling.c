/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/sampling.h"

#include "base/value.h"
#include "bpf/abi.h"
#include "config/expressions.h"

#define MAX_PER_SECOND 1000000

static int bind_stacks(struct binder *b, const struct tree_node *node, void *target)
{
	static const char *const names[] = { "kernel", "user" };
	struct sampling *s = target;
	size_t n;
	const struct tree_node *const *items = binder__elements(&node, &n);

	s->stacks = 0;
	for (size_t i = 0; i < n; i++) {
		__cleanup_free char *why = NULL;
		const char *text;
		size_t which;
		int err = binder__string(b, items[i], "stacks", &text);

		if (err)
			return err;
		if (value__one_of(text, names, ARRAY_SIZE(names), &which, &why))
			return binder__fail(b, items[i], "stacks: %s", why);
		s->stacks |= 1U << which;
	}
	return 0;
}

static int bind_per_second(struct binder *b, const struct tree_node *node, void *target)
{
	struct sampling *s = target;
	unsigned long n = 0;
	int err = binder__number(b, node, "per_second", 1, MAX_PER_SECOND, &n);

	s->per_second = (uint32_t)n;
	return err;
}

static const struct key keys[] = {
	{ "when", expressions__bind_when, "\"duration > 100ms\"" },
	{ "show", expressions__bind_show, "{file: \"path(file)\"}" },
	{ "stacks", bind_stacks, "[kernel, user]" },
	{ "per_second", bind_per_second, "10" },
};

static void begin(struct sampling *s, uint32_t stacks)
{
	*s = (struct sampling){
		.given = true, .on = true, .per_second = SAMPLES_PER_SECOND, .stacks = stacks
	};
}

int sampling__add(struct probe_settings *settings, const char *when, const struct source_pos *pos,
		  char **why)
{
	struct sampling *s = &settings->sample;

	if (!s->given)
		begin(s, RP_STACK_KERNEL | RP_STACK_USER);
	return when ? expressions__add_when(s, when, pos, why) : 0;
}

/* A mapping, or on or off. */
int sampling__bind(struct binder *b, const struct tree_node *node, void *target)
{
	struct sampling *s = &((struct probe_list *)target)->settings.sample;

	begin(s, RP_STACK_KERNEL);
	if (node->type == TREE_MAP)
		return binder__map(b, node, "sample", keys, ARRAY_SIZE(keys), s);
	return binder__bool(b, node, "sample", &s->on);
}
