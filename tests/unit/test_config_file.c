/* SPDX-License-Identifier: GPL-2.0-only */
/* Configuration files: the resulting values, and the exact error messages. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config_fixture.h"

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
		   "    mechanism: uretprobe\n"
		   "  - functions: [a|b, \"!c*\"]\n"
		   "    module: nf-tables\n");
	c = PARSE("--config.file=config.yaml");
	assert_false(c->is_default_set);
	assert_int_equal(c->nbuckets, 4);
	assert_true(c->buckets[1] == 0.01);
	assert_int_equal(c->native_schema, 3);
	assert_int_equal(c->nlists, 5);

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

	l = &c->lists[4];
	for (size_t i = 0; i < l->npatterns; i++) {
		assert_int_equal(l->patterns[i].type, OBJECT_MODULE);
		assert_string_equal(l->patterns[i].object, "nf_tables");
	}
	assert_int_equal(l->npatterns, 2);
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

#define SYNTAX "; check brackets and quotes, and begin the keys of a mapping in one column"
#define COLUMN                                                                                \
	"; begin the keys of a mapping in one column, and put a text that has ': ' in it in " \
	"quotes"
#define FUNCTIONS ", as in functions: [vfs_read, \"tcp_*\", \"!tcp_v4_rcv\"]"
#define PROBES	  ", as in probes: [{functions: vfs_read, labels: comm}, tcp_v4_connect]"
#define TOP_KEYS  "(allowed: probes, spans, presets, defaults, histograms)"
#define HOW_KEYS                                                                             \
	"mechanism, maxactive, durations, returns, error, labels, filter, observe, sample, " \
	"split, counters, buckets, in_flight, max_series, keep, by, series_ttl, max_rate, "  \
	"max_cpu, description, expected, waits)"
#define PROBE_KEYS                                                                           \
	"(allowed: functions, syscalls, tracepoints, raw_tracepoints, usdt, entries, user, " \
	"module, probe, " HOW_KEYS
#define ONE_BY_ONE                                                                          \
	"no kernel function has blanks, commas or parentheses in its name; name functions " \
	"one by one"
#define SHARE                                                                                    \
	"is not allowed; write a percentage of the CPU time of the whole machine, above 0% and " \
	"up to 100%, as in 1% or 0.5%"
#define USER_NEEDS \
	"it needs functions, and object or one of library, comm, container, pod_uid and pid"
#define OWN_OBJECT                                                                      \
	"module is for kernel functions without an OBJECT of their own; put this into " \
	"another probe"
#define RESOLUTION  "native_resolution must be 0, 1, 2, 3 or off, not "
#define BUCKET_TEXT "a bucket must be a finite number of seconds, as in 0.001 or 1e-3, not "

static const struct {
	const char *text, *error; /* error after "config.yaml:" */
} bad_files[] = {
	/* keys */
	{ "probe:\n- functions: x\n",
	  "1:1: unknown key \"probe\" in the configuration; did you mean probes? " TOP_KEYS },
	{ "size_buckets: []\n", "1:1: unknown key \"size_buckets\" in the configuration; it "
				"belongs in histograms: " TOP_KEYS },
	{ "functions: [vfs_read]\n",
	  "1:1: unknown key \"functions\" in the configuration; it belongs in a probe, under "
	  "probes: " TOP_KEYS },
	{ "object: /bin/ls\n",
	  "1:1: unknown key \"object\" in the configuration; it belongs in user: " TOP_KEYS },
	{ "probes:\n- presets: [tcp]\n", "2:3: unknown key \"presets\" in a probe; it belongs at "
					 "the top level of the file " PROBE_KEYS },
	{ "probes:\n- function: x\n",
	  "2:3: unknown key \"function\" in a probe; did you mean functions? " PROBE_KEYS },
	{ "probes:\n- functions: x\n  label: comm\n",
	  "3:3: unknown key \"label\" in a probe; did you mean labels? " PROBE_KEYS },
	{ "preset: vfs\n",
	  "1:1: unknown key \"preset\" in the configuration; did you mean presets? " TOP_KEYS },
	{ "probes:\n- functions: x\n  max_active: 1\n",
	  "3:3: unknown key \"max_active\" in a probe; did you mean maxactive? " PROBE_KEYS },
	{ "probes:\n- functions: x\n  max_speed: 1\n",
	  "3:3: unknown key \"max_speed\" in a probe " PROBE_KEYS },
	{ "probes:\n- functions: x\n  max_rate: -1\n",
	  "3:13: max_rate: \"-1\" is not allowed; write a whole number from 0 to 1000000000000" },
	{ "probes:\n- functions: x\n  max_cpu: 1\n", "3:12: max_cpu: \"1\" " SHARE },
	{ "defaults: {sample: {per_second: 0}}\n",
	  "1:33: per_second: \"0\" is not allowed; write a whole number from 1 to 1000000" },
	{ "defaults: {sample: {stacks: [frames]}}\n",
	  "1:30: stacks: \"frames\" is not allowed (kernel or user)" },
	{ "defaults: {sample: {rate: 1}}\n",
	  "1:21: unknown key \"rate\" in sample (allowed: when, show, stacks, "
	  "per_second)" },
	{ "defaults: {sample: 10}\n", "1:20: sample must be true or false" },
	{ "defaults: {max_cpu: 0%}\n", "1:21: max_cpu: \"0%\" " SHARE },
	{ "defaults: {max_cpu: 101%}\n", "1:21: max_cpu: \"101%\" " SHARE },
	{ "defaults: {max_cpu: -1%}\n", "1:21: max_cpu: \"-1%\" " SHARE },
	{ "defaults: {max_cpu: \"nan%\"}\n", "1:21: max_cpu: \"nan%\" " SHARE },
	{ "defaults: {max_cpu: 0x1%}\n", "1:21: max_cpu: \"0x1%\" " SHARE },
	{ "defaults: {max_cpu: 1% of a CPU}\n", "1:21: max_cpu: \"1% of a CPU\" " SHARE },
	{ "defaults: {max_cpu: }\n",
	  "1:21: max_cpu must be a percentage, not nothing, as in max_cpu: 1%" },
	{ "defaults: {max_cpu: [1%]}\n",
	  "1:21: max_cpu must be a percentage, not a list, as in max_cpu: 1%" },
	{ "probes:\n- {functions: x, description: \"a\\nb\"}\n",
	  "2:31: description must be on one line, without control characters" },
	{ "probes:\n- {functions: x, expected: [EAGIAN]}\n",
	  "2:29: expected: \"EAGIAN\" is no result of a failed call; write the name of an errno, "
	  "as "
	  "in EAGAIN, or a number; did you mean EAGAIN?" },
	{ "probes:\n- {functions: x, expected: \"\"}\n",
	  "2:28: expected: \"\" is no result of a failed call; write the name of an errno, as in "
	  "EAGAIN, or a number" },
	{ "probes:\n- {functions: x, expected: [\"1,2\"]}\n",
	  "2:29: expected: \"1,2\" is no result of a failed call; write the name of an errno, as "
	  "in "
	  "EAGAIN, or a number" },
	{ "probes:\n- {functions: x, waits: perhaps}\n", "2:25: waits must be true or false" },
	{ "histograms: {bucket: []}",
	  "1:14: unknown key \"bucket\" in histograms; did you mean buckets or size_buckets? "
	  "(allowed: buckets, size_buckets, native_resolution)" },
	{ "defaults: {functions: x}",
	  "1:12: unknown key \"functions\" in defaults; it belongs in a probe, under probes: "
	  "(allowed: " HOW_KEYS },
	{ "probes: []\nprobes: []\n",
	  "2:1: key \"probes\" is given twice, first in line 1; keep one" },
	{ "probes:\n- functions: a\n  functions: b\n",
	  "3:3: key \"functions\" is given twice, first in line 2; keep one" },
	{ "[a]: b", "1:1: a key must be a plain word" },

	/* types */
	{ "- a\n", "1:1: the configuration must be a mapping (key: value), not a list" },
	{ "hello", "1:1: the configuration must be a mapping (key: value), not a single value" },
	{ "probes:\npresets: [vfs]", "1:8: a probe must be a string, not nothing" PROBES },
	{ "probes: [[vfs_read]]", "1:10: a probe must be a string, not a list" PROBES },
	{ "probes: [5]",
	  "1:10: a probe must be a string, not the number 5; quote it if it is a name" },
	{ "presets: {vfs: tcp}",
	  "1:10: a preset's name must be a string, not a mapping, as in presets: [vfs, tcp]" },
	{ "presets:", "1:9: a preset's name must be a string, not nothing, as in presets: [vfs, "
		      "tcp]" },
	{ "histograms: 5",
	  "1:13: histograms must be a mapping (key: value), not a single value, as in histograms: "
	  "{buckets: [0.001, 0.01, 0.1]}" },
	{ "defaults: [comm]",
	  "1:11: defaults must be a mapping (key: value), not a list, as in defaults: {labels: "
	  "[comm], max_series: 1000}" },
	{ "probes: [{user: /bin/ls:main}]",
	  "1:17: user must be a mapping (key: value), not a single value, as in user: {object: "
	  "/usr/lib/x86_64-linux-gnu/libc.so.6, functions: [getaddrinfo]}" },
	{ "probes: [{functions: {a: b}}]",
	  "1:22: a function must be a string, not a mapping" FUNCTIONS },
	{ "probes: [{functions: [[a]]}]",
	  "1:23: a function must be a string, not a list" FUNCTIONS },
	{ "probes: [{functions: [5]}]",
	  "1:23: a function must be a string, not the number 5; quote it if it is a name" },
	{ "probes: [{functions: [null]}]",
	  "1:23: a function must be a string, not null; quote it if it is a name" },
	{ "probes: [{functions: }]", "1:22: a function must be a string, not nothing" FUNCTIONS },
	{ "probes: [{functions: []}]", "1:22: an empty list; name a function" },

	/* values */
	{ "histograms: {buckets: }",
	  "1:23: a bucket must be a number of seconds, not nothing, as in "
	  "buckets: [0.001, 0.01, 0.1]" },
	{ "histograms: {buckets: 1ms}", "1:23: " BUCKET_TEXT "\"1ms\"; write 0.001" },
	{ "histograms: {buckets: [2.5 us]}", "1:24: " BUCKET_TEXT "\"2.5 us\"; write 2.5e-06" },
	{ "histograms: {buckets: [1.2.3ms]}", "1:24: " BUCKET_TEXT "\"1.2.3ms\"" },
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
	{ "histograms: {buckets: [1ms]}", "1:24: " BUCKET_TEXT "\"1ms\"; write 0.001" },
	{ "histograms: {buckets: [\"1\"]}", "1:24: " BUCKET_TEXT "\"1\" in quotes" },
	{ "histograms: {native_resolution: 4}", "1:33: " RESOLUTION "4" },
	{ "histograms: {native_resolution: -1}", "1:33: " RESOLUTION "-1" },
	{ "histograms: {native_resolution: \"1\"}", "1:33: " RESOLUTION "1 in quotes" },
	{ "histograms: {native_resolution: }", "1:33: " RESOLUTION "nothing" },
	{ "histograms: {native_resolution: [1]}", "1:33: " RESOLUTION "a list" },
	{ "defaults: {mechanism: kprobes}",
	  "1:23: mechanism: \"kprobes\" is not allowed; did you mean "
	  "kprobe or uprobe? (" MECHANISMS ")" },
	{ "defaults: {maxactive: 0}",
	  "1:23: maxactive: \"0\" is not allowed; write a whole number from 1 to 4096" },
	{ "defaults: {maxactive: 4097}",
	  "1:23: maxactive: \"4097\" is not allowed; write a whole number from 1 to 4096" },
	{ "defaults: {maxactive: \"1\"}",
	  "1:23: maxactive must be a number, not a string; write it "
	  "without quotes" },

	/* probes */
	{ "probes:\n- functions: [a, b||c]\n",
	  "2:18: \"b||c\": a function's name is missing behind '|'" },
	{ "probes:\n- mechanism: auto\n",
	  "2:3: a probe without a target; give it functions, "
	  "syscalls, tracepoints, raw_tracepoints, usdt, entries or user" },
	{ "probes:\n- functions: a\n  syscalls: b\n",
	  "3:13: functions, syscalls, tracepoints, raw_tracepoints, usdt, entries and user are for "
	  "one probe each; begin another probe with '-'" },
	{ "probes:\n- usdt: [x:n]\n",
	  "2:10: \"x:n\": a USDT probe is PATH:NAME or PATH:PROVIDER:NAME, as in "
	  "/usr/lib/postgresql/15/bin/postgres:query__start" },
	{ "probes:\n- functions: [/x:usdt:a:b:c]\n",
	  "2:15: \"/x:usdt:a:b:c\": a USDT probe is PATH:usdt:NAME or PATH:usdt:PROVIDER:NAME, as "
	  "in /usr/lib/postgresql/15/bin/postgres:usdt:query__start" },
	{ "probes:\n- functions: [\"!a\"]\n",
	  "2:15: \"!a\" excludes, but its list has nothing to exclude it from; add functions to "
	  "the list, or move it to presets: to exclude it from presets" },
	{ "presets: [\"!a\"]\n", "1:11: \"!a\" excludes, but there is nothing to exclude it from; "
				 "add a PROBE, or a preset as in --preset=default" },
	{ "probes: [\"!a\"]\n", "1:10: \"!a\" excludes, but there is nothing to exclude it from; "
				"add a PROBE, or a preset as in --preset=default" },
	{ "probes: \"a, b\"\n", "1:9: \"a, b\": " ONE_BY_ONE },
	{ "probes: [{functions: a;b}]\n", "1:22: \"a;b\": " ONE_BY_ONE },
	{ "probes: vfs_read()\n", "1:9: \"vfs_read()\": " ONE_BY_ONE },
	{ "probes:\n- user: {object: nosuch, functions: f}\n",
	  "2:18: object \"nosuch\" must be a path with a '/', as in /usr/sbin/nosuch" },
	{ "probes:\n- user: {object: /bin/x}\n", "2:9: user: functions is missing; " USER_NEEDS },
	{ "probes:\n- user: {functions: x}\n", "2:9: user: object is missing; " USER_NEEDS },
	{ "probes:\n- user: {library: libx.so.1}\n",
	  "2:9: user: functions is missing; " USER_NEEDS },
	{ "probes:\n- user: {object: /bin/x, comm: x, functions: f}\n",
	  "2:32: object names one file, so it excludes library, comm, container, pod_uid and pid; "
	  "for calls of one program add a filter, as in \"comm == postgres\"" },
	{ "probes:\n- user: {library: /lib/libx.so.1, functions: f}\n",
	  "2:19: library \"/lib/libx.so.1\" must be a file name without a path, as in libssl.so.3; "
	  "for one file write object: /lib/libx.so.1" },
	{ "probes:\n- user: {library: postgres, functions: f}\n",
	  "2:19: library \"postgres\" must be the file name of a shared library, as in "
	  "libssl.so.3; "
	  "for a program write comm: NAME" },
	{ "probes:\n- user: {comm: sixteen-letters-, functions: f}\n",
	  "2:16: comm \"sixteen-letters-\" is longer than 15 characters: the kernel cuts command "
	  "names to that length, so write sixteen-letters" },
	{ "probes:\n- user: {container: nginx, functions: f}\n",
	  "2:21: container \"nginx\" must be the id of a container, or its first 12 or more "
	  "digits, "
	  "as the label container_id has it; names are known to the runtime only" },
	{ "probes:\n- user: {pod_uid: web-0, functions: f}\n",
	  "2:19: pod_uid \"web-0\" must be the metadata.uid of a pod, as the label pod_uid has "
	  "it" },
	{ "probes:\n- user: {pid: none, functions: f}\n",
	  "2:15: pid: \"none\" is not allowed; write a whole number from 1 to 2147483647" },
	{ "probes:\n- user: {comm: \"\", functions: f}\n",
	  "2:16: an empty text; comm must be a name" },
	{ "probes:\n- module: kvm\n", "2:3: a probe without a target; give it functions, syscalls, "
				      "tracepoints, raw_tracepoints, usdt, entries or user" },
	{ "probes:\n- {module: kvm, functions: [a, \"kvm_*\"]}\n",
	  "2:32: \"kvm_*\": no globs with module, which also takes what is built in; kvm:kvm_* "
	  "means that module only" },
	{ "probes:\n- {functions: ext4:f, module: ext4}\n", "2:15: \"ext4:f\": " OWN_OBJECT },
	{ "probes:\n- {module: ext4, syscalls: openat}\n",
	  "2:28: \"syscall:openat\": " OWN_OBJECT },
	{ "probes:\n- {module: a/b, functions: f}\n",
	  "2:28: \"f\": \"a/b\" is not a module's name; OBJECT is a module, vmlinux, syscall, "
	  "tracepoint, raw_tracepoint, or a path with a '/'" },
	{ "probes:\n- {module: \"\", functions: f}\n",
	  "2:12: an empty text; module must be a module's name" },
	{ "defaults: {module: ext4}\n",
	  "1:12: unknown key \"module\" in defaults; it belongs in a probe, under probes: "
	  "(allowed: " HOW_KEYS },
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
	  "token; indent with spaces, not with tabs" },
	{ "probes:\n- functions: a\n\tlabels: comm\n",
	  "3:1: not YAML: found a tab character that violates indentation while scanning a plain "
	  "scalar; indent with spaces, not with tabs" },
	{ "probes:\n- functions: @x\n",
	  "2:14: not YAML: found character that cannot start any token while scanning for the next "
	  "token; put what begins with this character in quotes" },
	{ "probes:\n- functions: a\n    labels: comm\n",
	  "3:11: not YAML: mapping values are not allowed in this context" COLUMN },
	{ "probes:\n- functions: syscall: openat\n",
	  "2:21: not YAML: mapping values are not allowed in this context" COLUMN },
	{ "probes:\n  - functions: a\n   labels: comm\n",
	  "3:4: not YAML: did not find expected '-' indicator while parsing a block "
	  "collection" SYNTAX },
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

/* As for a PROBE argument, the error names the path of a program or library of that name. */
static void test_object_without_path(void **state)
{
	__cleanup_free char *path = xstrdup(getenv("PATH") ?: ""), *error = NULL;
	__cleanup_free char *want = xasprintf("config.yaml:2:18: object \"mine\" must be a path "
					      "with a '/'; did you mean %s/mine?",
					      directory);
	int fd = open("mine", O_CREAT | O_WRONLY | O_CLOEXEC, 0755);

	assert_true(fd >= 0);
	close(fd);
	setenv("PATH", directory, 1);
	write_file("probes:\n- user: {object: mine, functions: f}\n");
	assert_null(parse((const char *const[]){ "--config.file=config.yaml", NULL }, &error));
	setenv("PATH", path, 1);
	remove("mine");
	assert_string_equal(error, want);
}

/* The message is from the histogram layout; the position is added here. */
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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_histograms),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_object_without_path),
		cmocka_unit_test(test_buckets_that_cannot_be_measured),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_nothing_to_probe),
	};

	return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
