/*
 * What the runner and its tasks share: the control area at a fixed address.
 *
 *   0x10000000  slots, one a task (SLOT_SIZE bytes each)
 *   0x10040000  buffer for file contents and mincore vectors
 *   0x10080000  end; every page is resident in every task before a command
 *
 * A command is one request: the runner fills the slot, raises `request` and
 * waits on `answer`; the task does the reverse.  No pipe is used, so that the
 * first file a task opens is descriptor 3.
 */
#ifndef PROTO_H
#define PROTO_H

#define CONTROL_ADDR 0x10000000UL
#define CONTROL_SIZE 0x80000UL
#define BUFFER_OFFSET 0x40000UL
#define BUFFER_SIZE 0x40000UL
#define SLOT_SIZE 1024UL
#define MAX_TASKS 64
#define MAX_ARGS 8
#define CONTROL_FD 3		/* while a task starts; closed before its first command */
#define TEXT_ADDR 0x400000UL
#define TEXT_PAGES 8
#define PAGE 4096UL

enum op {
	OP_NONE,
	OP_MMAP, OP_MUNMAP, OP_MPROTECT, OP_MREMAP, OP_MADVISE, OP_MLOCK, OP_MUNLOCK,
	OP_MLOCKALL, OP_MUNLOCKALL, OP_MLOCK2, OP_BRK, OP_MINCORE, OP_MBIND, OP_SETPOL,
	OP_GETPOL, OP_MOVEPAGES, OP_MIGRATE, OP_MSYNC, OP_MEMFD, OP_SECRET, OP_SHMGET,
	OP_SHMAT, OP_SHMDT, OP_SHMRM, OP_SP,
	OP_READ_TOUCH, OP_WRITE_TOUCH, OP_RANDOM_TOUCH, OP_FILL, OP_HASH, OP_VMAS,
	OP_MMAPN, OP_PUNCH,
	OP_OPEN, OP_CLOSE, OP_PREAD, OP_PWRITE, OP_READ, OP_WRITE, OP_LSEEK, OP_FRND,
	OP_FSYNC, OP_FDATASYNC, OP_SYNC, OP_FADVISE, OP_READAHEAD, OP_FTRUNCATE,
	OP_FALLOCATE, OP_UNLINK, OP_MKDIR, OP_MKFILES, OP_STATFILES, OP_RMFILES,
	OP_FORK, OP_EXIT, OP_AFFIN, OP_SETUID, OP_RLIMIT, OP_PRCTL, OP_SLEEP,
};

struct slot {
	unsigned request, answer;	/* sequence numbers, futex words */
	unsigned op, nargs;
	unsigned long arg[MAX_ARGS];
	long result;			/* value or -errno */
	long extra[4];
	int signo, sigcode;		/* a signal that ended the command, or 0 */
	unsigned long touched;		/* pages touched so far */
	long minflt, majflt;		/* of the last command that was answered */
	long usage[18];			/* struct rusage */
	char path[256];
};


static inline struct slot *slot_at(void *control, unsigned index)
{
	return (struct slot *)((char *)control + index * SLOT_SIZE);
}

/* The slot of a task that is starting, in the last slot's place. */
#define STARTING_SLOT(control) (*(unsigned *)((char *)(control) + MAX_TASKS * SLOT_SIZE))

_Static_assert(sizeof(struct slot) <= SLOT_SIZE, "a slot must fit its place");

/* xorshift64 (13, 7, 17): the generator of `rnd`, `fill` and `frnd`. */
static inline unsigned long seeded(unsigned long seed)
{
	return seed * 2654435761UL + 88172645463325252UL;
}

static inline unsigned long next_random(unsigned long *state)
{
	unsigned long x = *state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return *state = x;
}

#endif
