/*
 * The program that every task runs: no libc, fixed addresses, no memory of its
 * own beyond eight pages of text, five of data and three of stack, all resident
 * before the first command, so that a command's faults are its own.  While a
 * command is awaited and answered, only the first control page and the top of
 * the stack are used; while it is counted, the page of `recovery` is written.
 */
#include <linux/futex.h>
#include <linux/sched.h>
#include <signal.h>
#include "task.h"

#define DATA_ADDR 0x408000UL
#define DATA_PAGES 5
#define STACK_PAGES 3
#define SIGNAL_STACK_SIZE 8192
#define SA_RESTORER_FLAG 0x04000000

#define IN_DATA __attribute__((section(".data")))

struct slot *me IN_DATA;
static void *recovery[5] IN_DATA;	/* __builtin_setjmp's state */
static char signal_stack[SIGNAL_STACK_SIZE] __attribute__((aligned(4096)));

void *memset(void *to, int byte, unsigned long n)
{
	for (char *p = to; n--; p++)
		*p = byte;
	return to;
}

static void touch_read(unsigned long start, unsigned long pages)
{
	for (; pages--; start += PAGE)
		(void)*(volatile char *)start;
}

/* Keeps what is there: a read and a write, which are two faults on a new page. */
static void touch_write(unsigned long start, unsigned long end)
{
	for (; start < end; start += PAGE) {
		volatile char *p = (volatile char *)start;
		*p = *p;
	}
}

/* For pages whose content does not matter: one fault each. */
static void overwrite(unsigned long start, unsigned long pages)
{
	for (; pages--; start += PAGE)
		*(volatile char *)start = 0;
}

static void settle_private(void)
{
	unsigned long sp = (unsigned long)__builtin_frame_address(0) & -PAGE;
	unsigned long spare = (unsigned long)signal_stack;

	touch_write(DATA_ADDR, spare);
	overwrite(spare, SIGNAL_STACK_SIZE / PAGE);
	touch_write(spare + SIGNAL_STACK_SIZE, DATA_ADDR + DATA_PAGES * PAGE);
	overwrite(sp - (STACK_PAGES - 1) * PAGE, STACK_PAGES - 2);
	touch_write(sp - PAGE, sp + PAGE);	/* a red zone can reach below */
}

/* The task's own slot first: a write, which brings no neighbours with it. */
static void settle(void)
{
	me->signo = 0;
	touch_read(TEXT_ADDR, TEXT_PAGES);
	touch_read(CONTROL_ADDR, CONTROL_SIZE / PAGE);
	settle_private();
}

static void futex_wait(unsigned *word, unsigned value)
{
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value)
		sys6(SYS_futex, (unsigned long)word, FUTEX_WAIT, value, 0, 0, 0);
}

static void post_answer(struct slot *s)
{
	__atomic_store_n(&s->answer, s->request, __ATOMIC_RELEASE);
	sys6(SYS_futex, (unsigned long)&s->answer, FUTEX_WAKE, 1, 0, 0, 0);
}

static void on_signal(int signo, siginfo_t *info, void *context)
{
	(void)context;
	me->signo = signo;
	me->sigcode = info->si_code;
	__builtin_longjmp(recovery, 1);
}

__asm__(".globl sigreturn_stub\nsigreturn_stub: mov $15, %eax\nsyscall");
void sigreturn_stub(void);

static void catch_signals(void)
{
	struct { void *handler; unsigned long flags; void *restorer; unsigned long mask; }
		action = { on_signal, SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTORER_FLAG,
			   sigreturn_stub, 0 };
	stack_t stack = { signal_stack, 0, sizeof(signal_stack) };

	sys2(SYS_sigaltstack, (unsigned long)&stack, 0);
	sys4(SYS_rt_sigaction, SIGSEGV, (unsigned long)&action, 0, 8);
	sys4(SYS_rt_sigaction, SIGBUS, (unsigned long)&action, 0, 8);
}

/* A child of the runner, not of this task, so that the runner can wait for it. */
static long do_fork(struct slot *s)
{
	struct slot *child = slot_at(CONTROL, s->arg[0]);
	unsigned before = child->answer;
	long pid = sys5(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);

	if (pid < 0) {
		settle_private();	/* a failed fork can leave pages write-protected */
		return pid;
	}
	if (pid == 0) {
		me = child;
		settle();
		post_answer(child);
		return 0;
	}
	futex_wait(&child->answer, before);
	settle_private();
	return pid;
}

static long do_rlimit(struct slot *s)
{
	unsigned long limit[2] = { s->arg[1], s->arg[2] };

	return sys4(SYS_prlimit64, 0, s->arg[0], (unsigned long)limit, 0);
}

static long do_affinity(struct slot *s)
{
	unsigned long mask = 1UL << s->arg[0];
	long ret = sys3(SYS_sched_setaffinity, 0, sizeof(mask), (unsigned long)&mask);

	return ret > 0 ? 0 : ret;
}

static long do_sleep(struct slot *s)
{
	unsigned long time[2] = { s->arg[0] / 1000, s->arg[0] % 1000 * 1000000 };

	return sys2(SYS_nanosleep, (unsigned long)time, 0);
}

static long do_task(struct slot *s)
{
	switch (s->op) {
	case OP_FORK: return do_fork(s);
	case OP_EXIT: return sys1(SYS_exit_group, s->arg[0]);
	case OP_AFFIN: return do_affinity(s);
	case OP_SETUID: return sys1(SYS_setuid, s->arg[0]);
	case OP_RLIMIT: return do_rlimit(s);
	case OP_PRCTL:
		return sys5(SYS_prctl, s->arg[0], arg_or(s, 1, 0), arg_or(s, 2, 0),
			    arg_or(s, 3, 0), arg_or(s, 4, 0));
	case OP_SLEEP: return do_sleep(s);
	}
	return -38;
}

static long execute(struct slot *s)
{
	if (s->op <= OP_SP)
		return do_memory(s);
	if (s->op <= OP_PUNCH)
		return do_touch(s);
	if (s->op <= OP_RMFILES)
		return do_file(s);
	return do_task(s);
}

static void count_faults(struct slot *s)
{
	sys2(SYS_getrusage, 0, (unsigned long)s->usage);
}

#define USAGE_MINFLT 8	/* words into struct rusage */
#define USAGE_MAJFLT 9

/*
 * One command, with its faults; the slot that this task has from now on.  A
 * signal comes back here by the second return of setjmp.  What fork costs is
 * what the re-touching of both sides costs, so that its own count is left at 0.
 */
static struct slot *serve(struct slot *s)
{
	long minflt, majflt, result;

	s->signo = 0;
	s->touched = 0;
	count_faults(s);
	minflt = s->usage[USAGE_MINFLT];
	majflt = s->usage[USAGE_MAJFLT];
	if (!__builtin_setjmp(recovery)) {
		result = execute(s);
		if (me != s)
			return me;	/* the child of a fork: already answered */
		s->result = result;
	}
	count_faults(s);
	s->minflt = s->op == OP_FORK ? 0 : s->usage[USAGE_MINFLT] - minflt;
	s->majflt = s->op == OP_FORK ? 0 : s->usage[USAGE_MAJFLT] - majflt;
	post_answer(s);
	return s;
}

__attribute__((noreturn, used)) static void task_main(void)
{
	struct slot *s;

	sys6(SYS_mmap, CONTROL_ADDR, CONTROL_SIZE, 3, 0x11, CONTROL_FD, 0);
	sys1(SYS_close, CONTROL_FD);
	me = slot_at(CONTROL, STARTING_SLOT(CONTROL));
	catch_signals();
	settle();
	post_answer(me);
	for (s = me;;) {
		futex_wait(&s->request, s->answer);
		s = serve(s);
	}
}

__asm__(".globl _start\n_start: xor %ebp, %ebp\nand $-16, %rsp\ncall task_main");
