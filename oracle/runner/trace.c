/* The kernel's event stream of one scenario, from a trace instance of its own. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "runner.h"

#define TRACE "/sys/kernel/tracing/instances/oracle"
#define BUFFER_KB "65536"

static int tracing;

static void enable(const char *name, size_t length)
{
	char event[128];

	if (length >= sizeof(event))
		return;
	memcpy(event, name, length);
	event[length] = 0;
	for (char *p = event; *p; p++)
		if (*p == '/')
			*p = ':';
	int fd = open(TRACE "/set_event", O_WRONLY | O_APPEND | O_CLOEXEC);
	int bad = fd < 0 || write(fd, event, strlen(event)) < 0;

	close(fd);
	if (bad)
		emitf("W this kernel has no trace event %s\n", event);
}

/* `events` are names as GROUP/EVENT or GROUP, apart by commas */
void trace_start(const char *events)
{
	tracing = *events != 0;
	if (!tracing)
		return;
	mkdir(TRACE, 0700);
	write_file(TRACE "/buffer_size_kb", BUFFER_KB);
	while (*events) {
		size_t n = strcspn(events, ",\n");

		enable(events, n);
		events += n + (events[n] != 0);
	}
	write_file(TRACE "/trace", "");
	write_file(TRACE "/tracing_on", "1");
}

/* `T LENGTH` frames, ended by an empty one */
void trace_stop(void)
{
	ssize_t n;
	int fd;

	if (!tracing)
		return;
	write_file(TRACE "/tracing_on", "0");
	fd = open(TRACE "/trace", O_RDONLY | O_CLOEXEC);
	while ((n = read(fd, text, sizeof(text))) > 0) {
		emitf("T %zd\n", n);
		emit(text, n);
		emit("\n", 1);
	}
	close(fd);
	rmdir(TRACE);
}
