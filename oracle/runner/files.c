/* Kernel files, read into one buffer that is resident from the start. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "runner.h"

char text[TEXT_SIZE];

/* bytes, or -errno; what does not fit is left out */
long read_file(const char *path, char *to, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got = 0;

	if (fd < 0)
		return -errno;
	while (n < size - 1 && (got = read(fd, to + n, size - 1 - n)) > 0)
		n += got;
	if (got < 0 && !n)
		n = -errno;
	close(fd);
	to[(long)n < 0 ? 0 : n] = 0;
	return n;
}

/* 0 or -errno, as one write */
int write_file(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t wrote;

	if (fd < 0)
		return -errno;
	wrote = write(fd, value, strlen(value));
	if (wrote < 0)
		wrote = -errno;
	close(fd);
	return wrote < 0 ? wrote : 0;
}

int write_command(const char *path, char **words, int count)
{
	static char value[512];
	size_t n = 0;

	value[0] = 0;
	for (int i = 0; i < count && n < sizeof(value); i++)
		n += snprintf(value + n, sizeof(value) - n, i ? " %s" : "%s", words[i]);
	return write_file(path, value);
}

void pause_ms(unsigned long ms)
{
	struct timespec left = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

struct entry {
	unsigned long inode, offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

static int is_kept(const char *name, char **kept)
{
	for (; kept && *kept; kept++)
		if (!strcmp(*kept, name))
			return 1;
	return !strcmp(name, ".") || !strcmp(name, "..");
}

/* Everything below `path` but the names in `kept`. */
void remove_tree(const char *path, char **kept)
{
	char buffer[1024], child[512];
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long n;

	if (fd < 0)
		return;
	while ((n = syscall(SYS_getdents64, fd, buffer, sizeof(buffer))) > 0)
		for (long at = 0; at < n;) {
			struct entry *e = (struct entry *)(buffer + at);

			at += e->length;
			if (is_kept(e->name, kept))
				continue;
			snprintf(child, sizeof(child), "%s/%s", path, e->name);
			if (e->type == DT_DIR)
				remove_tree(child, NULL);
			if (unlinkat(AT_FDCWD, child, e->type == DT_DIR ? AT_REMOVEDIR : 0))
				continue;
		}
	close(fd);
}
