/*
 * The runner is the guest's first process, which is never killed for want of
 * memory.  It makes itself ready, waits until the firmware configuration holds
 * work, and in the end powers the machine off:
 *
 *     RUN
 *     = NAME LENGTH			(and the scenario's text, for each)
 *     ! EVENT,EVENT...			(before a scenario: trace these)
 *
 * While the file begins with WAIT, it asks again: that is where the snapshot
 * of exact mode is taken.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include "runner.h"

#define WORK_FILE "opt/oracle/work"
#define SETTLE_MS 15000		/* of counted time: per-CPU caches shrink, nothing is left over */
#define WORK_SIZE (1 << 20)
#define RUNNER_STACK (32 << 10)	/* more than any call of the runner's needs */

static char work[WORK_SIZE];

static void pin_to_first_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void emit_uptime(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	emitf("E %ld.%02ld\n", t.tv_sec, t.tv_nsec / 10000000);
}

/*
 * Every page of the runner's own is there, and writable, before something is
 * counted: also after a fork, which leaves them write-protected.
 */
void touch_own_pages(void)
{
	extern char __executable_start[], __data_start[], _end[];
	volatile char stack[RUNNER_STACK], *p;

	for (p = __executable_start; p < __data_start; p += PAGE)
		(void)*p;
	for (p = __data_start; p < _end; p += PAGE)
		*p = *p;
	_end[-1] = 0;
	errno = 0;		/* lies on the heap */
	for (size_t i = 0; i < sizeof(stack); i += PAGE)
		stack[i] = 0;
}

static int used;		/* a scenario has left its marks on the machine */

static void run_scenario(const char *name, char *lines, const char *events)
{
	int number = 0;

	emitf("S %s\n", name);
	if (used)
		prepare_machine();
	used = 1;
	trace_start(events);
	while (*lines) {
		char *end = strchrnul(lines, '\n'), *next = *end ? end + 1 : end;

		*end = 0;
		run_line(++number, lines);
		lines = next;
	}
	trace_stop();
	emit_uptime();
}

static void run_work(char *at)
{
	static char events[4096];

	events[0] = 0;
	while (*at) {
		char *line = at, *end = strchrnul(at, '\n'), name[128], held;
		unsigned long length;

		at = *end ? end + 1 : end;
		*end = 0;
		if (line[0] == '!')
			snprintf(events, sizeof(events), "%s", line + 2);
		if (sscanf(line, "= %127s %lu", name, &length) != 2 || length > strlen(at))
			continue;
		held = at[length];
		at[length] = 0;
		run_scenario(name, at, events);
		at += length;
		*at = held;
	}
}

int main(void)
{
	struct utsname kernel;

	port_open();
	pin_to_first_cpu();
	touch_own_pages();
	pagemap_open();
	tasks_open();
	uname(&kernel);
	emitf("K %s %s\n", kernel.release, kernel.version);
	prepare_machine();
	firmware_file(WORK_FILE, work, 5);
	if (!strcmp(work, "WAIT"))
		pause_ms(SETTLE_MS);
	emitf("R\n");
	while (firmware_file(WORK_FILE, work, 5) != 4 || strcmp(work, "RUN\n"))
		;
	firmware_file(WORK_FILE, work, sizeof(work));
	run_work(work + 4);
	emitf("Q\n");
	power_off();
}
