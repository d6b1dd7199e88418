/* SPDX-License-Identifier: GPL-2.0-only */
/* Command lines and files: what they come to, and the exact words in which wrong ones are refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config_internal.h"

#define ONE_OF                                                                             \
	"auto, fsession.multi, fsession, fexit, kprobe.session, kprobe.multi, kretprobe, " \
	"tracepoint, uprobe.session, uprobe.multi or uretprobe"

#include <errno.h>
#include <sys/stat.h>

#define MAX_ARGS 8

/* Files are written into a directory of the test's own and named without it. */
static char directory[] = "/tmp/test_config.XXXXXX";

static int enter_directory(void **state)
{
	return mkdtemp(directory) ? chdir(directory) : -1;
}

static int leave_directory(void **state)
{
	remove("config.yaml");
	return chdir("/") ? -1 : rmdir(directory);
}

static void write_bytes(const char *text, size_t len)
{
	FILE *f = fopen("config.yaml", "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	fclose(f);
}

static void write_file(const char *text)
{
	write_bytes(text, strlen(text));
}

/* NULL and *error, to be freed, or the config. args end with NULL. */
static struct config *parse(const char *const *args, char **error)
{
	char *argv[MAX_ARGS + 2] = { "retprobe_exporter" };
	struct config *c = NULL;
	int argc = 1, err;

	while (argc <= MAX_ARGS && args[argc - 1]) {
		argv[argc] = (char *)args[argc - 1];
		argc++;
	}
	*error = NULL;
	err = config__parse(argc, argv, &c, error);
	if (err) {
		assert_int_equal(err, -EINVAL);
		assert_null(c);
		assert_non_null(*error);
		assert_null(strchr(*error, '\n'));
	} else {
		assert_non_null(c);
		assert_null(*error);
	}
	return c;
}

#define PARSE(...) parse_good((const char *const[]){ __VA_ARGS__, NULL })
static struct config *parse_good(const char *const *args)
{
	char *error;
	struct config *c = parse(args, &error);

	if (!c)
		fail_msg("%s: %s", args[0] ? args[0] : "(nothing)", error);
	return c;
}

/* ---- command line ---------------------------------------------------------------------------- */

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
	assert_false(c->web.systemd_socket);
	assert_int_equal(c->log_level, LOG_INFO);
	assert_int_equal(c->log_format, LOG_LOGFMT);
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
		  "--log.format", "json", "--config.strict", "--web.systemd-socket");
	assert_string_equal(c->web.telemetry_path, "/");
	assert_int_equal(c->web.max_requests, 0);
	assert_int_equal(c->log_level, LOG_DEBUG);
	assert_int_equal(c->log_format, LOG_JSON);
	assert_true(c->strict);
	assert_true(c->web.systemd_socket);
	config__free(c);

	c = PARSE("--no-config.strict", "--no-web.systemd-socket", "--no-config.check");
	assert_false(c->strict);
	assert_false(c->web.systemd_socket);
	assert_int_equal(c->action, ACTION_RUN);
	config__free(c);
}

static void test_actions(void **state)
{
	static const struct {
		const char *args[3];
		enum config_action action;
		const char *glob;
	} cases[] = {
		{ { "--config.check" }, ACTION_CHECK, NULL },
		{ { "--probe.list" }, ACTION_LIST, NULL },
		{ { "--probe.list=vfs_*" }, ACTION_LIST, "vfs_*" },
		{ { "--help" }, ACTION_HELP, NULL },
		{ { "-h" }, ACTION_HELP, NULL },
		{ { "--version" }, ACTION_VERSION, NULL },
		{ { "--version", "--config.file=absent" }, ACTION_VERSION, NULL },
		{ { "vfs_read", "--help" }, ACTION_HELP, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config *c = parse_good(cases[i].args);

		assert_int_equal(c->action, cases[i].action);
		if (cases[i].glob)
			assert_string_equal(c->list_glob, cases[i].glob);
		else
			assert_null(c->list_glob);
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
#define ADDRESS_ADVICE "; write host:port, [v6]:port or :port"

static const struct {
	const char *args[4];
	const char *error;
} bad_lines[] = {
	{ { "--config.fil=x" },
	  "argument 1: unknown flag --config.fil; did you mean --config.file?; --help lists them "
	  "all" },
	{ { "vfs_read", "--web.listen-adress", "x" },
	  "argument 2: unknown flag --web.listen-adress; did you mean --web.listen-address?; "
	  "--help "
	  "lists them all" },
	{ { "--frobnicate" }, "argument 1: unknown flag --frobnicate; --help lists them all" },
	{ { "-x" }, "argument 1: unknown flag -x; --help lists them all" },
	{ { "-" }, "argument 1: unknown flag -; --help lists them all" },
	{ { "--no-cells" },
	  "argument 1: unknown flag --no-cells; did you mean --cells?; --help lists them all" },
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
	  "uretprobe? (" ONE_OF ")" },
	{ { "--memory.limit=lots" },
	  "argument 1: --memory.limit: \"lots\" is not a size" SIZE_ADVICE },
	{ { "--memory.limit=0" }, "argument 1: --memory.limit: \"0\" is not a size" SIZE_ADVICE },
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
	{ { "--probe.list", "vfs_*" },
	  "argument 2: --probe.list takes its pattern by '=': --probe.list='vfs_*'" },
	{ { "--config.check", "--probe.list" },
	  "argument 2: --probe.list and --config.check are two different tasks; keep one" },
	{ { "vfs_read", "ext4:" }, "argument 2: \"ext4:\": a function's name is missing" },
	{ { "!vfs_read" },
	  "argument 1: \"!vfs_read\" leaves out, and its list names nothing to probe; '!' works "
	  "within its own list, so put what it is an exception from beside it" },
	{ { "--config.file=absent.yaml" },
	  "argument 1: --config.file: cannot read absent.yaml: No such file or directory; check "
	  "the "
	  "path" },
	{ { "x", "--config.file", "/" },
	  "argument 2: --config.file: cannot read /: Is a directory; name a file in it" },
	{ { "a\nb:c" },
	  "argument 1: \"a?b:c\": \"a?b\" is not a module's name; OBJECT is a module, vmlinux, "
	  "syscall, or a path with a '/'" },
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

	config__print_help(f);
	fclose(f);
	assert_non_null(strstr(text, "usage: retprobe_exporter [<flags>] [<PROBE> ...]\n"));
	assert_non_null(strstr(text, "  -h, --help "));
	assert_non_null(strstr(text, "      --version  "));
	assert_non_null(strstr(text, "      --[no-]config.check "));
	assert_non_null(strstr(text, "      --web.listen-address=\":10435\" ...\n "));
	assert_non_null(strstr(text, "      --probe.list[=GLOB] "));
	for (const struct option *o = options; o->name; o++)
		assert_non_null(strstr(text, o->name));
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		assert_true(strlen(line) <= 80 && line[strlen(line) - 1] != ' ');
	free(text);
}

/* ---- files ----------------------------------------------------------------------------------- */

static void test_file(void **state)
{
	const struct probe_list *l;
	struct config *c;

	write_file("---\n"
		   "# a comment\n"
		   "histograms:\n"
		   "  buckets: [0.001, 1e-2, 1, 2.5]\n"
		   "  native_resolution: 3\n"
		   "defaults: {maxactive: 64}\n"
		   "probes:\n"
		   "  - functions: [\"vfs_*\", '!vfs_readv', ext4:ext4_sync_file, syscall:openat]\n"
		   "    mechanism: kretprobe\n"
		   "    maxactive: 128\n"
		   "  - functions: do_unlinkat|filename_unlinkat\n"
		   "  - syscalls: [openat, \"*at\"]\n"
		   "  - user: {functions: [main, ns::f], object: ./a:out}\n"
		   "    mechanism: uretprobe\n");
	c = PARSE("--config.file=config.yaml");
	assert_false(c->is_default_set);
	assert_int_equal(c->nbuckets, 4);
	assert_true(c->buckets[1] == 0.01);
	assert_int_equal(c->native_schema, 3);
	assert_int_equal(c->nlists, 4);

	l = &c->lists[0];
	assert_int_equal(l->npatterns, 4);
	assert_true(l->patterns[0].glob);
	assert_string_equal(l->patterns[1].functions[0], "vfs_readv");
	assert_true(l->patterns[1].exclude);
	assert_string_equal(source_pos__str(&l->patterns[1].pos), "config.yaml:8:26");
	assert_string_equal(l->patterns[2].object, "ext4");
	assert_int_equal(l->patterns[3].type, OBJECT_SYSCALL);
	assert_string_equal(l->settings.mechanism, "kretprobe");
	assert_int_equal(l->settings.maxactive, 128);
	assert_string_equal(source_pos__str(&l->pos), "config.yaml:8:5");
	assert_false(l->builtin);

	l = &c->lists[1];
	assert_int_equal(l->npatterns, 1);
	assert_int_equal(l->patterns[0].nfunctions, 2);
	assert_null(l->settings.mechanism);
	assert_int_equal(l->settings.maxactive, 64);

	l = &c->lists[2];
	assert_int_equal(l->patterns[0].type, OBJECT_SYSCALL);
	assert_string_equal(l->patterns[0].functions[0], "openat");
	assert_true(l->patterns[1].glob);

	l = &c->lists[3];
	assert_int_equal(l->patterns[1].type, OBJECT_USER);
	assert_string_equal(l->patterns[1].object, "./a:out");
	assert_string_equal(l->patterns[1].functions[0], "ns::f");
	assert_string_equal(l->settings.mechanism, "uretprobe");
	config__free(c);
}

static void test_histograms(void **state)
{
	static const struct {
		const char *text;
		size_t nbuckets;
		int schema;
	} cases[] = {
		{ "histograms: {buckets: []}", 0, 2 },
		{ "histograms: {native_resolution: 0}", 25, 0 },
		{ "histograms: {native_resolution: off}", 25, -1 },
		{ "histograms: {native_resolution: \"off\"}", 25, -1 },
		{ "histograms: {buckets: [5], native_resolution: off}", 1, -1 },
		{ "histograms: {}", 25, 2 },
		{ "", 25, 2 },
		{ "# nothing\n", 25, 2 },
		{ "---\n", 25, 2 },
		{ "{}\n", 25, 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config *c;

		write_file(cases[i].text);
		c = PARSE("--config.file=config.yaml", "vfs_read");
		assert_int_equal(c->nbuckets, cases[i].nbuckets);
		assert_int_equal(c->native_schema, cases[i].schema);
		assert_int_equal(c->nlists, 1);
		assert_false(c->is_default_set);
		config__free(c);
	}
}

/* A probe's own key, then defaults, then the flag (NULL here: attach asks c->mechanism). */
static void test_precedence(void **state)
{
	struct config *c;

	write_file("defaults: {mechanism: tracepoint, maxactive: 7}\n"
		   "probes:\n"
		   "- {functions: a, mechanism: auto, maxactive: 8}\n"
		   "- {functions: b}\n");
	c = PARSE("--mechanism=kretprobe", "--config.file=config.yaml", "p");
	assert_string_equal(c->mechanism, "kretprobe");
	assert_int_equal(c->nlists, 3);
	for (size_t i = 0; i < c->nlists; i++) {
		const struct probe_list *l = &c->lists[i];
		bool own = !strcmp(l->patterns[0].text, "a");

		assert_string_equal(l->settings.mechanism, own ? "auto" : "tracepoint");
		assert_int_equal(l->settings.maxactive, own ? 8 : 7);
	}
	config__free(c);

	write_file("probes: [{functions: a}]");
	c = PARSE("--mechanism=kretprobe", "--config.file=config.yaml");
	assert_null(c->lists[0].settings.mechanism);
	assert_int_equal(c->lists[0].settings.maxactive, 4096);
	config__free(c);
}

#define SYNTAX	    "; check brackets, quotes and indentation (by spaces)"
#define TOP_KEYS    "(allowed: probes, presets, defaults, histograms)"
#define PROBE_KEYS  "(allowed: functions, syscalls, user, mechanism, maxactive)"
#define RESOLUTION  "native_resolution must be 0, 1, 2, 3 or off, not "
#define BUCKET_TEXT "a bucket must be a finite number of seconds, as in 0.001 or 1e-3, not "

static const struct {
	const char *text, *error; /* error behind "config.yaml:" */
} bad_files[] = {
	/* keys */
	{ "probe:\n- functions: x\n",
	  "1:1: unknown key \"probe\" in the configuration; did you mean probes? " TOP_KEYS },
	{ "size_buckets: []\n",
	  "1:1: unknown key \"size_buckets\" in the configuration " TOP_KEYS },
	{ "probes:\n- functions: x\n  max_active: 1\n",
	  "3:3: unknown key \"max_active\" in a probe; did you mean maxactive? " PROBE_KEYS },
	{ "probes:\n- functions: x\n  labels: [comm]\n",
	  "3:3: unknown key \"labels\" in a probe " PROBE_KEYS },
	{ "histograms: {bucket: []}",
	  "1:14: unknown key \"bucket\" in histograms; did you mean buckets? (allowed: buckets, "
	  "native_resolution)" },
	{ "defaults: {functions: x}",
	  "1:12: unknown key \"functions\" in defaults (allowed: mechanism, maxactive)" },
	{ "probes: []\nprobes: []\n",
	  "2:1: key \"probes\" is given twice, first in line 1; keep one" },
	{ "probes:\n- functions: a\n  functions: b\n",
	  "3:3: key \"functions\" is given twice, first in line 2; keep one" },
	{ "[a]: b", "1:1: a key must be a plain word" },

	/* types */
	{ "- a\n", "1:1: the configuration must be a mapping (key: value), not a list" },
	{ "hello", "1:1: the configuration must be a mapping (key: value), not a single value" },
	{ "probes: {functions: x}",
	  "1:9: probes must be a list (- functions: ...), not a mapping" },
	{ "probes:\npresets: [vfs]", "1:8: probes must be a list (- functions: ...), not nothing" },
	{ "probes: [vfs_read]",
	  "1:10: a probe must be a mapping (key: value), not a single value" },
	{ "presets: vfs", "1:10: presets must be a list of names, not a single value" },
	{ "probes: [{functions: {a: b}}]",
	  "1:22: functions must be a string or a list of strings, not a mapping" },
	{ "probes: [{functions: [[a]]}]", "1:23: a function must be a string, not a list" },
	{ "probes: [{functions: [5]}]",
	  "1:23: a function must be a string, not the number 5; quote it if it is a name" },
	{ "probes: [{functions: [null]}]", "1:23: a function must be a string, not null" },
	{ "probes: [{functions: }]", "1:22: a function must be a string, not nothing" },
	{ "probes: [{functions: []}]", "1:22: an empty list; name a function" },

	/* values */
	{ "histograms: {buckets: 5}",
	  "1:23: buckets must be a list of numbers, [] for none, not a single value" },
	{ "histograms: {buckets: [1, 0.5]}", "1:27: buckets must ascend: 0.5 stands behind 1" },
	{ "histograms: {buckets: [1, 1]}", "1:27: buckets must ascend: 1 stands behind 1" },
	{ "histograms: {buckets: [0]}",
	  "1:24: a bucket must be from 1e-09 to 1000 seconds, not 0" },
	{ "histograms: {buckets: [-1]}",
	  "1:24: a bucket must be from 1e-09 to 1000 seconds, not -1" },
	{ "histograms: {buckets: [1001]}",
	  "1:24: a bucket must be from 1e-09 to 1000 seconds, not 1001" },
	{ "histograms: {buckets: [.inf]}", "1:24: " BUCKET_TEXT "\".inf\"" },
	{ "histograms: {buckets: [1e999]}", "1:24: " BUCKET_TEXT "\"1e999\"" },
	{ "histograms: {buckets: [0x1]}", "1:24: " BUCKET_TEXT "\"0x1\"" },
	{ "histograms: {buckets: [1ms]}", "1:24: " BUCKET_TEXT "\"1ms\"" },
	{ "histograms: {buckets: [\"1\"]}", "1:24: " BUCKET_TEXT "\"1\" in quotes" },
	{ "histograms: {native_resolution: 4}", "1:33: " RESOLUTION "4" },
	{ "histograms: {native_resolution: -1}", "1:33: " RESOLUTION "-1" },
	{ "histograms: {native_resolution: [1]}", "1:33: " RESOLUTION "a list" },
	{ "defaults: {mechanism: kprobe}",
	  "1:23: mechanism: \"kprobe\" is not allowed; did you mean "
	  "kprobe.multi or kprobe.session? (" ONE_OF ")" },
	{ "defaults: {maxactive: 0}",
	  "1:23: maxactive: \"0\" is not allowed; write a whole number from 1 to 4096" },
	{ "defaults: {maxactive: 4097}",
	  "1:23: maxactive: \"4097\" is not allowed; write a whole number from 1 to 4096" },
	{ "defaults: {maxactive: \"1\"}", "1:23: maxactive must be a number, not a string" },

	/* probes */
	{ "probes:\n- functions: [a, b||c]\n",
	  "2:18: \"b||c\": a function's name is missing behind '|'" },
	{ "probes:\n- mechanism: auto\n",
	  "2:3: a probe without a target; give it functions, syscalls or user" },
	{ "probes:\n- functions: a\n  syscalls: b\n",
	  "3:13: functions, syscalls and user are for one probe each; begin another probe with "
	  "'-'" },
	{ "probes:\n- functions: [\"!a\"]\n",
	  "2:15: \"!a\" leaves out, and its list names nothing to probe; '!' works within its own "
	  "list, so put what it is an exception from beside it" },
	{ "probes:\n- user: {object: nginx, functions: f}\n",
	  "2:18: object \"nginx\" must be a path with a '/', as in /usr/sbin/nginx" },
	{ "probes:\n- user: {object: /bin/x}\n",
	  "2:9: user: functions is missing; it needs both object and functions" },
	{ "probes:\n- user: {functions: x}\n",
	  "2:9: user: object is missing; it needs both object and functions" },
	{ "probes:\n- syscalls: [ext4:f]\n",
	  "2:14: \"ext4:f\": a system call's name has no ':'; put this under functions" },

	/* YAML itself */
	{ "probes: [{functions: [!vfs_readv]}]", "1:23: not YAML: did not find expected whitespace "
						 "or line break while scanning a tag; put "
						 "what begins with '!' in quotes" },
	{ "probes:\n- functions:\n  - vfs_*\n  - *\n",
	  "4:5: not YAML: did not find expected alphabetic or numeric character while scanning an "
	  "alias; put what begins with '*' in quotes" },
	{ "probes:\n- functions: !vfs_readv\n",
	  "2:14: !vfs_readv without quotes is a YAML tag; quote it: \"!vfs_readv\"" },
	{ "probes: [{functions: [*at]}]",
	  "1:23: *at without quotes is a YAML alias, which is not supported; quote a glob: "
	  "\"*at\"" },
	{ "probes: &p []",
	  "1:9: YAML anchors (&p) are not supported; write the value out where it is used" },
	{ "presets: [vfs]\n---\n{}\n",
	  "2:1: a second document; a configuration is one document, so remove this '---'" },
	{ "probes: [\n",
	  "2:1: not YAML: did not find expected node content while parsing a flow node" SYNTAX },
	{ "probes:\n\t- a\n",
	  "2:1: not YAML: found character that cannot start any token while scanning for the next "
	  "token" SYNTAX },
	{ "probes: \"\\0\"", "1:9: a NUL character in a text; leave it out" },
	{ "presets: [a]\nprobes: \xff\n",
	  "2:9: not YAML: invalid leading UTF-8 octet; save the file as plain UTF-8 text" },
	{ "presets: [[[[[[[[[[[[[[[[[[a]]]]]]]]]]]]]]]]]]", "1:25: nested more than 16 deep" },
};

static void test_bad_files(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_files); i++) {
		char *error, *expected = xasprintf("config.yaml:%s", bad_files[i].error);
		struct config *c;

		write_file(bad_files[i].text);
		c = parse((const char *const[]){ "--config.file=config.yaml", "x", NULL }, &error);
		if (c)
			fail_msg("%s was taken", bad_files[i].text);
		if (strcmp(error, expected))
			fail_msg("%s:\n  %s\nnot\n  %s", bad_files[i].text, error, expected);
		free(expected);
		free(error);
	}
}

/* The words are the grid's; that they get a place is ours. */
static void test_buckets_that_cannot_be_measured(void **state)
{
	char *error;

	write_file(
		"probes: [{functions: a}]\n"
		"histograms: {buckets: [1.00001, 1.00002, 1.00003, 1.00004, 1.00005, 1.00006]}\n");
	assert_null(parse((const char *const[]){ "--config.file=config.yaml", NULL }, &error));
	assert_memory_equal(error, "config.yaml:2:13: histograms: ", 30);
	free(error);
}

static void test_too_much(void **state)
{
	static const char *const args[] = { "--config.file=config.yaml", NULL };
	const size_t size = (4u << 20) + 1;
	char *text = xcalloc(size + 1, 1), *error;
	char *end = text + sprintf(text, "histograms: {buckets: [");

	for (int i = 1; i <= 201; i++)
		end += sprintf(end, "%d.0, ", i);
	strcpy(end, "]}");
	write_file(text);
	assert_null(parse(args, &error));
	assert_string_equal(error, "config.yaml:1:23: 201 buckets are too many; 200 are allowed");
	free(error);

	memset(text, '#', size);
	write_bytes(text, size);
	assert_null(parse(args, &error));
	assert_string_equal(error, "argument 1: --config.file: cannot read config.yaml: File too "
				   "large; 4 MiB are allowed; use globs or split it");
	free(error);
	write_bytes(text, size - 1);
	config__free(PARSE("--config.file=config.yaml", "x"));
	free(text);
}

static void test_nothing_to_probe(void **state)
{
	static const char *const texts[] = { "", "probes: []\n", "presets: []", "defaults: {}" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char *error;

		write_file(texts[i]);
		assert_null(parse((const char *const[]){ "--config.file", "config.yaml", NULL },
				  &error));
		assert_string_equal(error, "config.yaml: nothing to probe; add probes: or presets: "
					   "to the file, or name functions on the command line");
		free(error);
		config__free(PARSE("--config.file", "config.yaml", "vfs_read"));
		config__free(PARSE("--config.file", "config.yaml", "--probe.list"));
	}
}

/* ---- presets --------------------------------------------------------------------------------- */

static size_t count_patterns(const struct config *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->nlists; i++)
		n += c->lists[i].npatterns;
	return n;
}

/* Every shipped preset is valid, and what it says came from it. */
static void test_presets(void **state)
{
	for (const struct preset *p = presets; p->name; p++) {
		struct config *c = PARSE("--preset", p->name);
		char *file = xasprintf("preset:%s", p->name);

		assert_false(c->is_default_set);
		assert_true(count_patterns(c) > 0);
		for (size_t i = 0; i < c->nlists; i++) {
			assert_true(c->lists[i].builtin);
			assert_int_equal(c->lists[i].settings.maxactive, 4096);
			assert_string_equal(c->lists[i].patterns[0].pos.file, file);
			assert_true(c->lists[i].patterns[0].pos.line > 0);
		}
		config__free(c);
		free(file);
	}
}

static void test_presets_once(void **state)
{
	struct config *once, *c;
	size_t n;

	once = PARSE("--preset=vfs");
	n = count_patterns(once);
	config__free(once);

	write_file("presets: [vfs, vfs]\n");
	c = PARSE("--preset=vfs", "--config.file=config.yaml", "--preset=vfs", "foo");
	assert_int_equal(count_patterns(c), n + 1);
	assert_false(c->is_default_set);
	config__free(c);
}

static void test_unknown_preset(void **state)
{
	char *list = xstrdup(""), *expected, *error;

	for (const struct preset *p = presets; p->name; p++) {
		char *longer = xasprintf("%s%s%s", list, *list ? ", " : "", p->name);

		free(list);
		list = longer;
	}

	assert_null(parse((const char *const[]){ "a", "--preset", "vsf", NULL }, &error));
	expected = xasprintf(
		"argument 2: unknown preset \"vsf\"; did you mean vfs? (there are: %s)", list);
	assert_string_equal(error, expected);
	free(expected);
	free(error);

	write_file("presets:\n- vfs\n- nothing-like-it\n");
	assert_null(parse((const char *const[]){ "--config.file=config.yaml", NULL }, &error));
	expected = xasprintf("config.yaml:3:3: unknown preset \"nothing-like-it\" (there are: %s)",
			     list);
	assert_string_equal(error, expected);
	free(expected);
	free(error);
	free(list);
}

/* A preset is parsed by the same code, and may not set what is the user's to set. */
static void test_preset_schema(void **state)
{
	static const char text[] = "defaults: {maxactive: 1}";
	struct loader l = { .c = xcalloc(1, sizeof(*l.c)) };
	char *error = NULL;

	assert_int_equal(yaml__load(&l, "preset:x", text, strlen(text), true, &error), -EINVAL);
	assert_string_equal(error, "preset:x:1:1: unknown key \"defaults\" in a preset (allowed: "
				   "probes)");
	free(error);
	config__free(l.c);
}

static void test_default_set(void **state)
{
	for (int kernel_probes = 0; kernel_probes <= 1; kernel_probes++) {
		struct config *c = parse_good((const char *const[]){ NULL });
		char *error = NULL;
		size_t n;

		assert_int_equal(config__add_default_set(c, kernel_probes, &error), 0);
		assert_null(error);
		n = count_patterns(c);
		assert_in_range(n, 15, 30);
		for (size_t i = 0; i < c->nlists; i++) {
			const struct probe_list *l = &c->lists[i];

			assert_true(l->builtin);
			assert_int_equal(l->settings.maxactive, 4096);
			for (size_t k = 0; k < l->npatterns; k++)
				assert_int_equal(l->patterns[k].type,
						 kernel_probes ? OBJECT_ANY : OBJECT_SYSCALL);
		}
		config__free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_every_flag),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_probe_arguments),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_histograms),
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_buckets_that_cannot_be_measured),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_nothing_to_probe),
		cmocka_unit_test(test_presets),
		cmocka_unit_test(test_presets_once),
		cmocka_unit_test(test_unknown_preset),
		cmocka_unit_test(test_preset_schema),
		cmocka_unit_test(test_default_set),
	};

	return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
