/* One line of a scenario: who runs it, with what arguments, and its answer. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "runner.h"

#define HEX_FROM 0x1000000L	/* results from here on are printed in hex */

/*
 * A task's commands.  Letters of `args`: R register that takes the result,
 * v value, o octal, s path or name, n value that may be left out, and those of
 * parse_named(); what follows `?` may be left out.
 */
static const struct spec { const char *name; int op; const char *args; } specs[] = {
	{ "mmap", OP_MMAP, "Rvvpf?vv" }, { "munmap", OP_MUNMAP, "v?v" },
	{ "mprotect", OP_MPROTECT, "v?vp" }, { "mremap", OP_MREMAP, "Rvvvr?v" },
	{ "madvise", OP_MADVISE, "vvA" }, { "mlock", OP_MLOCK, "vv" },
	{ "munlock", OP_MUNLOCK, "vv" }, { "mlockall", OP_MLOCKALL, "l" },
	{ "munlockall", OP_MUNLOCKALL, "" }, { "mlock2", OP_MLOCK2, "vvl" },
	{ "brk", OP_BRK, "Rv" }, { "mincore", OP_MINCORE, "vv" },
	{ "mbind", OP_MBIND, "vvPv?b" }, { "setpol", OP_SETPOL, "P?v" },
	{ "getpol", OP_GETPOL, "v" }, { "movepages", OP_MOVEPAGES, "vvv" },
	{ "migrate", OP_MIGRATE, "vv" }, { "msync", OP_MSYNC, "vvv" },
	{ "memfd", OP_MEMFD, "Rs?M" }, { "secret", OP_SECRET, "R" },
	{ "shmget", OP_SHMGET, "RvvS" }, { "shmat", OP_SHMAT, "Rvv?S" },
	{ "shmdt", OP_SHMDT, "v" }, { "shmrm", OP_SHMRM, "v" }, { "sp", OP_SP, "R" },
	{ "r", OP_READ_TOUCH, "vv?v" }, { "w", OP_WRITE_TOUCH, "vv?v" },
	{ "rnd", OP_RANDOM_TOUCH, "vvvv?v" }, { "fill", OP_FILL, "vvv?vv" },
	{ "hash", OP_HASH, "vv" }, { "vmas", OP_VMAS, "vv" }, { "mmapn", OP_MMAPN, "vv?v" },
	{ "punch", OP_PUNCH, "vvv" }, { "open", OP_OPEN, "RsO?o" }, { "close", OP_CLOSE, "v" },
	{ "pread", OP_PREAD, "vvv?v" }, { "pwrite", OP_PWRITE, "vvv?v" },
	{ "read", OP_READ, "vv?v" }, { "write", OP_WRITE, "vv?v" },
	{ "lseek", OP_LSEEK, "vv" }, { "frnd", OP_FRND, "vvvv" }, { "fsync", OP_FSYNC, "v" },
	{ "fdatasync", OP_FDATASYNC, "v" }, { "sync", OP_SYNC, "" },
	{ "fadvise", OP_FADVISE, "vvvD" }, { "readahead", OP_READAHEAD, "vvv" },
	{ "ftruncate", OP_FTRUNCATE, "vv" }, { "fallocate", OP_FALLOCATE, "vvv?F" },
	{ "unlink", OP_UNLINK, "s" }, { "mkdir", OP_MKDIR, "s" },
	{ "mkfiles", OP_MKFILES, "sv?v" }, { "statfiles", OP_STATFILES, "sv?v" },
	{ "rmfiles", OP_RMFILES, "sv" }, { "affin", OP_AFFIN, "v" },
	{ "setuid", OP_SETUID, "v" }, { "rlimit", OP_RLIMIT, "Lvv" },
	{ "prctl", OP_PRCTL, "v?vvvv" }, { "sleep", OP_SLEEP, "v" },
	{ "exit", OP_EXIT, "v" }, { "fork", OP_FORK, "" }, { NULL, 0, NULL } };

void answer(int number, const char *task, const char *command, const char *format, ...)
{
	static char result[65536];
	va_list args;

	va_start(args, format);
	vsnprintf(result, sizeof(result), format, args);
	va_end(args);
	emitf("O %d\t%s\t%.1000s\t", number, task, command);
	emit(result, strlen(result));
	emit("\n", 1);
}

static const char *number_text(long value)
{
	static char buffer[32];

	if (value < 0 && value > -4096)
		snprintf(buffer, sizeof(buffer), "E %ld", -value);
	else
		snprintf(buffer, sizeof(buffer), value >= HEX_FROM || value < 0 ? "%#lx" : "%ld",
			 value);
	return buffer;
}

static int parse_argument(char kind, const char *word, struct slot *s)
{
	unsigned long *value = &s->arg[s->nargs];
	char *end;

	switch (kind) {
	case 's':
		strncpy(s->path, word, sizeof(s->path) - 32);
		return 0;
	case 'o':
		*value = strtoul(word, &end, 8);
		break;
	case 'v':
		if (parse_value(word, value))
			return -1;
		break;
	default:
		if (parse_named(kind, word, value))
			return -1;
	}
	s->nargs++;
	return 0;
}

/* The register's name, "" for none, NULL for arguments that are no such. */
static const char *parse_arguments(const struct spec *spec, char **word, int words, struct slot *s)
{
	const char *into = "";
	int optional = 0;

	s->op = spec->op;
	s->nargs = 0;
	for (const char *kind = spec->args; *kind; kind++) {
		if (*kind == '?') {
			optional = 1;
			continue;
		}
		if (!words)
			return optional ? into : NULL;
		if (*kind == 'R')
			into = *word;
		else if (parse_argument(*kind, *word, s))
			return NULL;
		word++;
		words--;
	}
	return words ? NULL : into;
}

static size_t core_runs(const unsigned char *core, unsigned long pages, char *to, size_t size)
{
	size_t n = 0;

	to[0] = 0;
	for (unsigned long i = 0, start = 0; i < pages && n < size - 24; i++)
		if (i + 1 == pages || ((core[i] ^ core[i + 1]) & 1)) {
			n += snprintf(to + n, size - n, " %c%lu", core[i] & 1 ? '+' : '-',
				      i + 1 - start);
			start = i + 1;
		}
	return n;
}

static void append_extra(struct slot *s, char *to, size_t size)
{
	if (s->op == OP_GETPOL)
		snprintf(to, size, " mode %ld nodes %lx", s->extra[0], s->extra[1]);
	else if (s->op == OP_MOVEPAGES)
		snprintf(to, size, " n0 %ld n1 %ld other %ld", s->extra[0], s->extra[1], s->extra[2]);
	else if (s->op == OP_MINCORE) {
		size_t n = snprintf(to, size, " runs");

		core_runs(task_buffer(), (s->arg[1] + PAGE - 1) / PAGE, to + n, size - n);
	}
}

static void report(int number, struct task *t, const char *command, const char *into)
{
	static char extra[60000];
	struct slot *s = t->slot;

	extra[0] = 0;
	if (s->signo) {
		answer(number, t->name, command, "SIG %d code %d after %lu\t%ld\t%ld", s->signo,
		       s->sigcode, s->touched, s->minflt, s->majflt);
		return;
	}
	if (s->result >= 0)
		append_extra(s, extra, sizeof(extra));
	if (*into)	/* an error too, so that what goes on with it fails as well */
		set_register(into, s->result);
	answer(number, t->name, command, "%s%s\t%ld\t%ld",
	       number_text(s->op == OP_FORK && s->result > 0 ? 0 : s->result), extra,
	       s->minflt, s->majflt);
}

static void report_end(int number, const char *name, const char *command, int outcome, int status)
{
	if (outcome == TIMED_OUT)
		answer(number, name, command, "TIMEOUT");
	else if (WIFSIGNALED(status))
		answer(number, name, command, "KILLED %d", WTERMSIG(status));
	else
		answer(number, name, command, "EXITED %d", WEXITSTATUS(status));
}

static void run_exit(int number, struct task *t, const char *command)
{
	await_exit(t);
	answer(number, t->name, command, "0\t%ld\t%ld", t->slot->minflt, t->slot->majflt);
}

static int prepare_fork(struct task *t, const char *name, struct task **child)
{
	int index = add_forked(name, child);

	if (index < 0)
		return index;
	t->slot->op = OP_FORK;
	t->slot->nargs = 1;
	t->slot->arg[0] = index;
	return 0;
}

static void run_task_command(int number, struct task *t, const char *command, char **word, int words)
{
	const struct spec *spec = specs;
	const char *into = "";
	struct task *child = NULL;
	char name[NAME_SIZE];
	int status = 0, outcome;

	while (spec->name && strcmp(spec->name, word[0]))
		spec++;
	if (!spec->name) {
		answer(number, t->name, command, "UNKNOWN");
		return;
	}
	if (spec->op == OP_FORK ? words != 2 || prepare_fork(t, word[1], &child)
				: !(into = parse_arguments(spec, word + 1, words - 1, t->slot))) {
		answer(number, t->name, command, "BAD ARGUMENTS");
		return;
	}
	if (spec->op == OP_EXIT) {
		run_exit(number, t, command);
		return;
	}
	strcpy(name, t->name);
	outcome = run_in_task(t, &status);
	if (outcome != ANSWERED) {
		report_end(number, name, command, outcome, status);
		return;
	}
	if (child && t->slot->result > 0)
		child->pid = t->slot->result;
	report(number, t, command, into);
}

static void run_reap(int number, const char *name, int kill_first)
{
	struct task *t = find_task(name);
	int status = 0;

	if (!t)
		return;		/* its end has been reported with the command it died in */
	if (!reap_task(t, kill_first, &status))
		answer(number, name, "reap", "alive");
	else if (WIFSIGNALED(status))
		answer(number, name, "reap", "signal %d", WTERMSIG(status));
	else
		answer(number, name, "reap", "exit %d", WEXITSTATUS(status));
}

/* Commands about a task that the runner itself carries out. */
static int run_about_task(int number, char **word, int words)
{
	static char path[128];
	struct task *t;

	if (!strcmp(word[0], "spawn") && words > 1) {
		answer(number, word[1], "spawn", "%s",
		       number_text(spawn_task(word[1], words > 2 ? word[2] : NULL)));
		return 1;
	}
	if ((!strcmp(word[0], "reap") || !strcmp(word[0], "kill")) && words == 2) {
		run_reap(number, word[1], word[0][0] == 'k');
		return 1;
	}
	if ((strcmp(word[0], "clearrefs") && strcmp(word[0], "oomadj")) || words != 3)
		return 0;
	t = find_task(word[1]);
	snprintf(path, sizeof(path), "/proc/%d/%s", t ? t->pid : 0,
		 word[0][0] == 'c' ? "clear_refs" : "oom_score_adj");
	answer(number, word[1], word[0], "%s", number_text(write_file(path, word[2])));
	return 1;
}

static int split(char *line, char **word)
{
	int n = 0;

	for (char *p = strtok(line, " \t"); p && n < MAX_WORDS; p = strtok(NULL, " \t"))
		word[n++] = p;
	return n;
}

static int is_short(const char *name)
{
	return !strcmp(name, "mkswap") || !strcmp(name, "swapon") || !strcmp(name, "swapoff");
}

static int run_machine_command(int number, const char *command, char **word, int words)
{
	int silent = 0;
	long ret = machine_command(word, words, &silent);

	if (ret == -ENOSYS)
		return 0;
	if (!silent || ret < 0)
		answer(number, "-", is_short(word[0]) ? word[0] : command, "%s", number_text(ret));
	return 1;
}

void run_line(int number, char *line)
{
	static char command[1024];
	char *word[MAX_WORDS];
	const char *name = "p";
	struct task *t;
	int words;

	line[strcspn(line, "#\r\n")] = 0;
	line += strspn(line, " \t");
	if (line[strcspn(line, " \t")] && strcspn(line, ":") < strcspn(line, " \t")) {
		name = strtok(line, ":");
		line = strtok(NULL, "");
		line += strspn(line, " \t");
	}
	snprintf(command, sizeof(command), "%s", line);
	words = split(line, word);
	if (!words || !strcmp(word[0], "scenario"))
		return;
	if (!strcmp(word[0], "ck"))
		checkpoint(word + 1, words - 1);
	else if (!strcmp(word[0], "show") && words == 2)
		show_path(word[1]);
	else if (!run_about_task(number, word, words) &&
		 !run_machine_command(number, command, word, words)) {
		t = find_task(name);
		if (t)
			run_task_command(number, t, command, word, words);
		else
			answer(number, name, command, "E %d", ESRCH);
	}
}
