/*
 * Page tables as runs of pages that look alike: START+LENGTH:KIND:FLAGS:MAPCOUNT,
 * and how many physically contiguous pieces each run has.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include "runner.h"

#define BATCH 512
#define PRESENT (1ULL << 63)
#define SWAPPED (1ULL << 62)
#define FILE_OR_SHARED (1ULL << 61)
#define EXCLUSIVE (1ULL << 56)
#define SOFT_DIRTY (1ULL << 55)
#define SHOWN (PRESENT | SWAPPED | FILE_OR_SHARED | EXCLUSIVE | SOFT_DIRTY)
#define FRAME ((1ULL << 55) - 1)

static int flags_fd, count_fd;

struct look { uint64_t entry, flags, count; };

struct run {
	struct look look;
	unsigned long start, length, pieces;
	uint64_t next_frame;
};

static char *out, *out_end;
static char segments[TEXT_SIZE / 8];
static size_t segments_used;

void pagemap_open(void)
{
	flags_fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	count_fd = open("/proc/kpagecount", O_RDONLY | O_CLOEXEC);
}

static uint64_t word_at(int fd, uint64_t index)
{
	uint64_t word = 0;

	return pread(fd, &word, 8, index * 8) == 8 ? word : 0;
}

static void write_run(struct run *r)
{
	uint64_t e = r->look.entry;

	if (!r->length)
		return;
	out += snprintf(out, out_end - out, "%lu+%lu:%c%s%s%s", r->start, r->length,
			e & PRESENT ? 'P' : e & SWAPPED ? 'S' : '-',
			e & FILE_OR_SHARED ? "f" : "", e & EXCLUSIVE ? "x" : "",
			e & SOFT_DIRTY ? "d" : "");
	if (e & PRESENT)
		out += snprintf(out, out_end - out, ":%lx:%lu", (unsigned long)r->look.flags,
				(unsigned long)r->look.count);
	out += snprintf(out, out_end - out, "\n");
	segments_used += snprintf(segments + segments_used, sizeof(segments) - segments_used,
				  " %lu", r->pieces);
}

static void add_page(struct run *r, unsigned long index, uint64_t entry)
{
	uint64_t frame = entry & FRAME;
	struct look look = { entry & SHOWN, 0, 0 };

	if (entry & PRESENT) {
		look.flags = word_at(flags_fd, frame);
		look.count = word_at(count_fd, frame);
	}
	if (!r->length || look.entry != r->look.entry || look.flags != r->look.flags ||
	    look.count != r->look.count) {
		write_run(r);
		*r = (struct run){ .look = look, .start = index };
	}
	if (entry & PRESENT && frame != r->next_frame)
		r->pieces++;
	r->next_frame = frame + 1;
	r->length++;
}

/* The runs a line each, then `segs` and a number for each run. */
size_t describe_pages(pid_t pid, unsigned long start, unsigned long length, char *to, size_t size)
{
	static uint64_t entries[BATCH];
	struct run run = { .length = 0 };
	unsigned long pages = length / PAGE;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	out = to;
	out_end = to + size - sizeof(segments) - 16;
	segments_used = 0;
	for (unsigned long i = 0; i < pages && out_end - out > 128; i += BATCH) {
		unsigned long n = pages - i < BATCH ? pages - i : BATCH;
		ssize_t got = pread(fd, entries, n * 8, (start / PAGE + i) * 8);

		for (unsigned long k = 0; k < n; k++)
			add_page(&run, i + k, (ssize_t)(k * 8) < got ? entries[k] : 0);
	}
	write_run(&run);
	close(fd);
	out += snprintf(out, segments_used + 16, "segs%.*s\n", (int)segments_used, segments);
	return out - to;
}
