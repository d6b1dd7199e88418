/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#ifndef F_SEAL_FUTURE_WRITE /* Linux 5.1 */
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

/* Of its size too: whoever reads beyond the end of a file gets a SIGBUS. */
#define SEALS  (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL)

#define SEALED (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

/* The writable mapping comes first, as the seal lets no other be made. */
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

int shared__new(struct shared_memory *s, size_t size)
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
		shared__free(s);
	return err;
}

void shared__free(struct shared_memory *s)
{
	if (!s->size)
		return;
	if (s->addr)
		munmap(s->addr, s->size);
	close(s->fd);
	*s = (struct shared_memory){};
}

const void *shared__map(int fd, size_t size)
{
	/* What is sealed does not change, and no kernel before 6.7 lets it be mapped shared
	 * (158978945f31). */
	int flags = shared__is_sealed(fd) ? MAP_PRIVATE : MAP_SHARED;
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

int shared__seal(const void *data, size_t len)
{
	int fd = memfd_create("retprobe_exporter", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err = fd < 0 ? -errno : write_all(fd, data, len);

	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

bool shared__is_sealed(int fd)
{
	return fcntl(fd, F_GET_SEALS) == SEALED;
}

void shared__put(void *to, const void *from, size_t nwords)
{
	const uint64_t *source = from;
	uint64_t *target = to;

	for (size_t i = 0; i < nwords; i++)
		__atomic_store_n(&target[i], source[i], __ATOMIC_RELAXED);
}
