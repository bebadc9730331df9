/* Commands that are one system call on the address space, or nearly. */
#include "task.h"

#define POLICY_OF_ADDRESS 2	/* MPOL_F_ADDR */
#define MAX_NODE 64

static unsigned long policy_nodes;	/* in data, so that no stack page is needed */

static long do_brk(struct slot *s)
{
	unsigned long now = sys1(SYS_brk, 0);
	unsigned long wanted = now + s->arg[0];

	return (unsigned long)sys1(SYS_brk, wanted) == wanted ? (long)wanted : -12;
}

static long do_mbind(struct slot *s)
{
	policy_nodes = s->arg[3];
	return sys6(SYS_mbind, s->arg[0], s->arg[1], s->arg[2], (unsigned long)&policy_nodes,
		    MAX_NODE + 1, arg_or(s, 4, 0));
}

static long do_setpol(struct slot *s)
{
	policy_nodes = arg_or(s, 1, 0);
	return sys3(SYS_set_mempolicy, s->arg[0],
		    policy_nodes ? (unsigned long)&policy_nodes : 0,
		    policy_nodes ? MAX_NODE + 1 : 0);
}

static long do_getpol(struct slot *s)
{
	static int mode;
	unsigned long address = s->arg[0];
	static unsigned long nodes[16];	/* as many as the kernel may have */
	long ret = sys5(SYS_get_mempolicy, (unsigned long)&mode, (unsigned long)nodes,
			sizeof(nodes) * 8, address, address ? POLICY_OF_ADDRESS : 0);

	s->extra[0] = mode;
	s->extra[1] = nodes[0];
	return ret;
}

#define MOVE_BATCH 64

/* extra: pages then on node 0, on node 1, elsewhere or failed */
static long do_movepages(struct slot *s)
{
	static unsigned long pages[MOVE_BATCH];
	static int nodes[MOVE_BATCH], status[MOVE_BATCH];
	unsigned long end = s->arg[0] + s->arg[1];
	long ret = 0;

	s->extra[0] = s->extra[1] = s->extra[2] = 0;
	for (unsigned long a = s->arg[0]; a < end && ret >= 0;) {
		unsigned n = 0;

		for (; n < MOVE_BATCH && a < end; n++, a += PAGE) {
			pages[n] = a;
			nodes[n] = s->arg[2];
			status[n] = -1;
		}
		ret = sys6(SYS_move_pages, 0, n, (unsigned long)pages, (unsigned long)nodes,
			   (unsigned long)status, 2);
		for (unsigned i = 0; i < n; i++)
			s->extra[status[i] == 0 ? 0 : status[i] == 1 ? 1 : 2]++;
	}
	return ret;
}

static long do_migrate(struct slot *s)
{
	static unsigned long from, to;

	from = s->arg[0];
	to = s->arg[1];
	return sys4(SYS_migrate_pages, 0, MAX_NODE + 1, (unsigned long)&from,
		    (unsigned long)&to);
}

static long do_mincore(struct slot *s)
{
	if (s->arg[1] > BUFFER_SIZE * PAGE)
		return -7;
	return sys3(SYS_mincore, s->arg[0], s->arg[1], (unsigned long)BUFFER);
}

long do_memory(struct slot *s)
{
	unsigned long *a = s->arg;

	switch (s->op) {
	case OP_MMAP:
		return sys6(SYS_mmap, a[0], a[1], a[2], a[3], arg_or(s, 4, -1), arg_or(s, 5, 0));
	case OP_MUNMAP: return sys2(SYS_munmap, a[0], arg_or(s, 1, 0));
	case OP_MPROTECT: return sys3(SYS_mprotect, a[0], a[1], a[2]);
	case OP_MREMAP: return sys5(SYS_mremap, a[0], a[1], a[2], a[3], arg_or(s, 4, 0));
	case OP_MADVISE: return sys3(SYS_madvise, a[0], a[1], a[2]);
	case OP_MLOCK: return sys2(SYS_mlock, a[0], a[1]);
	case OP_MUNLOCK: return sys2(SYS_munlock, a[0], a[1]);
	case OP_MLOCKALL: return sys1(SYS_mlockall, a[0]);
	case OP_MUNLOCKALL: return sys0(SYS_munlockall);
	case OP_MLOCK2: return sys3(SYS_mlock2, a[0], a[1], a[2]);
	case OP_BRK: return do_brk(s);
	case OP_MINCORE: return do_mincore(s);
	case OP_MBIND: return do_mbind(s);
	case OP_SETPOL: return do_setpol(s);
	case OP_GETPOL: return do_getpol(s);
	case OP_MOVEPAGES: return do_movepages(s);
	case OP_MIGRATE: return do_migrate(s);
	case OP_MSYNC: return sys3(SYS_msync, a[0], a[1], a[2]);
	case OP_MEMFD: return sys2(SYS_memfd_create, (unsigned long)s->path, a[0]);
	case OP_SECRET: return sys1(447 /* memfd_secret */, 0);
	case OP_SHMGET: return sys3(SYS_shmget, a[0], a[1], a[2]);
	case OP_SHMAT: return sys3(SYS_shmat, a[0], a[1], arg_or(s, 2, 0));
	case OP_SHMDT: return sys1(SYS_shmdt, a[0]);
	case OP_SHMRM: return sys3(SYS_shmctl, a[0], 0, 0);
	case OP_SP: return (long)((unsigned long)__builtin_frame_address(0) & -PAGE);
	}
	return -38;
}
