/* SPDX-License-Identifier: GPL-2.0-only */
#include "expr/capture.h"

#include <errno.h>

#include "base/error.h"
#include "bpf/outcome.h"
#include "expr/alternatives.h"
#include "expr/expr.h"
#include "expr/named.h"

struct maker {
	const struct expr_scope *scope;
	struct capture_spec *x;
	char **why;
	uint32_t nalternatives, nendings;
	bool needs_durations; /* of an ending */
};

/* All paths of a probe have the same kernel. */
static void use_path(struct maker *m, const struct rp_path_layout *path)
{
	static const struct rp_path_layout none;

	if (memcmp(path, &none, sizeof(none)))
		m->x->kernel.path = *path;
}

/* The index of a field among the fields of its type. Equal fields share one. -EINVAL: no room. */
static int place_of(struct maker *m, struct rp_field *fields, uint32_t *n, uint32_t max,
		    const struct rp_field *f, const char *what)
{
	for (uint32_t i = 0; i < *n; i++)
		if (!memcmp(&fields[i], f, sizeof(*f)))
			return i;
	if (*n == max) {
		return error__refuse(m->why,
				     "the labels need more than %u different %s; remove some", max,
				     what);
	}
	fields[*n] = *f;
	return (*n)++;
}

static int place_label(struct maker *m, const struct expr *e, struct capture_label *label)
{
	struct rp_capture_spec *k = &m->x->kernel;
	int place = 0;

	if (e->format == EXPR_COMM) {
		label->place = LABEL_COMM;
		k->comm = 1;
	} else if (e->field.text) {
		label->place = LABEL_TEXT;
		use_path(m, &e->path);
		place = place_of(m, k->text, &k->ntexts, RP_TEXTS, &e->field, "texts");
	} else {
		label->place = LABEL_NUMBER;
		place = place_of(m, k->number, &k->nnumbers, RP_NUMBERS, &e->field, "numbers");
	}
	label->index = place;
	if ((e->format == EXPR_IP6 || e->format == EXPR_USER_CALLER) && place >= 0) {
		place = place_of(m, k->number, &k->nnumbers, RP_NUMBERS, &e->second, "numbers");
		label->second = place;
	}
	return place < 0 ? place : 0;
}

static int add_label(struct maker *m, const struct expression *setting)
{
	struct capture_label *label = &m->x->labels[m->x->nlabels];
	const struct named_label *named = named__of(m->scope, setting);
	struct expr e;
	int err;

	if (m->x->nlabels == CAPTURE_LABELS_MAX) {
		return error__refuse(m->why, "more than %d labels; remove some",
				     CAPTURE_LABELS_MAX);
	}
	label->part = named ? named->part : LABEL_WHOLE;
	err = named ? named__compile(named, m->scope, &e, m->why)
		    : expr__compile(m->scope, setting->text, &e, m->why);
	if (err)
		return err;
	label->name = setting->name;
	label->format = e.format;
	m->x->kernel.callers |= e.format == EXPR_CALLER || e.format == EXPR_USER_CALLER;
	label->names = e.names;
	label->enumerators = e.enumerators; /* owned by the label now */
	label->nenumerators = e.nenumerators;
	m->x->nlabels++;
	return place_label(m, &e, label);
}

/* A filter that must match. */
static int add_condition(struct maker *m, const struct filter *f)
{
	struct rp_capture_spec *k = &m->x->kernel;

	switch (f->type) {
	case FILTER_DURATION:
		k->min_ns = f->min_ns > k->min_ns ? f->min_ns : k->min_ns;
		k->max_ns = f->max_ns < k->max_ns ? f->max_ns : k->max_ns;
		break;
	case FILTER_OUTCOME:
		k->outcomes = k->outcomes ? k->outcomes & f->outcomes : f->outcomes;
		break;
	case FILTER_RESULT:
		if (k->nresults == RP_FILTERS) {
			return error__refuse(m->why,
					     "more than %d filters on the result; remove some",
					     RP_FILTERS);
		}
		k->result[k->nresults++] = f->result;
		break;
	case FILTER_ENTRY:
		if (k->nfilters == RP_FILTERS) {
			return error__refuse(
				m->why,
				"more than %d filters other than duration and outcome; "
				"remove some",
				RP_FILTERS);
		}
		k->filter[k->nfilters++] = f->entry;
	}
	return 0;
}

static int too_many_alternatives(struct maker *m)
{
	return error__refuse(m->why, "more than %d alternatives in all filters; remove some",
			     FILTER_ALTERNATIVES);
}

/* Appends a group of which one must pass. Alternatives that read the same field become a run. */
static void add_group(struct maker *m, const struct filter *v, size_t n)
{
	struct rp_filter *first = NULL;

	for (size_t i = 0; i < n; i++) {
		struct rp_filter *to = &m->x->kernel.alternative[m->nalternatives++];

		*to = v[i].entry;
		if (!first || memcmp(&first->field, &to->field, sizeof(to->field)))
			first = to;
		first->run++;
	}
	first->last = 1;
}

static void add_ending(struct maker *m, const struct filter *f, bool last)
{
	m->x->kernel.ending[m->nendings++] = (struct rp_ending){
		.min_ns = f->min_ns,
		.max_ns = f->type == FILTER_DURATION ? f->max_ns : UINT64_MAX,
		.outcomes = f->outcomes,
		.last = last,
		.result = f->result,
	};
	m->needs_durations |= f->type == FILTER_DURATION;
}

static int add_alternatives(struct maker *m, const struct alternatives *a)
{
	bool at_entry = a->v[0].type == FILTER_ENTRY;
	uint32_t *n = at_entry ? &m->nalternatives : &m->nendings;

	if (*n + a->n > FILTER_ALTERNATIVES)
		return too_many_alternatives(m);
	if (at_entry)
		add_group(m, a->v, a->n);
	for (size_t i = 0; i < a->n && !at_entry; i++)
		add_ending(m, &a->v[i], i + 1 == a->n);
	return 0;
}

static int add_filter(struct maker *m, const struct expression *setting)
{
	struct rp_capture_spec *k = &m->x->kernel;
	struct alternatives a;
	int err = alternatives__compile(m->scope, setting->text, NULL, &a, m->why);

	if (err)
		return err;
	for (size_t i = 0; i < a.n; i++)
		use_path(m, &a.v[i].path);
	if (a.n == 1)
		err = add_condition(m, &a.v[0]);
	else
		err = add_alternatives(m, &a);
	if (err)
		return err;
	if (k->min_ns > k->max_ns || (a.v[0].type == FILTER_OUTCOME && a.n == 1 && !k->outcomes)) {
		return error__refuse(m->why, "with \"%s\", no call passes all filters",
				     setting->text);
	}
	return 0;
}

/* With alternatives, the other filters are groups of one. */
static void finish_groups(struct maker *m)
{
	struct rp_capture_spec *k = &m->x->kernel;

	if (m->nalternatives) {
		for (uint32_t i = 0; i < k->nfilters; i++)
			add_group(m, &(struct filter){ .entry = k->filter[i] }, 1);
		k->nfilters = RP_FILTERS + m->nalternatives;
	}
	if (m->nendings) {
		for (uint32_t i = 0; i < k->nresults; i++)
			add_ending(m, &(struct filter){ .result = k->result[i] }, true);
		k->nresults = RP_FILTERS + m->nendings;
	}
}

static int add_observed(struct maker *m, const struct expression *setting)
{
	struct rp_capture_spec *k = &m->x->kernel;
	struct expr e;
	int err = expr__compile(m->scope, setting->text, &e, m->why);

	if (err)
		return err;
	if (e.field.text || e.format >= EXPR_KSYM) {
		err = error__refuse(m->why, "%s is %s; only numbers can be observed", setting->text,
				    e.field.text ? "text" : "a name or an address");
	} else if (k->nobserved == RP_OBSERVED) {
		err = error__refuse(m->why, "more than %d observed values; remove some",
				    RP_OBSERVED);
	} else {
		m->x->observed[k->nobserved] = setting->name;
		k->observed[k->nobserved++] = e.field;
	}
	expr__free(&e);
	return err;
}

/* What is measured shares its room with observed values (bpf/hists.bpf.h). */
static int add_measured(struct maker *m, const struct probe_settings *s,
			const struct source_pos **pos)
{
	struct rp_capture_spec *k = &m->x->kernel;

	if (!s->off_cpu && !s->counters)
		return 0;
	*pos = &s->measured_pos;
	if (s->untimed)
		return error__refuse(m->why,
				     "split and counters compare what is known when the "
				     "function is entered and when it returns, and with "
				     "durations: off only its return is watched; remove one "
				     "of the two");
	if (s->nobserved + s->off_cpu + (s->counters != 0) > RP_OBSERVED)
		return error__refuse(
			m->why,
			"observe, split and counters have room for %d values together, "
			"all counters counted as one; remove some",
			RP_OBSERVED);
	if (s->off_cpu)
		k->measured[k->nmeasured++] = RP_OFF_CPU;
	if (s->counters)
		k->measured[k->nmeasured++] = RP_USAGE;
	m->x->counters = s->counters;
	return 0;
}

/* Tells the BPF program which results are errors, as far as their class does not show it. */
static void judge(struct rp_capture_spec *k, enum rp_kind kind, const struct result_test *error)
{
	for (enum rp_class cls = 0; cls <= RP_CLASS_BY_VALUE; cls++) {
		bool null = cls == RP_CLASS_ZERO && kind == RP_KIND_POINTER;

		k->outcome[cls] = error->classes & 1U << cls ? RP_OUTCOME_ERROR
				  : null		     ? RP_OUTCOME_NULL
							     : RP_OUTCOME_OK;
	}
	k->outcome[RP_CLASS_TAIL] = 0;
	k->split = error->split;
	if (error->split || rp_kind_is_numbered(kind))
		k->error = error->test;
}

/* Text with a length in a register has that in the next one. */
static uint32_t reads_args(const struct rp_field *v, uint32_t n)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < n; i++)
		if (v[i].source < RP_SOURCE_PID)
			bits |= (v[i].text & RP_TEXT_IN_ARGS ? 3U : 1U) << v[i].source;
	return bits;
}

static uint32_t filters_args(const struct rp_filter *v, uint32_t n)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < n; i++)
		bits |= reads_args(&v[i].field, 1);
	return bits;
}

static uint32_t needed_args(const struct maker *m)
{
	const struct rp_capture_spec *k = &m->x->kernel;

	return reads_args(k->number, k->nnumbers) | reads_args(k->text, k->ntexts) |
	       reads_args(k->observed, k->nobserved) | filters_args(k->filter, k->nfilters) |
	       filters_args(k->alternative, m->nalternatives);
}

/* Of a probe without durations: it has a program at the return only. */
static int check_untimed(struct maker *m, const struct expression *setting)
{
	const struct rp_capture_spec *k = &m->x->kernel;

	if (k->min_ns || k->max_ns != UINT64_MAX || m->needs_durations)
		return error__refuse(m->why,
				     "\"%s\" needs durations, which are off for this probe; remove "
				     "the filter, or durations: off",
				     setting->text);
	if (needed_args(m) || k->callers)
		return error__refuse(m->why,
				     "\"%s\" is known when the function is entered, and with "
				     "durations: off only its return is watched; remove one of the "
				     "two",
				     setting->text);
	return 0;
}

static int add_all(struct maker *m, const struct probe_settings *s, const struct expression *v,
		   size_t n, int (*add)(struct maker *m, const struct expression *setting),
		   const struct source_pos **pos)
{
	for (size_t i = 0; i < n; i++) {
		*pos = &v[i].pos;
		if (add(m, &v[i]) || (s->untimed && check_untimed(m, &v[i])))
			return -EINVAL;
	}
	return 0;
}

/* Once all labels are known: where the key has them. */
static void lay_out_key(struct capture_spec *x)
{
	struct rp_capture_spec *k = &x->kernel;

	k->comm_at = k->nnumbers;
	k->text_at = k->comm_at + (k->comm ? RP_COMM_SIZE / sizeof(uint64_t) : 0);
	for (size_t i = 0; i < x->nlabels; i++) {
		struct capture_label *label = &x->labels[i];

		if (label->place == LABEL_TEXT)
			label->word = k->text_at + label->index * RP_TEXT_SIZE / sizeof(uint64_t);
		else
			label->word = label->place == LABEL_COMM ? k->comm_at : label->index;
	}
}

int capture_spec__new(const struct probe_settings *s, const struct expr_scope *scope,
		      const struct result_test *error, struct capture_spec **out,
		      const struct source_pos **pos, char **why)
{
	enum rp_kind kind = scope->result.kind;
	bool values = kind == RP_KIND_VALUE || kind == RP_KIND_UVALUE;
	bool judged = error->split || (kind == RP_KIND_ENUM && error->test.set);
	struct maker m = { .scope = scope, .why = why };

	*out = NULL;
	if (!s->nlabels && !s->nfilters && !s->nobserved && !s->off_cpu && !s->counters &&
	    !values && !judged && kind != RP_KIND_SIZE)
		return 0;
	m.x = xcalloc(1, sizeof(*m.x));
	m.x->labels = xcalloc(CAPTURE_LABELS_MAX, sizeof(*m.x->labels));
	m.x->kernel.max_ns = UINT64_MAX;
	m.x->kernel.max_series = s->max_series ? s->max_series : MAX_SERIES_DEFAULT;
	m.x->returns_values = values;
	judge(&m.x->kernel, kind, error);
	m.x->series_ttl = s->series_ttl;
	if (add_all(&m, s, s->labels, s->nlabels, add_label, pos) ||
	    add_all(&m, s, s->filters, s->nfilters, add_filter, pos) ||
	    add_all(&m, s, s->observed, s->nobserved, add_observed, pos) ||
	    add_measured(&m, s, pos)) {
		capture_spec__free(m.x);
		return -EINVAL;
	}
	m.x->kernel.reads_args = needed_args(&m);
	m.x->kernel.of_syscall = m.x->kernel.reads_args && scope->syscall;
	finish_groups(&m);
	m.x->kernel.go = m.x->kernel.reads_args && scope->go;
	lay_out_key(m.x);
	m.x->nhistograms = (kind == RP_KIND_SIZE) + m.x->kernel.nobserved + m.x->kernel.nmeasured;
	*out = m.x;
	return 0;
}

static bool same_enumerators(const struct capture_label *x, const struct capture_label *y)
{
	for (size_t i = 0; i < x->nenumerators && x->nenumerators == y->nenumerators; i++)
		if (x->enumerators[i].value != y->enumerators[i].value ||
		    strcmp(x->enumerators[i].name, y->enumerators[i].name))
			return false;
	return x->nenumerators == y->nenumerators;
}

static bool same_labels(const struct capture_spec *a, const struct capture_spec *b)
{
	for (size_t i = 0; i < a->nlabels && a->nlabels == b->nlabels; i++) {
		const struct capture_label *x = &a->labels[i], *y = &b->labels[i];

		if (strcmp(x->name, y->name) || x->place != y->place || x->index != y->index ||
		    x->second != y->second || x->part != y->part || x->format != y->format ||
		    x->names != y->names || !same_enumerators(x, y))
			return false;
	}
	return a->nlabels == b->nlabels;
}

static bool same_kernel(const struct capture_spec *a, const struct capture_spec *b)
{
	return !memcmp(&a->kernel, &b->kernel, sizeof(a->kernel));
}

void capture_spec__number(struct capture_spec *x, const struct capture_spec **v, uint32_t *n)
{
	for (x->index = 0; x->index < *n; x->index++)
		if (same_kernel(x, v[x->index]))
			return;
	v[(*n)++] = x;
}

bool capture_spec__same(const struct capture_spec *a, const struct capture_spec *b)
{
	if (!a || !b)
		return a == b;
	for (uint32_t i = 0; i < a->kernel.nobserved && i < b->kernel.nobserved; i++)
		if (strcmp(a->observed[i], b->observed[i]))
			return false;
	return same_kernel(a, b) && same_labels(a, b) && a->series_ttl == b->series_ttl &&
	       a->returns_values == b->returns_values;
}

/* Text of the process; its page may not be in memory. */
static bool may_be_absent(const struct rp_field *f)
{
	return f->text && f->user && f->source < RP_SOURCE_PID;
}

const struct rp_filter *capture_spec__filters(const struct rp_capture_spec *k, uint32_t *n)
{
	bool grouped = k->nfilters > RP_FILTERS;

	*n = k->nfilters - (grouped ? RP_FILTERS : 0);
	return grouped ? k->alternative : k->filter;
}

bool capture_spec__reads_late(const struct capture_spec *x)
{
	const struct rp_capture_spec *k = &x->kernel;
	const struct rp_filter *v;
	uint32_t n;

	for (uint32_t i = 0; i < k->ntexts; i++)
		if (may_be_absent(&k->text[i]))
			return true;
	v = capture_spec__filters(k, &n);
	for (uint32_t i = 0; i < n; i++)
		if (may_be_absent(&v[i].field))
			return true;
	return false;
}

int capture_spec__measured(const struct capture_spec *x, bool has_size, enum rp_measured what)
{
	for (uint32_t i = 0; x && i < x->kernel.nmeasured; i++)
		if (x->kernel.measured[i] == what)
			return has_size + x->kernel.nobserved + i;
	return -1;
}

bool capture_spec__names_cgroups(const struct capture_spec *x)
{
	for (size_t i = 0; x && i < x->nlabels; i++)
		if (x->labels[i].format == EXPR_CGROUP)
			return true;
	return false;
}

void capture_spec__free(struct capture_spec *x)
{
	if (!x)
		return;
	for (size_t i = 0; i < x->nlabels; i++)
		enumerators__free(x->labels[i].enumerators, x->labels[i].nenumerators);
	free(x->labels);
	free(x);
}
