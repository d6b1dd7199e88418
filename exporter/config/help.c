/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/help.h"

#include "base/value.h"
#include "config/options.h"

#define HELP_COLUMN 32
#define HELP_WIDTH  80

/* Words of text from HELP_COLUMN on; the cursor stands at column `at`. */
static void print_wrapped(FILE *out, int at, const char *text)
{
	if (at >= HELP_COLUMN - 1) {
		fputc('\n', out);
		at = 0;
	}
	fprintf(out, "%*s", HELP_COLUMN - at, "");
	at = HELP_COLUMN;
	while (*text) {
		int len = (int)strcspn(text, " ");

		if (at > HELP_COLUMN && at + 1 + len > HELP_WIDTH) {
			fprintf(out, "\n%*s", HELP_COLUMN, "");
			at = HELP_COLUMN;
		}
		at += fprintf(out, "%s%.*s", at > HELP_COLUMN ? " " : "", len, text);
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static void print_option(FILE *out, const struct option *o)
{
	__cleanup_free char *name = NULL;
	__cleanup_buf struct buf help = {};
	size_t n = 0;

	buf__printf(&help, "%s", o->help);
	while (o->one_of && o->one_of[n])
		n++;
	if (n) {
		value__list(&help, o->one_of, n);
		buf__printf(&help, ".");
	}
	if (o->letter)
		name = xasprintf("-%c, --%s", o->letter, o->name);
	else if (!o->argument)
		name = xasprintf("    --%s%s",
				 o->flag == offsetof(struct loader, version) ? "" : "[no-]",
				 o->name);
	else if (o->optional)
		name = xasprintf("    --%s[=%s]", o->name, o->argument);
	else if (o->fallback)
		name = xasprintf("    --%s=\"%s\"%s", o->name, o->fallback,
				 o->repeatable ? " ..." : "");
	else
		name = xasprintf("    --%s=%s%s", o->name, o->argument,
				 o->repeatable ? " ..." : "");
	print_wrapped(out, fprintf(out, "  %s", name), buf__str(&help));
}

void help__print(FILE *out)
{
	static const char *const forms[][2] = {
		{ "vfs_read, 'vfs_*'", "kernel functions, built in or in any module" },
		{ "ext4:ext4_sync_file", "a function of that module (vmlinux: built in)" },
		{ "syscall:openat", "a system call" },
		{ "/path/to/elf:malloc", "a function of that program or library" },
		{ "'a|b'", "the first of these that exists" },
		{ "'!vfs_readv'", "exclude this one" },
	};

	fputs("usage: retprobe_exporter [<flags>] [<PROBE> ...]\n\n"
	      "Prometheus metrics for function calls: rates, results and durations.\n\n"
	      "Flags:\n",
	      out);
	for (const struct option *o = options; o->name; o++)
		print_option(out, o);
	fputs("\nArgs:\n", out);
	print_wrapped(out, fprintf(out, "  [<PROBE>]"),
		      "Functions to probe. Default: a built-in set. Globs are * ? [ ]; \\ makes "
		      "them literal.");
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		print_wrapped(out, fprintf(out, "    %s", forms[i][0]), forms[i][1]);
}
