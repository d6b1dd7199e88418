/* SPDX-License-Identifier: GPL-2.0-only */
/* Command lines: the resulting configuration, and the exact error messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/value.h"
#include "config/options.h"
#include "config_fixture.h"

static void test_defaults(void **state)
{
	static const double buckets[] = {
		1e-7,	0.00000025, 0.0000005, 0.000001, 0.0000025, 0.000005, 0.00001,
		2.5e-5, 0.00005,    0.0001,    0.00025,	 0.0005,    0.001,    0.0025,
		0.005,	0.01,	    0.025,     0.05,	 0.1,	    0.25,     0.5,
		1.0,	2.5,	    5,	       10,
	};
	struct config *c = parse_good((const char *const[]){ NULL });

	assert_int_equal(c->action, ACTION_RUN);
	assert_true(c->is_default_set);
	assert_int_equal(c->nlists, 0);
	assert_false(c->strict);
	assert_string_equal(c->mechanism, "auto");
	assert_int_equal(c->cells, CELLS_MMAP);
	assert_int_equal(c->memory_limit, 256u << 20);
	assert_int_equal(c->nbuckets, ARRAY_SIZE(buckets));
	for (size_t i = 0; i < ARRAY_SIZE(buckets); i++)
		assert_true(c->buckets[i] == buckets[i]);
	assert_int_equal(c->native_schema, 2);
	assert_int_equal(c->web.nlisten, 1);
	assert_string_equal(c->web.listen[0], ":10435");
	assert_string_equal(c->web.telemetry_path, "/metrics");
	assert_int_equal(c->web.max_requests, 40);
	assert_false(c->web.openmetrics_created);
	assert_false(c->web.systemd_socket);
	assert_int_equal(c->log_level, LOG_INFO);
	assert_int_equal(c->log_format, LOG_LOGFMT);
	assert_true(c->max_cpu == 0);
	config__free(c);
	config__free(NULL);
}

static void test_every_flag(void **state)
{
	struct config *c;

	c = PARSE("--mechanism=kretprobe", "--cells", "percpu", "--memory.limit", "1GiB",
		  "--web.listen-address=127.0.0.1:1", "--web.listen-address", "[::1]:2");
	assert_string_equal(c->mechanism, "kretprobe");
	assert_int_equal(c->cells, CELLS_PERCPU);
	assert_int_equal(c->memory_limit, 1u << 30);
	assert_int_equal(c->web.nlisten, 2);
	assert_string_equal(c->web.listen[0], "127.0.0.1:1");
	assert_string_equal(c->web.listen[1], "[::1]:2");
	assert_true(c->is_default_set);
	config__free(c);

	c = PARSE("--web.telemetry-path=/", "--web.max-requests=0", "--log.level=debug",
		  "--log.format", "json", "--config.strict", "--web.systemd-socket",
		  "--web.openmetrics-created");
	assert_string_equal(c->web.telemetry_path, "/");
	assert_int_equal(c->web.max_requests, 0);
	assert_int_equal(c->log_level, LOG_DEBUG);
	assert_int_equal(c->log_format, LOG_JSON);
	assert_true(c->strict);
	assert_true(c->web.systemd_socket);
	assert_true(c->web.openmetrics_created);
	config__free(c);

	c = PARSE("--no-config.strict", "--no-web.systemd-socket", "--no-config.check",
		  "--max-cpu=0.5%");
	assert_true(c->max_cpu == 0.005);
	assert_false(c->strict);
	assert_false(c->web.systemd_socket);
	assert_int_equal(c->action, ACTION_RUN);
	config__free(c);
}

static void test_actions(void **state)
{
	static const struct {
		const char *args[4];
		enum config_action action;
		const char *globs[2];
	} cases[] = {
		{ { "--config.check" }, ACTION_CHECK, { NULL } },
		{ { "--probe.list" }, ACTION_LIST, { NULL } },
		{ { "--probe.list=vfs_*" }, ACTION_LIST, { "vfs_*" } },
		{ { "--probe.list", "vfs_*" }, ACTION_LIST, { "vfs_*" } },
		{ { "--probe.list", "vfs_*", "*4:ext4_?" }, ACTION_LIST, { "vfs_*", "*4:ext4_?" } },
		{ { "vfs_*", "--probe.list=tcp_*" }, ACTION_LIST, { "tcp_*", "vfs_*" } },
		{ { "--probe.list", "--", "-x" }, ACTION_LIST, { "-x" } },
		{ { "--help" }, ACTION_HELP, { NULL } },
		{ { "-h" }, ACTION_HELP, { NULL } },
		{ { "--version" }, ACTION_VERSION, { NULL } },
		{ { "--version", "--config.file=absent" }, ACTION_VERSION, { NULL } },
		{ { "vfs_read", "--help" }, ACTION_HELP, { NULL } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config *c = parse_good(cases[i].args);

		assert_int_equal(c->action, cases[i].action);
		for (size_t k = 0; k < ARRAY_SIZE(cases[i].globs); k++) {
			assert_int_equal(k < c->nlist_globs, cases[i].globs[k] != NULL);
			if (cases[i].globs[k])
				assert_string_equal(c->list_globs[k], cases[i].globs[k]);
		}
		config__free(c);
	}
}

static void test_probe_arguments(void **state)
{
	struct config *c = PARSE("vfs_read", "--log.level", "warn", "!vfs_*", "--", "--odd");
	const struct probe_list *list = c->lists;

	assert_false(c->is_default_set);
	assert_int_equal(c->nlists, 1);
	assert_int_equal(list->npatterns, 3);
	assert_string_equal(list->patterns[0].text, "vfs_read");
	assert_string_equal(source_pos__str(&list->patterns[0].pos), "argument 1");
	assert_true(list->patterns[1].exclude);
	assert_string_equal(source_pos__str(&list->patterns[1].pos), "argument 4");
	assert_string_equal(list->patterns[2].functions[0], "--odd");
	assert_int_equal(list->settings.maxactive, 4096);
	assert_null(list->settings.mechanism);
	assert_false(list->builtin);
	config__free(c);
}

#define SIZE_ADVICE                                                                              \
	"; write a whole number above 0 and KiB, MiB, GiB, KB, MB, GB or nothing for bytes, as " \
	"in 256MiB"
#define ALL	       " (--help lists all flags)"
#define ADDRESS_ADVICE "; write host:port, [v6]:port or :port"

static const struct {
	const char *args[4];
	const char *error;
} bad_lines[] = {
	{ { "--config.fil=x" },
	  "argument 1: unknown flag --config.fil; did you mean --config.file or "
	  "--web.config.file?" ALL },
	{ { "vfs_read", "--web.listen-adress", "x" },
	  "argument 2: unknown flag --web.listen-adress; did you mean --web.listen-address?" ALL },
	{ { "--frobnicate" }, "argument 1: unknown flag --frobnicate; --help lists all flags" },
	{ { "-x" }, "argument 1: unknown flag -x; --help lists all flags" },
	{ { "-" }, "argument 1: unknown flag -; --help lists all flags" },
	{ { "-v" }, "argument 1: unknown flag -v; did you mean --version?" ALL },
	{ { "-c", "x.yaml" },
	  "argument 1: unknown flag -c; did you mean --config.file, --config.check or "
	  "--config.strict?" ALL },
	{ { "-help" }, "argument 1: unknown flag -help; did you mean --help?" ALL },
	{ { "-config.file=x" },
	  "argument 1: unknown flag -config.file; did you mean --config.file or "
	  "--web.config.file?" ALL },
	{ { "--list" },
	  "argument 1: unknown flag --list; did you mean --probe.list or "
	  "--web.listen-address?" ALL },
	{ { "--presets=tcp" },
	  "argument 1: unknown flag --presets; presets is a key of a "
	  "--config.file, at the top level of the file" },
	{ { "--max-series=5" },
	  "argument 1: unknown flag --max-series; max_series is a key of a "
	  "--config.file, in a probe, under probes:" },
	{ { "--labels", "comm" },
	  "argument 1: unknown flag --labels; labels is a key of a "
	  "--config.file, in a probe, under probes:" },
	{ { "x", "--", "--config.check" },
	  "argument 3: --config.check is behind --, which ends the flags; write it before --" },
	{ { "x", "--", "--no-config.strict" },
	  "argument 3: --no-config.strict is behind --, which ends the flags; write it before "
	  "--" },
	{ { "x", "--", "--log.level=debug" },
	  "argument 3: --log.level=debug is behind --, which ends the flags; write it before --" },
	{ { "--no-cells" }, "argument 1: unknown flag --no-cells; did you mean --cells?" ALL },
	{ { "--log.level" }, "argument 1: --log.level needs a value; write --log.level=LEVEL" },
	{ { "--config.file=" },
	  "argument 1: --config.file needs a value; write --config.file=FILE" },
	{ { "--preset", "--help" }, "argument 1: --preset needs a value; write --preset=NAME" },
	{ { "--probe.list=" }, "argument 1: --probe.list needs a value; write --probe.list=GLOB" },
	{ { "--config.check=yes" },
	  "argument 1: --config.check takes no value; write --config.check or --no-config.check" },
	{ { "--log.level=info", "--log.level=warn" },
	  "argument 2: --log.level is given twice, first as argument 1; keep one" },
	{ { "--log.level=warning" },
	  "argument 1: --log.level: \"warning\" is not allowed; did you mean warn? (debug, info, "
	  "warn or error)" },
	{ { "--log.format", "xml" },
	  "argument 1: --log.format: \"xml\" is not allowed (logfmt or json)" },
	{ { "--cells=mmaped" },
	  "argument 1: --cells: \"mmaped\" is not allowed; did you mean mmap? (mmap or percpu)" },
	{ { "--mechanism=kretprob" },
	  "argument 1: --mechanism: \"kretprob\" is not allowed; did you mean kretprobe or "
	  "uretprobe? (" MECHANISMS ")" },
	{ { "--memory.limit=lots" },
	  "argument 1: --memory.limit: \"lots\" is not a size" SIZE_ADVICE },
	{ { "--memory.limit=0" }, "argument 1: --memory.limit: \"0\" is not a size" SIZE_ADVICE },
	{ { "--max-cpu=1" },
	  "argument 1: --max-cpu: \"1\" is not allowed; write a percentage of the CPU time of the "
	  "whole machine, above 0% and up to 100%, as in 1% or 0.5%" },
	{ { "--web.max-requests=many" },
	  "argument 1: --web.max-requests: \"many\" is not allowed; write a whole number from 0 to "
	  "100000" },
	{ { "--web.telemetry-path=metrics" },
	  "argument 1: --web.telemetry-path: \"metrics\" is not a path; it must begin with '/'" },
	{ { "--web.telemetry-path=/-/ready" },
	  "argument 1: --web.telemetry-path: \"/-/ready\" is among the exporter's own paths "
	  "(/-/..., "
	  "/api/...); choose another" },
	{ { "--web.listen-address=10435" },
	  "argument 1: --web.listen-address: \"10435\" has no port" ADDRESS_ADVICE },
	{ { "--web.listen-address=::1" },
	  "argument 1: --web.listen-address: \"::1\" is an IPv6 address without a port, or without "
	  "its brackets; write [::1]:10435" },
	{ { "--web.listen-address=:70000" },
	  "argument 1: --web.listen-address: \":70000\": the port must be a number from 0 to "
	  "65535" },
	{ { "--web.listen-address=a b:1" },
	  "argument 1: --web.listen-address: \"a b:1\" is not an address" ADDRESS_ADVICE },
	{ { "--web.systemd-socket", "--web.listen-address=:1" },
	  "argument 2: --web.listen-address has no effect with --web.systemd-socket; keep one" },
	{ { "vfs_read", "--config.watch" },
	  "argument 2: --config.watch needs --config.file=FILE, the file to watch" },
	{ { "--probe.list", "!vfs_*" },
	  "argument 2: \"!vfs_*\": --probe.list cannot exclude; name what to list" },
	{ { "--probe.list", "" }, "argument 2: an empty pattern; name what to list" },
	{ { "vfs_read,vfs_write" },
	  "argument 1: \"vfs_read,vfs_write\": no kernel function has blanks, commas or "
	  "parentheses in its name; name functions one by one" },
	{ { "--config.check", "--probe.list" },
	  "argument 2: --probe.list and --config.check are two different tasks; keep one" },
	{ { "vfs_read", "ext4:" }, "argument 2: \"ext4:\": a function's name is missing" },
	{ { "!vfs_read" },
	  "argument 1: \"!vfs_read\" excludes, but there is nothing to exclude it from; add a "
	  "PROBE, or a preset as in --preset=default" },
	{ { "--config.file=absent.yaml" },
	  "argument 1: --config.file: cannot read absent.yaml: No such file or directory; check "
	  "the "
	  "path" },
	{ { "x", "--config.file", "/" },
	  "argument 2: --config.file: cannot read /: Is a directory; name a file in it" },
	{ { "a\nb:c" },
	  "argument 1: \"a?b:c\": \"a?b\" is not a module's name; OBJECT is a module, vmlinux, "
	  "syscall, tracepoint, raw_tracepoint, or a path with a '/'" },
};

static void test_bad_lines(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_lines); i++) {
		char *error;
		struct config *c = parse(bad_lines[i].args, &error);

		if (c)
			fail_msg("%s was taken", bad_lines[i].args[0]);
		if (strcmp(error, bad_lines[i].error))
			fail_msg("%s:\n  %s\nnot\n  %s", bad_lines[i].args[0], error,
				 bad_lines[i].error);
		free(error);
	}
}

static void test_sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t size; /* 0: refused */
	} cases[] = {
		{ "1", 1 },
		{ "1B", 1 },
		{ "3KiB", 3072 },
		{ "256MiB", 256u << 20 },
		{ "2GiB", 2ULL << 30 },
		{ "3KB", 3000 },
		{ "3MB", 3000000 },
		{ "3GB", 3000000000ULL },
		{ "18446744073709551615", UINT64_MAX },
		{ "18446744073709551616", 0 },
		{ "17179869184GiB", 0 },
		{ "0MiB", 0 },
		{ "MiB", 0 },
		{ "-1", 0 },
		{ "+1", 0 },
		{ " 1", 0 },
		{ "1 MiB", 0 },
		{ "1.5GiB", 0 },
		{ "1mib", 0 },
		{ "1M", 0 },
		{ "0x10", 0 },
		{ "", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t size = 0;
		char *why = NULL;
		int err = value__size(cases[i].text, &size, &why);

		if (size != cases[i].size || !err != !!cases[i].size || !err != !why)
			fail_msg("%s: %d, %llu", cases[i].text, err, (unsigned long long)size);
		free(why);
	}
}

static void test_addresses(void **state)
{
	static const struct {
		const char *text;
		bool valid;
	} cases[] = {
		{ ":0", true },
		{ ":65535", true },
		{ "0.0.0.0:9100", true },
		{ "node-1.example.org:80", true },
		{ "[::]:80", true },
		{ "[fe80::1%eth0]:80", true },
		{ "[::ffff:10.0.0.1]:80", true },
		{ ":65536", false },
		{ ":http", false },
		{ ":", false },
		{ "host:", false },
		{ "", false },
		{ "[]:80", false },
		{ "[::1:80", false },
		{ "::1]:80", false },
		{ "[10.0.0.1]:80", false },
		{ "[fe80::1%]:80", false },
		{ "a/b:80", false },
		{ "1:2:3:80", false },
		{ ":80x", false },
		{ ": 80", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *why = NULL;
		int err = value__listen_address(cases[i].text, &why);

		if (!err != cases[i].valid)
			fail_msg("%s: %s", cases[i].text, why ? why : "was taken");
		free(why);
	}
}

static void test_help(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	options__print_help(f);
	fclose(f);
	assert_non_null(strstr(text, "usage: retprobe_exporter [<flags>] [<PROBE> ...]\n"));
	assert_non_null(strstr(text, "  -h, --help "));
	assert_non_null(strstr(text, "      --version  "));
	assert_non_null(strstr(text, "      --[no-]config.check "));
	assert_non_null(strstr(text, "      --web.listen-address=\":10435\" ...\n "));
	assert_non_null(strstr(text, "      --probe.list[=GLOB] "));
	for (const struct option *o = options; o->name; o++)
		assert_non_null(strstr(text, o->name));
	for (size_t i = 0; config_mechanisms[i]; i++)
		assert_non_null(strstr(text, config_mechanisms[i]));
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		assert_true(strlen(line) <= 80 && line[strlen(line) - 1] != ' ');
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),  cmocka_unit_test(test_every_flag),
		cmocka_unit_test(test_actions),	  cmocka_unit_test(test_probe_arguments),
		cmocka_unit_test(test_bad_lines), cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_addresses), cmocka_unit_test(test_help),
	};

	return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
