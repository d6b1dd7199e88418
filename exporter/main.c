/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Wiring only: what the command line asks for. To run is: configuration, sockets, reconcile,
 * attacher. top is: configuration, reconcile, terminal.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "attach/mechanisms.h"
#include "object/memory_plan.h"
#include "process/attacher.h"
#include "kernel/bpf_sys.h"
#include "base/buf.h"
#include "config/options.h"
#include "config/parse.h"
#include "discover/discover.h"
#include "discover/list.h"
#include "kernel/features.h"
#include "elf/soname.h"
#include "files/finder.h"
#include "http/http.h"
#include "base/log.h"
#include "check.h"
#include "process/confine.h"
#include "process/privs.h"
#include "probes/reconcile.h"
#include "process/server.h"
#include "base/stop.h"
#include "top/top.h"
#include "kernel/tracefs.h"
#include "base/version.h"
#include "base/clock.h"

#define CHECK_PATIENCE 5.0 /* seconds, for a walk through all processes */

/* What users and units are promised: DESIGN section 1. */
enum exit_code { EXIT_OK, EXIT_CANNOT_RUN, EXIT_USAGE };

/* Everything that lives as long as the process, in the order in which it is made. */
struct exporter {
	int argc;
	char *const *argv;
	struct config *config; /* the first one: flags do not change */
	int tracefs;
	struct features *features;
	struct http *http;
	struct reconcile *reconcile;
};

static void exporter__free(struct exporter *e)
{
	http__free(e->http);
	reconcile__free(e->reconcile);
	features__free(e->features);
	cleanup__close(&e->tracefs);
	config__free(e->config);
}

static int fail(int code, char *error)
{
	log_error("%s", error);
	free(error);
	return code;
}

static int code_of(enum fault fault)
{
	switch (fault) {
	case FAULT_NONE:
	case FAULT_STOPPING:
		return EXIT_OK;
	case FAULT_CONFIG:
		return EXIT_USAGE;
	case FAULT_MACHINE:
	case FAULT_NO_ROOM:
		break;
	}
	return EXIT_CANNOT_RUN;
}

static int print_version(void)
{
	struct utsname u = {};

	uname(&u);
	printf("retprobe_exporter, version %s (revision: %s)\n  libbpf:   %s\n  platform: %s %s\n",
	       rp_version, rp_revision, libbpf_version_string(), u.sysname, u.machine);
	return EXIT_OK;
}

static void look_at_machine(struct exporter *e)
{
	e->tracefs = tracefs__open();
	e->features = features__new(e->tracefs, e->config->action == ACTION_CHECK);
}

/* Which default set serves is known only now. 0 or -EINVAL with *error. */
static int complete_config(struct exporter *e, struct config *c, char **error)
{
	const char *why;

	if (!c->is_default_set)
		return 0;
	why = mechanisms__impossible(e->features, TARGET_KERNEL);
	if (why)
		log_warn("kernel functions cannot be probed here: %s; using the default set of "
			 "system calls instead",
			 why);
	return config__add_default_set(c, !why, error);
}

static void warn_of_writers(const char *file, const char *power)
{
	__cleanup_free char *cwd = *file == '/' ? NULL : getcwd(NULL, 0);
	__cleanup_free char *path = cwd ? xasprintf("%s/%s", cwd, file) : xstrdup(file);
	char weakness[256];

	file_finder__weakness(path, true, weakness, sizeof(weakness));
	if (*weakness)
		log_warn("%s: %s: users with write access %s", file, weakness, power);
}

/* Probes read any memory that their configuration names. */
static void judge_files(const struct config *c)
{
	for (size_t i = 0; i < c->nfiles; i++)
		if (strncmp(c->files[i], "preset:", strlen("preset:")))
			warn_of_writers(c->files[i], "can read the memory of every process, with "
						     "labels such as str(arg1)");
	if (c->web.config_file)
		warn_of_writers(c->web.config_file, "decide which clients have access and which "
						    "files are read as certificates");
}

static int read_config(void *ctx, struct config **out, char **error)
{
	struct exporter *e = ctx;
	struct config *c;
	int err = config__parse(e->argc, e->argv, &c, error);

	if (err)
		return err;
	judge_files(c);
	err = complete_config(e, c, error);
	if (err)
		config__free(c);
	else
		*out = c;
	return err;
}

static size_t count_unattached(const struct targets *targets)
{
	size_t n = 0;
	struct target *t;

	for_each_target (targets, t)
		n += t->reason != REASON_NONE;
	return n;
}

/* A glob may have matched more than was meant. */
static void warn_of_weight(const struct generation *g)
{
	__cleanup_free char *heavy = check__heavy(g);

	if (heavy)
		log_warn("%s", heavy);
}

static int print_plan(const struct exporter *e, const struct generation *g)
{
	char *error;

	check__print(stdout, g);
	warn_of_weight(g);
	error = memory_plan__over_limit(&g->params, &g->memory, 0, g->config->memory_limit);
	if (error)
		return fail(EXIT_USAGE, error);
	return e->config->strict && count_unattached(g->targets) ? EXIT_CANNOT_RUN : EXIT_OK;
}

static void warn_of_no_btf(struct exporter *e)
{
	if (!features__has(e->features, FEATURE_BTF))
		log_warn("this kernel has no BTF (/sys/kernel/btf/vmlinux): the types of kernel "
			 "functions are not known, so their results are raw numbers, labels have "
			 "arg0 to arg5 for parameters, and fexit, fsession and kprobe.session are "
			 "not available; use a kernel with CONFIG_DEBUG_INFO_BTF=y for these");
}

/* Looks for the programs that the configuration selects. */
static struct program_files *find_programs(const struct config *c)
{
	__cleanup_free const struct selection **v = xcalloc(c->nlists + 1, sizeof(*v));
	struct program_files *p = program_files__new(elf_soname__read);

	program_files__select(p, v, config__selections(c, v));
	program_files__tick(p, monotonic_seconds(), CHECK_PATIENCE);
	return p;
}

/* Reads, decides, changes nothing. */
static int check(struct exporter *e)
{
	struct discover_env env = {};
	struct program_files *programs;
	struct generation *g;
	struct targets *targets;
	char *error = NULL;
	enum fault fault;
	int code;

	if (http__check(&e->config->web, &error))
		return fail(EXIT_USAGE, error);
	judge_files(e->config);
	look_at_machine(e);
	warn_of_no_btf(e);
	env.tracefs = e->tracefs;
	env.functions = mechanisms__may_be_by_functions(e->config, e->features);
	if (complete_config(e, e->config, &error))
		return fail(EXIT_USAGE, error);
	env.programs = programs = find_programs(e->config);
	code = discover__run(e->config, &env, &targets, &error);
	program_files__free(programs);
	if (code)
		return fail(EXIT_USAGE, error);
	fault = mechanisms__check_forced(e->config, e->features, &error);
	if (fault) {
		targets__free(targets);
		return fail(code_of(fault), error);
	}
	fault = generation__plan(e->config, e->features, targets, 0, 0, &g, &error);
	if (fault)
		return fail(code_of(fault), error);
	code = print_plan(e, g);
	generation__free(g);
	return code;
}

/* A single kretprobe holds four descriptors; and before 5.11, maps are locked memory. */
static void raise_limits(void)
{
	static const int limits[] = { RLIMIT_NOFILE, RLIMIT_MEMLOCK };
	struct rlimit limit;

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		if (getrlimit(limits[i], &limit))
			continue;
		limit.rlim_cur = limit.rlim_max;
		setrlimit(limits[i], &limit);
	}
}

/* The first time: an exit code. */
static int configure(void *ctx)
{
	struct exporter *e = ctx;
	char *error = NULL;
	bool changed;
	enum fault fault;

	if (complete_config(e, e->config, &error))
		return fail(EXIT_USAGE, error);
	fault = reconcile__configure(e->reconcile, e->config, &changed, &error);
	if (fault == FAULT_STOPPING) {
		free(error);
		return EXIT_OK;
	}
	if (fault)
		return fail(code_of(fault), error);
	malloc_trim(0); /* discovery has read a great many names */
	return EXIT_OK;
}

/* For the attacher's signalfd and the server's threads, which all leave them blocked. */
static void block_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
}

/* Before anything that may take long. 0 or an exit code. */
static int begin(void (*block)(void))
{
	int err;

	raise_limits();
	block();
	signal(SIGPIPE, SIG_IGN);
	err = stop__watch();
	return err ? fail(EXIT_CANNOT_RUN, xasprintf("cannot start a thread: %s", strerror(-err)))
		   : EXIT_OK;
}

/* Whether this machine and our rights suffice. 0 or an exit code. */
static int examine(struct exporter *e)
{
	char *error;

	judge_files(e->config);
	look_at_machine(e);
	confine__keep_secrets();
	error = privs__missing();
	if (error)
		return fail(EXIT_CANNOT_RUN, error);
	warn_of_no_btf(e);
	return EXIT_OK;
}

static int run(struct exporter *e)
{
	struct attacher_setup setup = {
		.start = configure,
		.read_config = read_config,
		.ctx = e,
	};
	char *error = NULL;
	enum fault fault;
	int err = begin(block_signals);

	if (err)
		return err;
	if (http__check(&e->config->web, &error))
		return fail(EXIT_USAGE, error);
	err = examine(e);
	if (err)
		return err;
	fault = http__bind(&e->config->web, &e->http, &error);
	if (fault)
		return fail(code_of(fault), error);
	setup.reconcile = e->reconcile = reconcile__new(e->features, e->tracefs, warn_of_weight);
	setup.http = e->http;
	setup.web = &e->config->web;
	setup.watch = e->config->watch;
	err = attacher__run(&setup);
	return err < 0 ? EXIT_CANNOT_RUN : err;
}

static int top(struct exporter *e)
{
	struct top_setup setup = { .config = e->config, .start = configure, .ctx = e };
	int err = begin(top__block_signals);

	if (!err)
		err = examine(e);
	if (err)
		return err;
	setup.reconcile = e->reconcile = reconcile__new(e->features, e->tracefs, warn_of_weight);
	err = top__run(&setup);
	return err < 0 ? EXIT_CANNOT_RUN : err;
}

static int list(const struct config *c)
{
	struct discover_env env = { .tracefs = tracefs__open() };
	int err = c->nlist_globs ? 0 : list__print(&env, NULL, stdout);

	for (size_t i = 0; i < c->nlist_globs; i++) {
		int failed = list__print(&env, c->list_globs[i], stdout);

		err = err ? err : failed;
	}
	cleanup__close(&env.tracefs);
	return err ? EXIT_CANNOT_RUN : EXIT_OK;
}

/* What could not be written is known only when everything is out. */
static int finish_output(int code)
{
	if (!fflush(stdout) && !ferror(stdout))
		return code;
	log_error("cannot write to standard output: %s", strerror(errno));
	return EXIT_CANNOT_RUN;
}

int main(int argc, char **argv)
{
	struct exporter e = { .argc = argc, .argv = argv, .tracefs = -1 };
	char *error = NULL;
	int code;

	if (!privs__open_standard()) {
		log_error("cannot open /dev/null: %s; mount /dev", strerror(errno));
		return EXIT_CANNOT_RUN;
	}
	/* Scrapes come one after the other, by whichever thread: an arena for each thread would
	 * only keep what the others could have used again. */
	mallopt(M_ARENA_MAX, 1);
	/* Where the log and the output go to one file, neither cuts a line of the other. */
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	if (server__is_meant(argc, argv))
		return server__main(argc, argv);
	if (config__parse(argc, argv, &e.config, &error)) {
		__cleanup_free char *line = escaped(error);

		fprintf(stderr, "retprobe_exporter: error: %s\n", line);
		free(error);
		return EXIT_USAGE;
	}
	log__setup(e.config->log_level, e.config->log_format);
	bpf_sys__log_libbpf();
	switch (e.config->action) {
	case ACTION_HELP:
		options__print_help(stdout);
		code = EXIT_OK;
		break;
	case ACTION_VERSION:
		code = print_version();
		break;
	case ACTION_LIST:
		code = list(e.config);
		break;
	case ACTION_CHECK:
		code = check(&e);
		break;
	case ACTION_TOP:
		code = top(&e);
		break;
	default:
		code = run(&e);
	}
	exporter__free(&e);
	return finish_output(code);
}
