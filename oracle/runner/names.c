/* Flags, advice and policies by the names of the scenario language. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include "runner.h"

struct name { const char *name; unsigned long value; };

static const struct name map_flags[] = {
	{ "shared", MAP_SHARED }, { "priv", MAP_PRIVATE }, { "anon", MAP_ANONYMOUS },
	{ "fixed", MAP_FIXED }, { "noreplace", 0x100000 }, { "populate", MAP_POPULATE },
	{ "noreserve", MAP_NORESERVE }, { "growsdown", MAP_GROWSDOWN },
	{ "locked", MAP_LOCKED }, { "huge", MAP_HUGETLB },
	{ "huge2m", MAP_HUGETLB | 21 << 26 }, { "huge1g", MAP_HUGETLB | 30 << 26 },
	{ "stack", MAP_STACK }, { "32bit", 0x40 }, { "nonblock", MAP_NONBLOCK }, { 0 } };
static const struct name mremap_flags[] = {
	{ "maymove", 1 }, { "mfixed", 2 }, { "dontunmap", 4 }, { 0 } };
static const struct name open_flags[] = {
	{ "rdonly", O_RDONLY }, { "wronly", O_WRONLY }, { "rdwr", O_RDWR },
	{ "creat", O_CREAT }, { "trunc", O_TRUNC }, { "direct", O_DIRECT },
	{ "append", O_APPEND }, { "sync", O_SYNC }, { "excl", O_EXCL },
	{ "noatime", O_NOATIME }, { 0 } };
static const struct name lock_flags[] = {
	{ "current", MCL_CURRENT }, { "future", MCL_FUTURE }, { "onfault", 4 },
	{ "lockonfault", 1 }, { 0 } };
static const struct name mbind_flags[] = {
	{ "mpstrict", MPOL_MF_STRICT }, { "mpmove", MPOL_MF_MOVE },
	{ "mpmoveall", MPOL_MF_MOVE_ALL }, { 0 } };
static const struct name memfd_flags[] = {
	{ "mfdhuge", 4 }, { "cloexec", 1 }, { "sealing", 2 }, { 0 } };
static const struct name shm_flags[] = {
	{ "shmcreat", IPC_CREAT | 0600 }, { "hugetlb", SHM_HUGETLB },
	{ "shmnoreserve", 010000 }, { "rdonly", SHM_RDONLY }, { "remap", SHM_REMAP }, { 0 } };
static const struct name fallocate_modes[] = {
	{ "keepsize", 1 }, { "punch", 3 }, { "collapserange", 8 }, { "zerorange", 16 },
	{ "insertrange", 32 }, { 0 } };
static const struct name memory_advice[] = {
	{ "normal", 0 }, { "random", 1 }, { "sequential", 2 }, { "willneed", 3 },
	{ "dontneed", 4 }, { "free", 8 }, { "remove", 9 }, { "dontfork", 10 },
	{ "dofork", 11 }, { "mergeable", 12 }, { "unmergeable", 13 }, { "hugepage", 14 },
	{ "nohugepage", 15 }, { "dontdump", 16 }, { "dodump", 17 }, { "wipeonfork", 18 },
	{ "keeponfork", 19 }, { "cold", 20 }, { "pageout", 21 }, { "populate_read", 22 },
	{ "populate_write", 23 }, { "dontneed_locked", 24 }, { "collapse", 25 },
	{ "guard_install", 102 }, { "guard_remove", 103 }, { "hwpoison", 100 },
	{ "soft_offline", 101 }, { 0 } };
static const struct name file_advice[] = {
	{ "normal", 0 }, { "random", 1 }, { "sequential", 2 }, { "willneed", 3 },
	{ "dontneed", 4 }, { "noreuse", 5 }, { 0 } };
static const struct name policies[] = {
	{ "default", 0 }, { "preferred", 1 }, { "bind", 2 }, { "interleave", 3 },
	{ "local", 4 }, { "preferred_many", 5 }, { "weighted", 6 }, { 0 } };
static const struct name limits[] = {
	{ "data", RLIMIT_DATA }, { "stack", RLIMIT_STACK }, { "memlock", RLIMIT_MEMLOCK },
	{ "as", RLIMIT_AS }, { "nofile", RLIMIT_NOFILE }, { 0 } };

static const struct name *table_of(char kind)
{
	switch (kind) {
	case 'f': return map_flags;
	case 'r': return mremap_flags;
	case 'O': return open_flags;
	case 'l': return lock_flags;
	case 'b': return mbind_flags;
	case 'M': return memfd_flags;
	case 'S': return shm_flags;
	case 'F': return fallocate_modes;
	case 'A': return memory_advice;
	case 'D': return file_advice;
	case 'P': return policies;
	case 'L': return limits;
	}
	return NULL;
}

static int parse_protection(const char *text, unsigned long *value)
{
	*value = 0;
	for (; *text; text++)
		switch (*text) {
		case 'r': *value |= PROT_READ; break;
		case 'w': *value |= PROT_WRITE; break;
		case 'x': *value |= PROT_EXEC; break;
		case 'g': *value |= PROT_GROWSDOWN; break;
		case '-': break;
		default: return -1;
		}
	return 0;
}

static int lookup(const struct name *table, const char *text, size_t length, unsigned long *value)
{
	for (; table->name; table++)
		if (strlen(table->name) == length && !strncmp(table->name, text, length)) {
			*value |= table->value;
			return 0;
		}
	return -1;
}

int parse_named(char kind, const char *text, unsigned long *value)
{
	const struct name *table = table_of(kind);

	if (kind == 'p')
		return parse_protection(text, value);
	if (!table)
		return -1;
	*value = 0;
	for (;;) {
		size_t n = strcspn(text, ",");

		if (lookup(table, text, n, value)) {
			char *end;

			*value |= strtoul(text, &end, 0);
			if (end == text || end != text + n)
				return -1;
		}
		if (!text[n])
			return 0;
		text += n + 1;
	}
}
