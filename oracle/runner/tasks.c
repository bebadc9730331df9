/* Tasks: started, asked, waited for. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "runner.h"
#include "sys.h"

#define SLICE_MS 100UL		/* a lost wake-up costs no more than this */
#define REAP_TRIES 30
#define REAP_STEP_MS 10

unsigned long operation_timeout_ms;
static struct task tasks[MAX_TASKS];
static int control_fd;
static char *control;

static void on_child(int signo)
{
	(void)signo;		/* only so that futex waits are interrupted */
}

/*
 * The runner holds the tasks' text mapped as well, so that it counts as shared
 * by one more process than there are tasks, as the control area does.
 */
static void hold_text(void)
{
	int fd = open("/exe", O_RDONLY | O_CLOEXEC);
	volatile char *p = mmap(NULL, TEXT_PAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);

	for (int i = 0; i < TEXT_PAGES; i++)
		(void)p[i * PAGE];
	close(fd);
}

void tasks_open(void)
{
	struct sigaction action = { .sa_handler = on_child };

	sigaction(SIGCHLD, &action, NULL);
	control_fd = open("/control", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (control_fd == CONTROL_FD)		/* dup2() to itself would leave it closed on exec */
		control_fd = fcntl(CONTROL_FD, F_DUPFD_CLOEXEC, CONTROL_FD + 1);
	if (control_fd < 0 || ftruncate(control_fd, CONTROL_SIZE))
		perror("/control");
	control = mmap(NULL, CONTROL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, control_fd, 0);
	memset(control, 0, CONTROL_SIZE);
	for (int i = 0; i < MAX_TASKS; i++)
		tasks[i].slot = slot_at(control, i);
	hold_text();
}

/* The buffer behind the slots, where a task leaves a mincore vector. */
const unsigned char *task_buffer(void)
{
	return (unsigned char *)control + BUFFER_OFFSET;
}

struct task *find_task(const char *name)
{
	for (int i = 0; i < MAX_TASKS; i++)
		if (tasks[i].pid && !strcmp(tasks[i].name, name))
			return &tasks[i];
	return NULL;
}

static struct task *new_task(const char *name)
{
	for (int i = 0; i < MAX_TASKS; i++) {
		struct task *t = &tasks[i];

		if (t->pid)
			continue;
		strncpy(t->name, name, NAME_SIZE - 1);
		t->name[NAME_SIZE - 1] = 0;
		t->slot->request = t->slot->answer = 1;
		t->slot->minflt = t->slot->majflt = 0;
		return t;
	}
	return NULL;
}

void forget_task(struct task *t)
{
	t->pid = 0;
}

/* The futex words are compared as shared memory, hence no private futexes. */
static void await_answer(struct slot *s, unsigned seen, unsigned long ms)
{
	struct timespec slice = { ms / 1000, ms % 1000 * 1000000 };

	syscall(SYS_futex, &s->answer, FUTEX_WAIT, seen, &slice, NULL, 0);
}

static unsigned long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000UL + t.tv_nsec / 1000000;
}

static int has_died(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid == pid;
}

/* Until `answer` leaves `seen`. */
static enum outcome await(struct task *t, unsigned seen)
{
	unsigned long end = now_ms() + operation_timeout_ms;

	while (__atomic_load_n(&t->slot->answer, __ATOMIC_ACQUIRE) == seen) {
		if (has_died(t->pid))
			return DIED;
		if (now_ms() >= end)
			return TIMED_OUT;
		await_answer(t->slot, seen, SLICE_MS);
	}
	return ANSWERED;
}

/*
 * What the child of the runner does before it is a task, by system calls alone:
 * each page that it touches is a fault that its task is counted for.
 */
__attribute__((noreturn, noinline)) static void become_task(const char *procs)
{
	static char path[] = "/exe";	/* in data, which a fork copies, unlike constants */
	static char *argv[] = { path + 1, NULL }, *envp[] = { NULL };
	long fd, ret = 0;

	if (*procs) {
		fd = sys3(SYS_open, (unsigned long)procs, O_WRONLY, 0);
		ret = sys3(SYS_write, fd, (unsigned long)"0", 1);
		sys1(SYS_close, fd);
	}
	if (ret >= 0) {
		sys2(SYS_dup2, control_fd, CONTROL_FD);
		sys3(SYS_execve, (unsigned long)path, (unsigned long)argv, (unsigned long)envp);
	}
	for (;;)
		sys1(SYS_exit_group, 127);
}

/* 0, or -errno; the new task has settled when this returns */
int spawn_task(const char *name, const char *cgroup)
{
	struct task *t = find_task(name) ? NULL : new_task(name);
	static char procs[512];
	unsigned seen;
	long pid;

	if (!t)
		return -EEXIST;
	snprintf(procs, sizeof(procs), cgroup ? "/cg/%s/cgroup.procs" : "", cgroup);
	seen = t->slot->answer--;
	STARTING_SLOT(control) = t - tasks;
	pid = sys5(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		become_task(procs);
	if (pid < 0)
		return pid;
	t->pid = pid;
	if (await(t, seen - 1) == ANSWERED) {
		touch_own_pages();
		return 0;
	}
	reap_task(t, 1, NULL);
	return -ESRCH;
}

/* A place for the child of a fork; its number goes to the forking task. */
int add_forked(const char *name, struct task **child)
{
	*child = find_task(name) ? NULL : new_task(name);
	if (!*child)
		return -EEXIST;
	(*child)->slot->answer--;
	return *child - tasks;
}

/* One filled request.  `status` is wait's, for a task that died (and is reaped). */
enum outcome run_in_task(struct task *t, int *status)
{
	unsigned seen = t->slot->answer;
	enum outcome outcome;

	__atomic_store_n(&t->slot->request, seen + 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &t->slot->request, FUTEX_WAKE, 1, NULL, NULL, 0);
	outcome = await(t, seen);
	if (outcome != ANSWERED)
		reap_task(t, 1, status);
	return outcome;
}

void await_exit(struct task *t)
{
	__atomic_store_n(&t->slot->request, t->slot->answer + 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &t->slot->request, FUTEX_WAKE, 1, NULL, NULL, 0);
	await(t, t->slot->answer);
}

/* 1 when it was reaped, 0 when it still lives */
int reap_task(struct task *t, int kill_first, int *status)
{
	int own;

	if (kill_first)
		kill(t->pid, SIGKILL);
	for (int i = 0; i < REAP_TRIES || kill_first; i++) {
		pid_t pid = waitpid(t->pid, status ? status : &own, kill_first ? 0 : WNOHANG);

		if (pid == t->pid || (pid < 0 && errno == ECHILD)) {
			forget_task(t);
			return 1;
		}
		if (!kill_first)
			pause_ms(REAP_STEP_MS);
	}
	return 0;
}

void kill_all_tasks(void)
{
	for (int i = 0; i < MAX_TASKS; i++)
		if (tasks[i].pid)
			reap_task(&tasks[i], 1, NULL);
}
