/* The runner: reads scenarios, drives the tasks, shows the kernel's answers. */
#ifndef RUNNER_H
#define RUNNER_H

#include <stddef.h>
#include <sys/types.h>
#include "proto.h"

#define MAX_WORDS 24
#define NAME_SIZE 32
#define TEXT_SIZE (1 << 20)

/* main.c */
void touch_own_pages(void);

/* port.c: the machine's debug port, firmware configuration and power switch */
void port_open(void);
void emit(const char *data, size_t length);
void emitf(const char *format, ...) __attribute__((format(printf, 1, 2)));
size_t firmware_file(const char *name, char *to, size_t size);
void power_off(void) __attribute__((noreturn));

/* value.c: expressions and registers */
int parse_value(const char *text, unsigned long *value);
void set_register(const char *name, unsigned long value);
void clear_registers(void);

/* names.c: flags and advice by name; each gives 0, or -1 for an unknown name */
int parse_named(char kind, const char *text, unsigned long *value);

/* tasks.c */
struct task {
	char name[NAME_SIZE];
	pid_t pid;		/* 0: no such task any more */
	struct slot *slot;
};
extern unsigned long operation_timeout_ms;
void tasks_open(void);
const unsigned char *task_buffer(void);
struct task *find_task(const char *name);
int spawn_task(const char *name, const char *cgroup);
int add_forked(const char *name, struct task **child);
void forget_task(struct task *t);
void kill_all_tasks(void);
enum outcome { ANSWERED, DIED, TIMED_OUT };
enum outcome run_in_task(struct task *t, int *status);
void await_exit(struct task *t);
int reap_task(struct task *t, int kill_first, int *status);

/* command.c */
void run_line(int number, char *line);
void answer(int number, const char *task, const char *command, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* files.c: kernel files, without allocating */
extern char text[TEXT_SIZE];
long read_file(const char *path, char *to, size_t size);
int write_file(const char *path, const char *value);
int write_command(const char *path, char **words, int count);
void pause_ms(unsigned long ms);
void remove_tree(const char *path, char **kept);

/* machine.c: commands on the machine; each gives 0 or more, or -errno */
long machine_command(char **word, int words, int *silent);
void prepare_machine(void);
void flush_group_statistics(const char *group);
extern int flush_groups;

/* show.c */
void checkpoint(char **word, int words);
void show_path(const char *path);

/* pagemap.c */
void pagemap_open(void);
size_t describe_pages(pid_t pid, unsigned long start, unsigned long length, char *to, size_t size);

/* trace.c */
void trace_start(const char *events);
void trace_stop(void);

#endif
