/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A substitute for the kernel's BTF. It describes the records of the system call tracepoints, and
 * the place of one bit: the mark of a system call by a 32-bit program. struct thread_info is the
 * first member of struct task_struct ("this must be the first element of task_struct",
 * include/linux/sched.h). Its fields before the bit changed once: x86 got syscall_work in 5.11
 * (kernel commit b86678cf0f1d).
 */
#include "kernel/btf_layout.h"

#include <bpf/btf.h>
#include <errno.h>
#include <sys/mman.h>

/* Roughly: nothing depends on the sizes. */
#define TASK_STRUCT_BYTES 4096
#define THREAD_INFO_BYTES 24
#define SYSCALL_ARGS	  6

static int add_thread_info(struct btf *btf, int u32_id, int u64_id, bool has_work)
{
	int id = btf__add_struct(btf, "thread_info", THREAD_INFO_BYTES);

	btf__add_field(btf, "flags", u64_id, 0, 0);
#ifdef __x86_64__
	if (has_work)
		btf__add_field(btf, "syscall_work", u64_id, 64, 0);
	btf__add_field(btf, "status", u32_id, has_work ? 128 : 64, 0);
#endif
	return id;
}

/* include/trace/events/syscalls.h */
static void add_records(struct btf *btf, int u32_id, int u64_id, uint32_t start)
{
	int s64_id = btf__add_int(btf, "long int", sizeof(int64_t), BTF_INT_SIGNED);
	int args = btf__add_array(btf, u32_id, u64_id, SYSCALL_ARGS);

	btf__add_struct(btf, "trace_event_raw_sys_enter", start + (1 + SYSCALL_ARGS) * 8);
	btf__add_field(btf, "id", s64_id, start * 8, 0);
	btf__add_field(btf, "args", args, (start + 8) * 8, 0);
	btf__add_struct(btf, "trace_event_raw_sys_exit", start + 16);
	btf__add_field(btf, "id", s64_id, start * 8, 0);
	btf__add_field(btf, "ret", s64_id, (start + 8) * 8, 0);
}

static struct btf *describe(const char *release, unsigned record)
{
	unsigned major = 0, minor = 0;
	struct btf *btf = btf__new_empty();
	int u32_id, u64_id, info;

	if (!btf)
		return NULL;
	sscanf(release, "%u.%u", &major, &minor);
	u32_id = btf__add_int(btf, "unsigned int", sizeof(uint32_t), 0);
	u64_id = btf__add_int(btf, "unsigned long", sizeof(uint64_t), 0);
	add_records(btf, u32_id, u64_id, record);
	info = add_thread_info(btf, u32_id, u64_id, major > 5 || (major == 5 && minor >= 11));
	btf__add_struct(btf, "task_struct", TASK_STRUCT_BYTES);
	if (info < 0 || btf__add_field(btf, "thread_info", info, 0, 0)) {
		btf__free(btf);
		return NULL;
	}
	return btf;
}

int btf_layout__open(const char *release, unsigned record)
{
	struct btf *btf = describe(release, record);
	const void *data;
	__u32 size = 0;
	int fd = -1, err = 0;

	if (!btf)
		return -ENOMEM;
	data = btf__raw_data(btf, &size);
	fd = data ? memfd_create("btf", MFD_CLOEXEC) : -1;
	if (fd < 0)
		err = data ? -errno : -ENOMEM;
	else if (write(fd, data, size) != (ssize_t)size)
		err = -EIO;
	btf__free(btf);
	if (err) {
		cleanup__close(&fd);
		return err;
	}
	return fd;
}
