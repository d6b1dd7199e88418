/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/bpf_sys.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "base/log.h"

#define TRIES_MAX    10
#define MULTI_RETURN 1U /* BPF_F_KPROBE_MULTI_RETURN, BPF_F_UPROBE_MULTI_RETURN */

/* union bpf_attr.link_create */
struct link_create {
	uint32_t prog_fd, target_fd, attach_type, flags;
	union {
		struct {
			uint32_t flags, cnt;
			uint64_t syms, addrs, cookies;
		} kprobe_multi;
		struct {
			uint64_t path, offsets, ref_ctr_offsets, cookies;
			uint32_t cnt, flags, pid, zero;
		} uprobe_multi;
		struct {
			uint64_t ids, cookies;
			uint32_t cnt, zero;
		} tracing_multi;
		uint64_t zero[8];
	};
};

/* struct bpf_link_info */
struct link_info {
	uint32_t type, id, prog_id, pad;
	union {
		struct {
			uint64_t addrs;
			uint32_t count, flags;
			uint64_t missed, cookies;
		} kprobe_multi;
		struct {
			uint32_t event, pad; /* enum bpf_perf_event_type */
			uint64_t name;
			uint32_t name_len, offset;
			uint64_t addr, missed;
		} kprobe;
	};
};
#define PERF_EVENT_KPROBE 3

static uint64_t ptr(const void *p)
{
	return (uintptr_t)p;
}

/* Whether to try again after this error. */
static bool try_again(int err, int *tries)
{
	if ((err != -EINTR && err != -EAGAIN) || ++*tries > TRIES_MAX)
		return false;
	usleep(*tries * 1000);
	return true;
}

static int create_link(struct link_create *attr)
{
	int tries = 0, fd;

	do {
		fd = syscall(SYS_bpf, BPF_LINK_CREATE, attr, sizeof(*attr));
		fd = fd < 0 ? -errno : fd;
	} while (try_again(fd, &tries));
	return fd;
}

int bpf_sys__link_functions(int prog_fd, enum bpf_sys_attach type,
			    const struct bpf_sys_functions *f)
{
	struct link_create attr = {
		.prog_fd = prog_fd,
		.attach_type = type,
		.kprobe_multi = {
			.flags = f->is_return ? MULTI_RETURN : 0,
			.cnt = f->n,
			.syms = f->addrs ? 0 : ptr(f->symbols),
			.addrs = ptr(f->addrs),
			.cookies = ptr(f->cookies),
		},
	};

	return create_link(&attr);
}

int bpf_sys__link_uprobes(int prog_fd, enum bpf_sys_attach type, const char *path,
			  const uint64_t *offsets, const uint64_t *cookies, uint32_t n,
			  bool is_return)
{
	struct link_create attr = {
		.prog_fd = prog_fd,
		.attach_type = type,
		.uprobe_multi = {
			.path = ptr(path),
			.offsets = ptr(offsets),
			.cookies = ptr(cookies),
			.cnt = n,
			.flags = is_return ? MULTI_RETURN : 0,
		},
	};

	return create_link(&attr);
}

int bpf_sys__link_uprobe(int prog_fd, const char *path, uint64_t offset, uint64_t semaphore,
			 bool is_return)
{
	struct link_create attr = {
		.prog_fd = prog_fd,
		.attach_type = BPF_SYS_UPROBE_MULTI,
		.uprobe_multi = {
			.path = ptr(path),
			.offsets = ptr(&offset),
			.ref_ctr_offsets = semaphore ? ptr(&semaphore) : 0,
			.cnt = 1,
			.flags = is_return ? MULTI_RETURN : 0,
		},
	};

	return create_link(&attr);
}

int bpf_sys__link_btf_ids(int prog_fd, const uint32_t *ids, const uint64_t *cookies, uint32_t n)
{
	struct link_create attr = {
		.prog_fd = prog_fd,
		.attach_type = BPF_SYS_FSESSION_MULTI,
		.tracing_multi = { .ids = ptr(ids), .cookies = ptr(cookies), .cnt = n },
	};

	return create_link(&attr);
}

int bpf_sys__link_tracing(int prog_fd, enum bpf_sys_attach type)
{
	struct link_create attr = { .prog_fd = prog_fd, .attach_type = type };
	union bpf_attr old = { .raw_tracepoint.prog_fd = prog_fd };
	int fd = create_link(&attr);

	/* Kernels before 5.19 do it by this command only. */
	if (fd != -EINVAL)
		return fd;
	fd = syscall(SYS_bpf, BPF_RAW_TRACEPOINT_OPEN, &old, sizeof(old));
	return fd < 0 ? -errno : fd;
}

int bpf_sys__load_nothing(int type, int attach, uint32_t btf_id)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach,
		    .attach_btf_id = btf_id);

	return bpf_prog_load(type, "nothing", "GPL", code, ARRAY_SIZE(code), &opts);
}

bool bpf_sys__stats_are_on(void)
{
	char c[2];

	return file__read_head(AT_FDCWD, "/proc/sys/kernel/bpf_stats_enabled", c, sizeof(c)) > 0 &&
	       *c == '1';
}

/* All 0 if the kernel does not tell. */
static struct link_info info_of(int link_fd)
{
	struct link_info info = {};
	union bpf_attr attr = {
		.info = {
			.bpf_fd = link_fd,
			.info_len = sizeof(info),
			.info = ptr(&info),
		},
	};

	if (syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)))
		return (struct link_info){};
	return info;
}

uint64_t bpf_sys__link_missed(int link_fd)
{
	return info_of(link_fd).kprobe_multi.missed;
}

uint64_t bpf_sys__kprobe_missed(int link_fd)
{
	struct link_info info = info_of(link_fd);

	return info.kprobe.event == PERF_EVENT_KPROBE ? info.kprobe.missed : 0;
}

int bpf_sys__module_btf(const char *module)
{
	__u32 id = 0;

	while (!bpf_btf_get_next_id(id, &id)) {
		char name[64] = "";
		struct bpf_btf_info info = { .name = ptr(name), .name_len = sizeof(name) };
		__u32 size = sizeof(info);
		int fd = bpf_btf_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &info, &size) && info.kernel_btf &&
		    !strcmp(name, module))
			return fd;
		close(fd);
	}
	return -ENOENT;
}

void bpf_sys__log_reasons(char *text)
{
	char *rest;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		log_debug("%s", line);
}

static int to_log(enum libbpf_print_level level, const char *fmt, va_list args)
{
	__cleanup_free char *text = NULL;

	if (level == LIBBPF_DEBUG)
		return 0;
	text = xvasprintf(fmt, args);
	/* The verifier's reasons are many lines in one message. */
	bpf_sys__log_reasons(text);
	return 0;
}

void bpf_sys__log_libbpf(void)
{
	libbpf_set_print(to_log);
}
