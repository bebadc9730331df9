/*
 * Checkpoints.  Kernel files leave as they are, framed as
 * `F label|task|kind LENGTH`, and are taken apart on the other side; an answer
 * of several files has a line `== NAME` before each.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include "runner.h"

#define DEBUG "/sys/kernel/debug"
#define HUGE "/sys/kernel/mm/hugepages/hugepages-2048kB"
#define KSM "/sys/kernel/mm/ksm"

static const struct one { const char *kind, *path; int counters; } single[] = {
	{ "meminfo", "/proc/meminfo", 1 }, { "vmstat", "/proc/vmstat", 1 },
	{ "buddyinfo", "/proc/buddyinfo", 1 }, { "zoneinfo", "/proc/zoneinfo", 1 },
	{ "slabinfo", "/proc/slabinfo", 0 }, { "pagetypeinfo", "/proc/pagetypeinfo", 1 },
	{ "swaps", "/proc/swaps", 0 }, { "lru_gen", DEBUG "/lru_gen", 0 },
	{ "zram", "/sys/block/zram0/mm_stat", 0 }, { "vmallocinfo", "/proc/vmallocinfo", 0 },
	{ "node0", "/sys/devices/system/node/node0/numastat", 1 },
	{ "node1", "/sys/devices/system/node/node1/numastat", 1 },
	{ "n0mem", "/sys/devices/system/node/node0/meminfo", 1 },
	{ "psi", "/proc/pressure/memory", 0 }, { NULL, NULL, 0 } };

static const struct several { const char *kind, *directory, *names; } several[] = {
	{ "hugetlb", HUGE, "nr_hugepages free_hugepages resv_hugepages surplus_hugepages "
			   "nr_overcommit_hugepages" },
	{ "zswap", DEBUG "/zswap", "pool_total_size stored_pages written_back_pages "
		"reject_reclaim_fail reject_alloc_fail reject_compress_poor pool_limit_hit "
		"same_filled_pages duplicate_entry stored_incompressible_pages" },
	{ "ksm", KSM, "run pages_shared pages_sharing pages_unshared pages_volatile pages_skipped "
		"full_scans ksm_zero_pages pages_scanned general_profit stable_node_chains "
		"stable_node_dups" },
	{ "extfrag", DEBUG "/extfrag", "unusable_index extfrag_index" },
	{ NULL, NULL, NULL } };

static const char group_files[] =
	"memory.current memory.peak memory.swap.current memory.zswap.current "
	"memory.events memory.swap.events memory.stat memory.numa_stat";

static void frame(const char *label, const char *task, const char *kind, size_t length)
{
	emitf("F %zu %s|%s|%s\n", length, label, task, kind);
	emit(text, length);
	emit("\n", 1);
}

static void show_file(const char *label, const char *task, const char *kind, const char *path)
{
	long n = read_file(path, text, sizeof(text));

	frame(label, task, kind, n < 0 ? (size_t)snprintf(text, sizeof(text), "E %ld", -n)
				       : (size_t)n);
}

/* The files of `names` that there are. */
static void show_files(const char *label, const char *kind, const char *directory, const char *names)
{
	size_t used = 0;
	char path[512];

	while (*names && used < sizeof(text) - 128) {
		size_t n = strcspn(names, " "), head;
		long got;

		head = snprintf(text + used, 128, "== %.*s\n", (int)n, names);
		snprintf(path, sizeof(path), "%s/%.*s", directory, (int)n, names);
		got = read_file(path, text + used + head, sizeof(text) - used - head);
		if (got >= 0)
			used += head + got;
		names += n;
		names += strspn(names, " ");
	}
	frame(label, "-", kind, used);
}

static void show_group(const char *label, const char *kind)
{
	char path[256];

	snprintf(path, sizeof(path), "/cg/%s", kind + 3);
	if (flush_groups)
		flush_group_statistics(kind + 3);
	show_files(label, kind, path, group_files);
}

/* Per-CPU differences are folded in first, so that counters are exact. */
static int show_machine(const char *label, const char *kind)
{
	if (!strncmp(kind, "cg:", 3))
		return show_group(label, kind), 1;
	for (const struct one *o = single; o->kind; o++)
		if (!strcmp(o->kind, kind)) {
			if (o->counters)
				write_file("/proc/sys/vm/stat_refresh", "1");
			return show_file(label, "-", kind, o->path), 1;
		}
	for (const struct several *s = several; s->kind; s++)
		if (!strcmp(s->kind, kind))
			return show_files(label, kind, s->directory, s->names), 1;
	return 0;
}

static void show_pages(const char *label, struct task *t, const char *kind)
{
	char where[128], *length;
	unsigned long start, bytes;

	snprintf(where, sizeof(where), "%s", kind + 3);
	length = strrchr(where, ':');
	if (length)
		*length++ = 0;
	if (!length || parse_value(where, &start) || parse_value(length, &bytes))
		frame(label, t->name, kind, snprintf(text, sizeof(text), "E 22"));
	else
		frame(label, t->name, kind,
		      describe_pages(t->pid, start, bytes, text, sizeof(text)));
}

static void show_task(const char *label, const char *name, const char *kind)
{
	struct task *t = find_task(name);
	char path[128];

	if (!t) {
		frame(label, name, kind, snprintf(text, sizeof(text), "E 3"));
		return;
	}
	if (!strncmp(kind, "pm:", 3)) {
		show_pages(label, t, kind);
		return;
	}
	snprintf(path, sizeof(path), "/proc/%d/%s", t->pid, kind);
	show_file(label, name, kind, path);
}

void checkpoint(char **word, int words)
{
	for (int i = 1; i < words; i++) {
		char *kind = word[i], *dot = strchr(kind, '.');
		char *colon = strchr(kind, ':');

		if (show_machine(word[0], kind))
			continue;
		if (dot && (!colon || dot < colon)) {
			*dot = 0;
			show_task(word[0], kind, dot + 1);
		} else
			show_task(word[0], "p", kind);
	}
}

void show_path(const char *path)
{
	show_file("show", "-", path, path);
}
