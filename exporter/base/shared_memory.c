/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/shared_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#ifndef F_SEAL_FUTURE_WRITE /* Linux 5.1 */
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

/* The size is sealed, too: a read beyond the end of a file raises SIGBUS. */
#define SEALS  (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL)

#define SEALED (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

/* The writable mapping comes first, as the seal forbids others. */
static int map_and_seal(struct shared_memory *s)
{
	if (ftruncate(s->fd, s->size))
		return -errno;
	s->addr = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	if (s->addr == MAP_FAILED) {
		s->addr = NULL;
		return -errno;
	}
	if (madvise(s->addr, s->size, MADV_DONTFORK) || fcntl(s->fd, F_ADD_SEALS, SEALS))
		return -errno;
	return 0;
}

int shared_memory__new(struct shared_memory *s, size_t size)
{
	int err;

	*s = (struct shared_memory){ .size = ALIGN_UP(size, (size_t)sysconf(_SC_PAGESIZE)) };
	s->fd = memfd_create("retprobe_exporter", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (s->fd < 0) {
		s->size = 0;
		return -errno;
	}
	err = map_and_seal(s);
	if (err)
		shared_memory__free(s);
	return err;
}

void shared_memory__free(struct shared_memory *s)
{
	if (!s->size)
		return;
	if (s->addr)
		munmap(s->addr, s->size);
	close(s->fd);
	*s = (struct shared_memory){};
}

const void *shared_memory__map(int fd, size_t size)
{
	/* Kernels before 6.7 do not map sealed memory shared (158978945f31). It never changes, so
	 * private is the same. */
	int flags = shared_memory__is_sealed(fd) ? MAP_PRIVATE : MAP_SHARED;
	void *p = mmap(NULL, size, PROT_READ, flags, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = TEMP_FAILURE_RETRY(write(fd, data, len));

		if (n < 0)
			return -errno;
		data += n;
		len -= n;
	}
	return fcntl(fd, F_ADD_SEALS, SEALED) ? -errno : 0;
}

int shared_memory__seal(const void *data, size_t len)
{
	int fd = memfd_create("retprobe_exporter", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err = fd < 0 ? -errno : write_all(fd, data, len);

	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

bool shared_memory__is_sealed(int fd)
{
	return fcntl(fd, F_GET_SEALS) == SEALED;
}

void shared_memory__put(void *to, const void *from, size_t nwords)
{
	const uint64_t *source = from;
	uint64_t *target = to;

	for (size_t i = 0; i < nwords; i++)
		__atomic_store_n(&target[i], source[i], __ATOMIC_RELAXED);
}
