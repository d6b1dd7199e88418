/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decodes every instruction of the function in order, not only those that jumps reach: the code
 * does not show how exception handlers and the cases of a switch are reached. So data between the
 * instructions would be decoded, too. A breakpoint must never be set in data: functions with signs
 * of data are refused. Signs are invalid or privileged instructions, and jumps into the middle of
 * an instruction.
 */
#include "elf/exits.h"

#include "elf/decoder.h"

/* The depth of the stack at an instruction, in bytes. */
#define DEPTH_UNKNOWN (-1)

struct walk {
	const struct code_range *ranges;
	size_t n, total;
	uint8_t *starts; /* by index of the byte: an instruction begins there */
	int32_t *depth;	 /* by index of the byte: depth of the stack at a jump to it */
	uint64_t *targets;
	size_t ntargets;
	struct exits *out;
};

/* Index of a byte among those of all ranges; SIZE_MAX: outside. */
static size_t place_of(const struct walk *w, uint64_t offset)
{
	size_t before = 0;

	for (size_t i = 0; i < w->n; i++) {
		if (offset >= w->ranges[i].offset &&
		    offset - w->ranges[i].offset < w->ranges[i].size)
			return before + (offset - w->ranges[i].offset);
		before += w->ranges[i].size;
	}
	return SIZE_MAX;
}

static const char *set_ranges(const struct walk *w, uint64_t at, struct rp_exit *how)
{
	how->nranges = w->n;
	for (size_t i = 0; i < w->n; i++) {
		int64_t begin = w->ranges[i].offset - at, end = begin + w->ranges[i].size;

		if (begin < INT32_MIN || end > INT32_MAX)
			return "its parts are too far apart";
		how->range[i].begin = begin;
		how->range[i].end = end;
	}
	return NULL;
}

static const char *add_site(struct walk *w, uint64_t at, const struct rp_exit *how)
{
	struct exits *e = w->out;

	if (e->n == EXITS_MAX_SITES)
		return "it has too many exits";
	*(struct exit_site *)array__grow(&e->v, &e->n, sizeof(*e->v)) = (struct exit_site){
		.offset = at,
		.is_jump = how,
		.how = how ? *how : (struct rp_exit){},
	};
	if (how && how->kind != RP_EXIT_AGAIN && how->kind != RP_EXIT_RETURN_AT_ONCE && !how->again)
		e->tails++;
	return NULL;
}

/* A jump or branch with its target in the instruction. */
static const char *add_direct(struct walk *w, uint64_t at, struct insn *insn, int64_t depth)
{
	bool again = insn->target == w->ranges[0].offset;
	size_t place = place_of(w, insn->target);

	if (place != SIZE_MAX) {
		w->targets[w->ntargets++] = insn->target;
		if (depth != DEPTH_UNKNOWN && w->depth[place] == DEPTH_UNKNOWN)
			w->depth[place] = depth;
		if (!again)
			return NULL;
	}
	if (depth > 0 && !again)
		return "it continues in code that has no symbol";
	if (insn->flow == FLOW_JUMP) {
		insn->how = (struct rp_exit){ .kind = again ? RP_EXIT_AGAIN : RP_EXIT_JUMP };
	} else if (insn->how.kind == RP_EXIT_UNKNOWN) {
		return "it has a conditional tail jump that cannot be evaluated";
	}
	insn->how.again = again;
	return add_site(w, at, &insn->how);
}

/* The entry program is attached to the first instruction, too. The kernel does not define which of
 * two programs runs first. */
static const char *add_first(struct walk *w, uint64_t at, struct insn *insn)
{
	struct rp_exit how = { .kind = RP_EXIT_AT_ONCE };

	switch (insn->flow) {
	case FLOW_RETURN:
		how.kind = RP_EXIT_RETURN_AT_ONCE;
		return add_site(w, at, &how);
	case FLOW_JUMP:
		if (place_of(w, insn->target) == SIZE_MAX)
			return add_site(w, at, &how);
		if (insn->target != at) {
			w->targets[w->ntargets++] = insn->target;
			return NULL;
		}
		break;
	case FLOW_INDIRECT:
		return add_site(w, at, &how);
	case FLOW_BRANCH:
		if (place_of(w, insn->target) != SIZE_MAX && insn->target != at) {
			w->targets[w->ntargets++] = insn->target;
			return NULL;
		}
		break;
	case FLOW_NEXT:
		return NULL;
	}
	return "its first instruction is a conditional exit";
}

static const char *add_insn(struct walk *w, uint64_t at, struct insn *insn, int64_t depth)
{
	const char *why;

	if (insn->why)
		return insn->why;
	if (at == w->ranges[0].offset)
		return add_first(w, at, insn);
	switch (insn->flow) {
	case FLOW_RETURN:
		return add_site(w, at, NULL);
	case FLOW_JUMP:
	case FLOW_BRANCH:
		return add_direct(w, at, insn, depth);
	case FLOW_INDIRECT:
		/* A function cannot leave with a deeper stack: this is a switch. */
		if (depth > 0)
			return NULL;
		why = set_ranges(w, at, &insn->how);
		return why ? why : add_site(w, at, &insn->how);
	case FLOW_NEXT:
		break;
	}
	return NULL;
}

static int64_t depth_behind(const struct insn *insn, int64_t depth)
{
	if (insn->flow == FLOW_RETURN || insn->flow == FLOW_JUMP || insn->flow == FLOW_INDIRECT)
		return DEPTH_UNKNOWN;
	if (depth == DEPTH_UNKNOWN || insn->moves_stack)
		return DEPTH_UNKNOWN;
	depth += insn->grows;
	return depth < 0 || depth > INT32_MAX ? DEPTH_UNKNOWN : depth;
}

static const char *walk_range(struct walk *w, const struct code_range *r)
{
	int64_t depth = r == w->ranges ? 0 : DEPTH_UNKNOWN;
	size_t place = place_of(w, r->offset);
	const char *why;
	struct insn insn;

	for (size_t i = 0; i < r->size; i += insn.len) {
		insn = (struct insn){};
		if (!decoder__decode(r->code + i, r->size - i, r->offset + i, &insn))
			return "it contains bytes that are not instructions";
		w->starts[place + i] = 1;
		if (depth == DEPTH_UNKNOWN)
			depth = w->depth[place + i];
		why = add_insn(w, r->offset + i, &insn, depth);
		if (why)
			return why;
		depth = depth_behind(&insn, depth);
	}
	return NULL;
}

/* Single-threaded code may jump over a lock prefix (0xf0). */
static bool is_start(const struct walk *w, uint64_t offset)
{
	size_t place = place_of(w, offset), before = offset ? place_of(w, offset - 1) : SIZE_MAX;

	if (w->starts[place])
		return true;
	for (size_t i = 0; i < w->n && before != SIZE_MAX && w->starts[before]; i++) {
		const struct code_range *r = &w->ranges[i];

		if (offset > r->offset && offset - r->offset < r->size)
			return r->code[offset - 1 - r->offset] == 0xf0;
	}
	return false;
}

static const char *check_ranges(const struct code_range *ranges, size_t n, size_t *total)
{
	*total = 0;
	if (n > EXITS_RANGES)
		return "it has too many parts";
	for (size_t i = 0; i < n; i++) {
		if (!ranges[i].size)
			return "its symbol has no size";
		if (ranges[i].size > EXITS_MAX_CODE - *total)
			return "it is too large";
		*total += ranges[i].size;
	}
	return NULL;
}

static const char *walk_all(struct walk *w)
{
	const char *why = NULL;

	for (size_t i = 0; i < w->n && !why; i++)
		why = walk_range(w, &w->ranges[i]);
	for (size_t i = 0; i < w->ntargets && !why; i++)
		if (!is_start(w, w->targets[i]))
			why = "it jumps into the middle of an instruction";
	return why;
}

const char *exits__find(const struct code_range *ranges, size_t n, struct exits *out)
{
	struct walk w = { .ranges = ranges, .n = n, .out = out };
	const char *why = EXITS_UNAVAILABLE;

	*out = (struct exits){};
	if (!why)
		why = check_ranges(ranges, n, &w.total);
	if (why)
		return why;
	w.starts = xcalloc(w.total, sizeof(*w.starts));
	w.depth = xcalloc(w.total, sizeof(*w.depth));
	w.targets = xcalloc(w.total, sizeof(*w.targets));
	memset(w.depth, 0xff, w.total * sizeof(*w.depth)); /* DEPTH_UNKNOWN */
	why = walk_all(&w);
	if (why)
		exits__free(out);
	free(w.starts);
	free(w.depth);
	free(w.targets);
	return why;
}

void exits__free(struct exits *e)
{
	free(e->v);
	*e = (struct exits){};
}
