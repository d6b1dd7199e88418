/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls that hang until they are released, each in another way. One thread for each. */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "workload.h"

/* The calls by number of their thread. */
enum stuck {
	STUCK_FLOCK, /* another descriptor has the lock */
	STUCK_FIFO,  /* nobody writes */
	STUCK_FUSE,  /* nobody serves the file system */
	STUCK_FAULT, /* nobody serves the page that the kernel writes to */
	STUCK_MUTEX, /* the one above has the file's position locked */
	STUCKS
};

static struct {
	int locked, lock, fifo, fuse, faults, file;
	char directory[64], *page;
} stuck;

static char *path_of(const char *name, char path[96])
{
	snprintf(path, 96, "%s/%s", stuck.directory, name);
	return path;
}

/* The file system answers no request, not even that of its beginning. */
static int mount_fuse(void)
{
	char path[96], options[96];

	stuck.fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", stuck.fuse);
	return stuck.fuse < 0 || mkdir(path_of("fuse", path), 0700) ||
			       mount("stuck", path, "fuse", 0, options)
		       ? -1
		       : 0;
}

static int open_faults(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	size_t size = sysconf(_SC_PAGESIZE);

	stuck.page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	range.range = (struct uffdio_range){ (uintptr_t)stuck.page, size };
	stuck.faults = syscall(SYS_userfaultfd, O_CLOEXEC);
	return stuck.page == MAP_FAILED || stuck.faults < 0 || ioctl(stuck.faults, UFFDIO_API, &api)
		       ? -1
		       : ioctl(stuck.faults, UFFDIO_REGISTER, &range);
}

static int set_up_stuck(void)
{
	char path[96];

	snprintf(stuck.directory, sizeof(stuck.directory), "/tmp/stuck.%d", getpid());
	if (mkdir(stuck.directory, 0700) || mkfifo(path_of("fifo", path), 0600))
		return -1;
	stuck.fifo = open(path, O_RDWR | O_CLOEXEC);
	stuck.locked = open(path_of("lock", path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	stuck.lock = open(path, O_RDWR | O_CLOEXEC);
	stuck.file = open(path, O_RDWR | O_CLOEXEC);
	if (stuck.fifo < 0 || stuck.lock < 0 || stuck.file < 0 || write(stuck.file, "xx", 2) != 2)
		return -1;
	return flock(stuck.locked, LOCK_EX) || lseek(stuck.file, 0, SEEK_SET) || mount_fuse() ||
			       open_faults()
		       ? -1
		       : 0;
}

static void wait_in(const struct worker *w, long call)
{
	while (!is_asleep_in(__atomic_load_n(&w->tid, __ATOMIC_ACQUIRE), call))
		usleep(2000);
}

static long hang(struct worker *w, long i)
{
	char path[96], byte;
	struct stat st;

	switch ((enum stuck)w->number) {
	case STUCK_FLOCK:
		return flock(stuck.lock, LOCK_EX);
	case STUCK_FIFO:
		return read(stuck.fifo, &byte, 1);
	case STUCK_FUSE:
		return stat(path_of("fuse", path), &st) ? 0 : -1; /* aborted */
	case STUCK_FAULT:
		return read(stuck.file, stuck.page, 1);
	case STUCK_MUTEX:
		wait_in(w - 1, SYS_read);
		return read(stuck.file, &byte, 1);
	case STUCKS:
		break;
	}
	errno = EINVAL;
	return -1;
}

static void release_all(const struct worker *workers, int threads, long calls)
{
	static const long calls_of[] = { SYS_flock, SYS_read, SYS_newfstatat, SYS_read, SYS_read };
	struct uffdio_zeropage zero = { .range = { (uintptr_t)stuck.page, sysconf(_SC_PAGESIZE) } };
	char path[96];

	for (int i = 0; i < STUCKS && threads == STUCKS; i++)
		wait_in(&workers[i], calls_of[i]);
	fprintf(stderr, "asleep\n");
	getchar();
	if (flock(stuck.locked, LOCK_UN) || write(stuck.fifo, "x", 1) != 1 ||
	    ioctl(stuck.faults, UFFDIO_ZEROPAGE, &zero))
		die("release");
	close(stuck.fuse);
	umount2(path_of("fuse", path), MNT_DETACH);
}

const struct operation stuck_operations[] = {
	{ "stuck", .call = hang, .set_up = set_up_stuck, .attend = release_all },
	{},
};
