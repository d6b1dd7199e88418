/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Wiring only: configuration -> targets -> plan -> programs -> links -> pages, and back down.
 */
#include <bpf/libbpf.h>
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "attach.h"
#include "bpfobj.h"
#include "collect.h"
#include "config.h"
#include "discover.h"
#include "features.h"
#include "grid.h"
#include "http.h"
#include "log.h"
#include "pages.h"
#include "plan.h"
#include "privs.h"
#include "self.h"
#include "tracefs.h"
#include "version.h"

/* What users and units are promised: DESIGN section 1. */
enum exit_code { EXIT_OK, EXIT_CANNOT_RUN, EXIT_USAGE };

/* Everything that lives as long as the process, in the order in which it is made. */
struct exporter {
	struct config *config;
	struct grid *grid;
	int tracefs;
	struct features *features;
	struct targets *targets;
	struct attach *attach;
	struct bpfobj_params params;
	struct http *http;
	struct bpfobj *obj;
	struct collector *collector;
	struct pages *pages;
};

static void exporter__free(struct exporter *e)
{
	http__free(e->http);
	pages__free(e->pages);
	collector__free(e->collector);
	attach__free(e->attach);
	bpfobj__free(e->obj);
	targets__free(e->targets);
	features__free(e->features);
	cleanup__close(&e->tracefs);
	grid__free(e->grid);
	config__free(e->config);
}

static int fail(int code, char *error)
{
	log_error("%s", error);
	free(error);
	return code;
}

static int print_version(void)
{
	struct utsname u = {};

	uname(&u);
	printf("retprobe_exporter, version %s (revision: %s)\n  libbpf:   %s\n  platform: %s %s\n",
	       rp_version, rp_revision, libbpf_version_string(), u.sysname, u.machine);
	return EXIT_OK;
}

/* Everything up to the plan: reads, decides, changes nothing. */
static int prepare(struct exporter *e)
{
	struct config *c = e->config;
	struct discover_env env = {};
	char *error = NULL;

	if (grid__build(c->buckets, c->nbuckets, c->native_schema, &e->grid, &error))
		return fail(EXIT_USAGE, error);
	e->tracefs = tracefs__open();
	e->features = features__new(e->tracefs, c->action == ACTION_CHECK);
	if (c->is_default_set) {
		bool kernel = features__has(e->features, FEATURE_KPROBE_EVENTS);

		if (!kernel)
			log_warn("kernel functions cannot be probed here: %s; using the default "
				 "set of system calls instead",
				 features__describe(FEATURE_KPROBE_EVENTS));
		if (config__add_default_set(c, kernel, &error))
			return fail(EXIT_USAGE, error);
	}
	env.tracefs = e->tracefs;
	if (discover__run(c, &env, &e->targets, &error))
		return fail(EXIT_USAGE, error);
	if (attach__plan(e->targets, e->features, c->mechanism, &e->attach, &error))
		return fail(EXIT_CANNOT_RUN, error);
	e->params = (struct bpfobj_params){
		.grid = e->grid,
		.cells = c->cells,
	};
	attach__params(e->attach, &e->params);
	return EXIT_OK;
}

static size_t count_unattached(const struct targets *targets)
{
	size_t n = 0;
	struct target *t;

	for_each_target (targets, t)
		n += t->reason != REASON_NONE;
	return n;
}

static int check(struct exporter *e)
{
	struct bpfobj_plan memory;
	char *error;

	bpfobj__plan(&e->params, e->features, &memory);
	plan__print(stdout, e->targets, e->attach, &e->params, &memory, e->config->memory_limit);
	error = plan__over_limit(&e->params, &memory, e->config->memory_limit);
	if (error)
		return fail(EXIT_USAGE, error);
	return e->config->strict && count_unattached(e->targets) ? EXIT_CANNOT_RUN : EXIT_OK;
}

static void report_unattached(const struct exporter *e)
{
	struct target *t;

	for_each_target (e->targets, t)
		if (t->reason != REASON_NONE && !(t->builtin && t->reason == REASON_NOT_FOUND))
			log__line(e->config->strict ? LOG_ERROR : LOG_WARN,
				  "%s:%s is not attached (%s): %s (%s)", t->object, t->function,
				  target_reason_names[t->reason], t->why ? t->why : "",
				  source_pos__str(t->pos));
}

/* A single kretprobe holds four descriptors. */
static void raise_fd_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int attach_all(struct exporter *e)
{
	struct bpfobj_plan memory;
	size_t attached = 0;
	char *error;

	double start = now_seconds();

	bpfobj__plan(&e->params, e->features, &memory);
	error = plan__over_limit(&e->params, &memory, e->config->memory_limit);
	if (error)
		return fail(EXIT_USAGE, error);
	raise_fd_limit();
	if (e->params.programs) {
		if (bpfobj__load(&e->params, e->features, &e->obj, &error))
			return fail(EXIT_CANNOT_RUN, error);
		attached = attach__run(e->attach, e->obj);
	}
	report_unattached(e);
	if (e->config->strict && count_unattached(e->targets))
		return fail(
			EXIT_CANNOT_RUN,
			xasprintf("%zu of %zu probes cannot be attached, and --config.strict is "
				  "set",
				  count_unattached(e->targets), e->targets->n));
	if (!attached)
		return fail(EXIT_CANNOT_RUN,
			    xasprintf("nothing could be attached; --config.check shows what would "
				      "be, --probe.list what can be"));
	log_info("attached %zu of %zu probes in %.3f s", attached, e->targets->n,
		 now_seconds() - start);
	malloc_trim(0); /* discovery has read a great many names */
	return EXIT_OK;
}

static int acquire(void *ctx, struct metrics_input *in)
{
	return collector__acquire(ctx, in);
}

static void release(void *ctx, struct metrics_input *in)
{
	collector__release(ctx, in);
}

/* Nothing is served before everything is attached. */
static bool ready(void *ctx)
{
	return true;
}

static int serve(struct exporter *e, const sigset_t *signals)
{
	struct pages_source source = { .acquire = acquire, .release = release, .ready = ready };
	char *error = NULL;
	int sig;

	e->collector = collector__new(e->targets, e->attach, e->obj);
	source.ctx = e->collector;
	e->pages = pages__new(e->config->web.telemetry_path, &source);
	self__note_reload(true);
	if (http__start(e->http, pages__routes(e->pages), e->pages, &error))
		return fail(EXIT_CANNOT_RUN, error);
	sigwait(signals, &sig);
	log_info("stopping on signal %d", sig);
	return EXIT_OK;
}

static int run(struct exporter *e)
{
	sigset_t signals;
	char *error;
	int code;

	/* Before any thread is made, so that all of them leave the signals to serve(). */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);

	error = privs__missing();
	if (error)
		return fail(EXIT_CANNOT_RUN, error);
	if (http__bind(&e->config->web, &e->http, &error))
		return fail(EXIT_CANNOT_RUN, error);
	code = attach_all(e);
	return code ? code : serve(e, &signals);
}

static int list(const struct config *c)
{
	struct discover_env env = { .tracefs = tracefs__open() };
	int err = discover__list(&env, c->list_glob, stdout);

	cleanup__close(&env.tracefs);
	return err ? EXIT_CANNOT_RUN : EXIT_OK;
}

int main(int argc, char **argv)
{
	struct exporter e = { .tracefs = -1 };
	char *error = NULL;
	int code;

	if (config__parse(argc, argv, &e.config, &error)) {
		fprintf(stderr, "retprobe_exporter: error: %s\n", error);
		free(error);
		return EXIT_USAGE;
	}
	log__setup(e.config->log_level, e.config->log_format);
	switch (e.config->action) {
	case ACTION_HELP:
		config__print_help(stdout);
		code = EXIT_OK;
		break;
	case ACTION_VERSION:
		code = print_version();
		break;
	case ACTION_LIST:
		code = list(e.config);
		break;
	default:
		code = prepare(&e);
		if (!code)
			code = e.config->action == ACTION_CHECK ? check(&e) : run(&e);
	}
	exporter__free(&e);
	return code;
}
