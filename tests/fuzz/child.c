/* The program that is fuzzed on the real kernel: it carries out one command after another.
 *
 * No libc, no data, no heap: text at 0x400000, and one shared anonymous area at 0x10000000 with a
 * slot a task, so that everything else of the address space is what the commands made of it.
 * Task k reads commands from descriptor 10 + 2k and answers on 11 + 2k. Between commands nothing
 * of its own is touched for the first time, so faults counted around a command are the command's.
 * Batches of folios on their way to the LRU lists are drained after every command, for anybody on
 * this CPU may drain them at any time, and what MADV_FREE freed shows only then.
 * Descriptors from 26 on are the files that commands map.
 */
#include <asm/prctl.h>
#include <linux/prctl.h>
#include <linux/resource.h>
#include <linux/signal.h>
#include <linux/wait.h>
#include <asm/sigcontext.h>
#include <asm/ucontext.h>
#include <asm/unistd.h>
#include <linux/time.h>
#include <linux/mman.h>

typedef unsigned long u64;
typedef long i64;

#define AREA 0x10000000UL
#define SLOT 0x10000UL
#define TASKS 8
#define DRAIN (AREA + TASKS * SLOT) /* a page that is never touched */
#define STACK_TOP 0x7ffffffff000UL
#define STACK_SIZE (132 << 10)

enum { SYSCALL, READ, WRITE, FORK, EXIT, REAP, RLIMIT, MINCORE };

struct command { u64 op, args[7]; };
struct answer { i64 result; u64 signal, code, touched, minflt, majflt; };
struct slot {
	struct command cmd;
	struct answer ans;
	u64 resume, touched;
	struct { i64 a[18]; } usage; /* struct rusage: minflt is word 8, majflt word 9 */
	char vec[8192];
	int status;
};

static i64 sys(u64 n, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	i64 r;
	register u64 r10 __asm__("r10") = d;
	register u64 r8 __asm__("r8") = e;
	register u64 r9 __asm__("r9") = f;
	__asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return r;
}

void restorer(void);
__asm__(".globl restorer\nrestorer: mov $15, %eax\nsyscall\n");

static void on_fault(int sig, siginfo_t *info, void *context)
{
	struct ucontext *uc = context;
	struct slot *s = (struct slot *)((u64)__builtin_frame_address(0) & ~(SLOT - 1));
	s->ans.signal = sig;
	s->ans.code = info->si_code;
	uc->uc_mcontext.rip = s->resume;
}

/* Touch a byte every `stride` bytes of [at, end); a signal resumes behind the loop. */
static __attribute__((noinline)) void touch(struct slot *s, u64 at, u64 end, u64 stride, int write)
{
	s->touched = 0;
	__asm__ volatile(
		"lea 3f(%%rip), %%rax\n mov %%rax, %[resume]\n"
		"1: cmp %[end], %[at]\n jae 3f\n"
		"test %[write], %[write]\n jz 2f\n"
		"movb $1, (%[at])\n jmp 4f\n"
		"2: movb (%[at]), %%al\n"
		"4: add %[stride], %[at]\n incq %[touched]\n jmp 1b\n"
		"3:\n"
		: [at] "+r"(at), [resume] "=m"(s->resume), [touched] "+m"(s->touched)
		: [end] "r"(end), [stride] "r"(stride), [write] "r"(write)
		: "rax", "memory", "cc");
	s->ans.touched = s->touched;
}

static void own_pages(void)
{
	for (u64 p = 0x400000; p < 0x402000; p += 4096)
		*(volatile char *)p;
	for (u64 p = AREA; p < AREA + TASKS * SLOT; p += 4096) {
		volatile char *c = (volatile char *)p + 4095;
		*c = *c;
	}
	for (u64 p = STACK_TOP - STACK_SIZE; p < STACK_TOP; p += 4096) {
		volatile char *c = (volatile char *)p;
		*c = *c;
	}
}

static void drain(void)
{
	sys(__NR_munlock, DRAIN, 4096, 0, 0, 0, 0); /* in case of mlockall: no MADV_COLD if locked */
	sys(__NR_madvise, DRAIN, 4096, MADV_COLD, 0, 0, 0);
}

static struct slot *take_slot(u64 k)
{
	struct slot *s = (struct slot *)(AREA + k * SLOT);
	stack_t ss = { .ss_sp = (char *)s + SLOT / 2, .ss_size = SLOT / 2 };
	sys(__NR_sigaltstack, (u64)&ss, 0, 0, 0, 0, 0);
	own_pages();
	return s;
}

static void catch_signals(void)
{
	struct { void *handler; u64 flags; void *restorer; u64 mask; } sa = {
		on_fault, SA_SIGINFO | SA_ONSTACK | SA_NODEFER | 0x04000000, restorer, 0 };
	sys(__NR_rt_sigaction, 11, (u64)&sa, 0, 8, 0, 0);
	sys(__NR_rt_sigaction, 7, (u64)&sa, 0, 8, 0, 0);
}

/* A new soft limit; the hard one stays, and is never passed. */
static i64 limit(u64 resource, u64 soft)
{
	struct { u64 soft, hard; } now;
	i64 failed = sys(__NR_prlimit64, 0, resource, 0, (u64)&now, 0, 0);
	if (failed)
		return failed;
	now.soft = soft < now.hard ? soft : now.hard;
	return sys(__NR_prlimit64, 0, resource, (u64)&now, 0, 0, 0);
}

/* Which pages are there, as one number in `touched`. */
static i64 mincore(struct slot *s, u64 at, u64 length)
{
	i64 result = sys(__NR_mincore, at, length, (u64)s->vec, 0, 0, 0);
	for (u64 i = 0; !result && i < (length + 4095) / 4096; i++)
		s->ans.touched += (i + 1) * (s->vec[i] & 1);
	return result;
}

static void run(struct slot *s)
{
	struct command *c = &s->cmd;
	u64 *a = c->args;
	sys(__NR_getrusage, 0, (u64)&s->usage, 0, 0, 0, 0);
	i64 minflt = s->usage.a[8], majflt = s->usage.a[9];
	if (c->op == SYSCALL)
		s->ans.result = sys(a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
	else if (c->op == READ || c->op == WRITE)
		touch(s, a[0], a[0] + a[1], a[2], c->op == WRITE);
	else if (c->op == RLIMIT)
		s->ans.result = limit(a[0], a[1]);
	else if (c->op == MINCORE)
		s->ans.result = mincore(s, a[0], a[1]);
	sys(__NR_getrusage, 0, (u64)&s->usage, 0, 0, 0, 0);
	s->ans.minflt = s->usage.a[8] - minflt;
	s->ans.majflt = s->usage.a[9] - majflt;
}

static void answer(struct slot *s, u64 k)
{
	drain();
	sys(__NR_write, 11 + 2 * k, (u64)&s->ans, sizeof s->ans, 0, 0, 0);
}

__attribute__((noreturn)) void entry(void)
{
	u64 k = 0;
	sys(__NR_mmap, AREA, TASKS * SLOT, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	sys(__NR_mmap, DRAIN, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	sys(__NR_prctl, PR_SET_THP_DISABLE, 1, 0, 0, 0, 0);
	struct slot *s = take_slot(0);
	catch_signals();
	run(s);
	own_pages();
	s->ans.result = sys(__NR_getpid, 0, 0, 0, 0, 0, 0);
	answer(s, 0);
	for (;;) {
		if (sys(__NR_read, 10 + 2 * k, (u64)&s->cmd, sizeof s->cmd, 0, 0, 0) != sizeof s->cmd)
			sys(__NR_exit_group, 0, 0, 0, 0, 0, 0);
		s->ans = (struct answer){ 0 };
		if (s->cmd.op == FORK) {
			u64 child = s->cmd.args[0];
			i64 pid = sys(__NR_fork, 0, 0, 0, 0, 0, 0);
			if (pid == 0) {
				k = child;
				s = take_slot(k);
				sys(__NR_prctl, PR_SET_PDEATHSIG, 9, 0, 0, 0, 0);
				pid = sys(__NR_getpid, 0, 0, 0, 0, 0, 0);
				s->ans = (struct answer){ 0 };
			} else {
				own_pages();
			}
			s->ans.result = pid;
		} else if (s->cmd.op == EXIT) {
			sys(__NR_exit_group, s->cmd.args[0], 0, 0, 0, 0, 0);
		} else if (s->cmd.op == REAP) {
			s->ans.result = sys(__NR_wait4, s->cmd.args[0], (u64)&s->status, 0, 0, 0, 0);
			if (s->ans.result > 0)
				s->ans.result = s->status;
		} else {
			run(s);
		}
		answer(s, k);
	}
}
