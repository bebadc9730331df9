/* Commands on the machine, and the state that every scenario starts from. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "runner.h"

#define SWAP_PAGES_OFFSET 1028	/* last_page in the swap header */
#define GROUP_TRIES 100
#define GROUP_STEP_MS 20
#define FLUSH_WAIT_MS 2100	/* the kernel's own flush comes every two seconds */
#define DEFAULT_TIMEOUT_MS 60000

int flush_groups;

static long make_swap(const char *device)
{
	static char page[PAGE];
	int fd = open(device, O_RDWR | O_CLOEXEC);
	long size, ret;

	if (fd < 0)
		return -errno;
	size = lseek(fd, 0, SEEK_END);
	memset(page, 0, sizeof(page));
	*(unsigned *)(page + 1024) = 1;
	*(unsigned *)(page + SWAP_PAGES_OFFSET) = size / PAGE - 1;
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	ret = pwrite(fd, page, PAGE, 0);
	if (ret < 0 || fsync(fd))
		ret = -errno;
	close(fd);
	return ret;
}

static long swap_on(const char *device, int priority)
{
	int flags = priority < 0 ? 0 : SWAP_FLAG_PREFER | (priority & SWAP_FLAG_PRIO_MASK);

	return swapon(device, flags) ? -errno : 0;
}

static long group_path(const char *name, const char *file, char *to, size_t size)
{
	return snprintf(to, size, "/cg/%s/%s", name, file) < (int)size ? 0 : -ENAMETOOLONG;
}

static long make_group(const char *name)
{
	char path[256];

	group_path(name, "", path, sizeof(path));
	return mkdir(path, 0755) ? -errno : 0;
}

static long delegate(const char *name)
{
	char path[256];

	group_path(name, "cgroup.subtree_control", path, sizeof(path));
	return write_file(path, "+memory");
}

/* A group is busy until its last task is gone altogether. */
static long remove_group(const char *name)
{
	char path[256];

	group_path(name, "", path, sizeof(path));
	for (int i = 0; i < GROUP_TRIES; i++) {
		if (!rmdir(path))
			return 0;
		if (errno != EBUSY)
			break;
		pause_ms(GROUP_STEP_MS);
	}
	return -errno;
}

/* Up to 6.15 a read of cpu.stat flushes every controller; later only time does. */
void flush_group_statistics(const char *group)
{
	static char buffer[4096];
	struct utsname name;
	int major = 0, minor = 0;
	char path[256];

	group_path(group, "cpu.stat", path, sizeof(path));
	read_file(path, buffer, sizeof(buffer));
	uname(&name);
	sscanf(name.release, "%d.%d", &major, &minor);
	if (major * 100 + minor >= 616)
		pause_ms(FLUSH_WAIT_MS);
}

static long drop_caches(void)
{
	sync();
	return write_file("/proc/sys/vm/drop_caches", "3");
}

/*
 * Migration between no nodes moves nothing, but empties every CPU's batches
 * of pages that wait for their list.
 */
static long drain(void)
{
	unsigned long node = 1;

	return syscall(SYS_migrate_pages, 0, 65, &node, &node) < 0 ? -errno : 0;
}

static long set_named(const char *name, const char *value)
{
	unsigned long v;

	if (parse_value(value, &v))
		return -EINVAL;
	set_register(name, v);
	return 0;
}

static long wait_ms(const char *value)
{
	unsigned long v;

	if (parse_value(value, &v))
		return -EINVAL;
	pause_ms(v);
	return 0;
}

static long quiet_command(char **word, int words)
{
	const char *name = word[0], *first = words > 1 ? word[1] : "";

	if (!strcmp(name, "drop")) return drop_caches();
	if (!strcmp(name, "drain")) return drain();
	if (!strcmp(name, "cgsub") && words == 2) return delegate(first);
	if (!strcmp(name, "wait") && words == 2) return wait_ms(first);
	if (!strcmp(name, "set") && words == 3) return set_named(first, word[2]);
	if (!strcmp(name, "cgflush") && words == 2) return flush_groups = atoi(first), 0;
	if (!strcmp(name, "tmo") && words == 2) return operation_timeout_ms = atol(first), 0;
	return -ENOSYS;
}

/* -ENOSYS: no such command, or not with these arguments */
long machine_command(char **word, int words, int *silent)
{
	long ret = quiet_command(word, words);

	*silent = ret != -ENOSYS;
	if (*silent || words < 2)
		return ret;
	if (!strcmp(word[0], "sys") && words > 2)
		return write_command(word[1], word + 2, words - 2);
	if (!strcmp(word[0], "cg")) return make_group(word[1]);
	if (!strcmp(word[0], "cgrm")) return remove_group(word[1]);
	if (!strcmp(word[0], "mkswap")) return make_swap(word[1]);
	if (!strcmp(word[0], "swapon"))
		return swap_on(word[1], words > 2 ? atoi(word[2]) : -1);
	if (!strcmp(word[0], "swapoff")) return swapoff(word[1]) ? -errno : 0;
	return -ENOSYS;
}

/* What is not there on a kernel (an older one, a smaller flavour) is passed over. */
static const char *const defaults[][2] = {
	{ "/sys/kernel/mm/ksm/run", "2" }, { "/sys/kernel/mm/ksm/run", "0" },
	{ "/proc/sys/vm/nr_hugepages", "0" }, { "/proc/sys/vm/nr_overcommit_hugepages", "0" },
	{ "/sys/kernel/mm/transparent_hugepage/enabled", "madvise" },
	{ "/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled", "never" },
	{ "/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs", "10000" },
	{ "/sys/kernel/mm/lru_gen/enabled", "0" },
	{ "/sys/module/zswap/parameters/enabled", "N" },
	{ "/proc/sys/vm/overcommit_memory", "0" }, { "/proc/sys/vm/overcommit_ratio", "50" },
	{ "/proc/sys/vm/swappiness", "60" }, { "/proc/sys/vm/page-cluster", "3" },
	{ "/proc/sys/vm/max_map_count", "65530" },
	{ "/proc/sys/vm/dirty_background_ratio", "10" }, { "/proc/sys/vm/dirty_ratio", "20" },
	{ "/proc/sys/vm/dirty_writeback_centisecs", "500" },
	{ "/proc/sys/vm/dirty_expire_centisecs", "3000" },
	{ "/proc/sys/kernel/randomize_va_space", "0" },
	{ "/proc/sys/kernel/numa_balancing", "0" },
};

static void swap_all_off(void)
{
	static char list[4096];
	char *line;

	if (read_file("/proc/swaps", list, sizeof(list)) <= 0)
		return;
	for (line = strchr(list, '\n'); line && *++line; line = strchr(line, '\n')) {
		char device[128];

		if (sscanf(line, "%127s", device) == 1)
			swapoff(device);
	}
}

static char *files_that_stay[] = { "f16m", "f64m", "f64b", "lost+found", NULL };

void prepare_machine(void)
{
	clear_registers();
	flush_groups = 0;
	operation_timeout_ms = DEFAULT_TIMEOUT_MS;
	kill_all_tasks();
	swap_all_off();
	remove_tree("/mnt", files_that_stay);
	remove_tree("/tmp", NULL);
	for (size_t i = 0; i < sizeof(defaults) / sizeof(*defaults); i++)
		write_file(defaults[i][0], defaults[i][1]);
	drop_caches();
	write_file("/proc/sys/vm/compact_memory", "1");
}
