/* Plays a page-event recording on this machine: what bench/host_limits.py runs in a memory cgroup.
 *
 *     play_events EVENTS FILE ANON_PAGES CGROUP_PROCS
 *
 * Joins the cgroup after its own memory is made, so that only the events' memory is charged. Plays
 * kinds 0 (pread), 1 (touch), 2 (anonymous memory) and 3 (pwrite) on one file; prints major faults
 * and pages read.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096, MOST = 65536 };
struct event { uint8_t kind, file; uint16_t count; uint32_t page; };

static char *area; /* of anonymous memory */
static char *buffer;

static void die(const char *what) {
	perror(what);
	exit(1);
}

static void *map(size_t length, int prot, int flags, int fd) {
	void *at = mmap(NULL, length, prot, flags, fd, 0);
	if (at == MAP_FAILED)
		die("mmap");
	return at;
}

static const struct event *load(const char *path, size_t *count) {
	struct stat st;
	int fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &st))
		die(path);
	struct event *events = malloc(st.st_size + 1);
	if (!events || read(fd, events, st.st_size) != st.st_size)
		die(path);
	close(fd);
	*count = st.st_size / sizeof *events;
	return events;
}

static size_t anonymous(size_t before, size_t pages) {
	for (size_t i = before; i < pages; i++)
		area[i * PAGE] = 1;
	if (pages < before)
		madvise(area + pages * PAGE, (before - pages) * PAGE, MADV_DONTNEED);
	return pages;
}

int main(int argc, char **argv) {
	size_t count, anon = 0, sum = 0;
	struct stat st;
	struct rusage before, after;
	char pid[32];
	if (argc != 5)
		return 2;
	const struct event *e = load(argv[1], &count);
	int fd = open(argv[2], O_RDWR), procs = open(argv[4], O_WRONLY);
	if (fd < 0 || fstat(fd, &st))
		die(argv[2]);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	buffer = malloc((size_t)MOST * PAGE);
	memset(buffer, 1, (size_t)MOST * PAGE);
	if (procs < 0 || write(procs, pid, snprintf(pid, sizeof pid, "%d", getpid())) < 0)
		die(argv[4]);
	area = map((size_t)1 << 34, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
	volatile char *file = map(st.st_size, PROT_READ, MAP_SHARED, fd);
	anon = anonymous(0, strtoul(argv[3], NULL, 10));
	getrusage(RUSAGE_SELF, &before);
	for (const struct event *end = e + count; e < end; e++) {
		size_t length = (size_t)e->count * PAGE;
		off_t at = (off_t)e->page * PAGE;
		if (e->kind == 0)
			sum += pread(fd, buffer, length, at);
		else if (e->kind == 1)
			sum += file[at];
		else if (e->kind == 2)
			anon = anonymous(anon, e->page);
		else if (e->kind == 3)
			sum += pwrite(fd, buffer, length, at);
	}
	getrusage(RUSAGE_SELF, &after);
	printf("%ld %ld\n", after.ru_majflt - before.ru_majflt,
	       (after.ru_inblock - before.ru_inblock) / (PAGE / 512));
	return sum == 1 && anon == 1;
}
