/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/notes.h"

#include "base/errno_names.h"
#include "base/error.h"
#include "base/suggest.h"

/* Values of results that are no errnos and no numbers (discover/outcome_text.c). */
static const char *const words[] = { "zero", "positive", "negative", "NULL", "pointer" };

static bool is_word(const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(value, words[i]))
			return true;
	return false;
}

static bool is_number(const char *value)
{
	const char *digits = value + (*value == '-');

	return *digits && strspn(digits, "0123456789") == strlen(digits);
}

/* *hint: of similar names; to be freed. */
static bool is_errno(const char *value, char **hint)
{
	const char *names[ERRNO_NAMES];
	size_t n = errno_names(names);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(value, names[i]))
			return true;
	*hint = suggest__hint(value, names, n);
	return false;
}

int probe_notes__expect(struct probe_notes *n, const char *value, char **why)
{
	__cleanup_free char *hint = NULL, *before = NULL;
	size_t count = 1;

	if (!is_word(value) && !is_number(value) && !is_errno(value, &hint))
		return error__refuse(why,
				     "\"%.80s\" is no result of a failed call; write the name of "
				     "an errno, as in EAGAIN, or a number%s",
				     value, hint);
	for (const char *s = n->expected; s && *s; s++)
		count += *s == ',';
	if (n->expected && count >= PROBE_EXPECTED_MAX)
		return error__refuse(why, "more than %d values; expect fewer", PROBE_EXPECTED_MAX);
	before = take_ptr(n->expected);
	n->expected = before ? xasprintf("%s,%s", before, value) : xstrdup(value);
	return 0;
}

static char *copy_text(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

void probe_notes__fill(struct probe_notes *n, const struct probe_notes *defaults)
{
	if (!n->description)
		n->description = copy_text(defaults->description);
	if (!n->expected)
		n->expected = copy_text(defaults->expected);
	if (n->waits == WAITS_NOT_SAID)
		n->waits = defaults->waits;
}

struct probe_notes probe_notes__copy(const struct probe_notes *n)
{
	struct probe_notes copy = {};

	probe_notes__fill(&copy, n);
	return copy;
}

static bool same_text(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

bool probe_notes__same(const struct probe_notes *a, const struct probe_notes *b)
{
	return same_text(a->description, b->description) && same_text(a->expected, b->expected) &&
	       a->waits == b->waits;
}

void probe_notes__free(struct probe_notes *n)
{
	free(n->description);
	free(n->expected);
	memset(n, 0, sizeof(*n));
}
