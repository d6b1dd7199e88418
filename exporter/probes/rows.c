/* SPDX-License-Identifier: GPL-2.0-only */
#include "probes/rows.h"

#include "attach/files.h"
#include "attach/former.h"
#include "base/buf.h"

#define FILES_LISTED 16

/* Sets the files of a selection. */
static void add_files(struct target_state *st, const struct wanted *w)
{
	const struct attach *a = w->generation->attach;
	const struct target *at;
	__cleanup_buf struct buf list = {};

	st->left_out = st->target->left_out;
	for (; (at = files__at(a, w->id, st->nfiles)); st->nfiles++) {
		__cleanup_free char *path = escaped(at->opened->found);

		if (st->nfiles < FILES_LISTED)
			buf__printf(&list, "%s%s", st->nfiles ? "\n" : "", path);
	}
	st->files = xstrdup(buf__str(&list));
}

/* Of a target, without its name. */
static struct probe_row make_row(const struct change *ch, struct probe_table *table,
				 const struct wanted *w)
{
	struct probe_row row = {
		.max_rate = w->max_rate,
		.own_rate = w->own_rate,
		.max_cpu = w->max_cpu,
	};
	const struct target *t = wanted__target(w);
	size_t n;

	if (w->generation && generation__has(w->generation, w->id)) {
		const struct attach_slot *slot = &attach__slots(w->generation->attach, &n)[w->id];

		row.generation = w->generation;
		row.state = (struct target_state){
			.target = t,
			.attached = generation__is_attached(w->generation, w->id) &&
				    t->reason != REASON_DISABLED,
			.mechanism = slot->ops->name,
			.caveat = attach__caveat(w->generation->attach, slot),
			.created = slot->created,
			.former_files = t->selected ? 0
						    : former__count(w->generation->attach, w->id) +
							      t->removed,
		};
		if (t->selected)
			add_files(&row.state, w);
	} else {
		row.state.target = probe_table__describe(table, t);
	}
	row.state.has_max_rate = w->max_rate;
	row.state.has_max_cpu = w->max_cpu || ch->config->max_cpu;
	row.state.longer = t->settings && t->settings->in_flight == IN_FLIGHT_LONGER;
	return row;
}

/* Detachment counts continue by name. A new name takes those of its function. */
static void keep_counting(const struct probe_table *before, struct target_state *st)
{
	struct target_name name = { (char *)st->object, (char *)st->function, (char *)st->probe };
	const struct probe_row *row = probe_table__find(before, st->target->type, &name);

	if (!row)
		row = probe_table__find_any(before, st->target);
	if (row)
		memcpy(st->detached, row->state.detached, sizeof(st->detached));
}

/* One row for each name of a target. Returns the next free row. */
static struct probe_row *make_rows(const struct change *ch, const struct probe_table *before,
				   struct probe_table *table, struct probe_row *row,
				   const struct wanted *w)
{
	const struct target *t = wanted__target(w);
	struct probe_row first = make_row(ch, table, w);

	for (size_t i = 0; i < target__nnames(t); i++, row++) {
		*row = first;
		row->state.again = i;
		row->state.files = first.state.files ? xstrdup(first.state.files) : NULL;
		row->state.notes = probe_notes__copy(&w->notes);
		row->state.object = xstrdup(target__name(t, i).object);
		row->state.function = xstrdup(target__name(t, i).function);
		row->state.probe = t->probe ? xstrdup(t->probe) : NULL;
		keep_counting(before, &row->state);
	}
	free((char *)first.state.files);
	return row;
}

/* Gives targets that stay their current names. Returns the number of names. */
static size_t rename_targets(struct change *ch)
{
	size_t n = 0;

	for (size_t i = 0; i < ch->nwanted; i++) {
		struct wanted *w = &ch->wanted[i];

		if (w->renamed)
			target__swap_names((struct target *)wanted__target(w), w->renamed);
		n += target__nnames(wanted__target(w));
	}
	return n;
}

struct probe_table *rows__make(const struct probe_table *before, struct change *ch)
{
	struct probe_table *table = probe_table__new(before, rename_targets(ch));
	struct probe_row *row = table->rows;

	for (size_t i = 0; i < ch->nwanted; i++)
		row = make_rows(ch, before, table, row, &ch->wanted[i]);
	probe_table__index(table);
	return table;
}
