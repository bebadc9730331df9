/* Commands that touch memory. `touched` counts, so that a signal tells how far. */
#include "task.h"

#define WORDS (PAGE / sizeof(unsigned long))
#define RW 3
#define PRIVATE_ANON 0x22
#define FIXED 0x10
#define DONTNEED 4

static long touch(struct slot *s, int write)
{
	unsigned long stride = arg_or(s, 2, PAGE);

	if (!stride)
		return -22;
	for (unsigned long at = 0; at < s->arg[1]; at += stride, s->touched++) {
		volatile char *p = (volatile char *)(s->arg[0] + at);

		if (write)
			*p = 1;
		else
			(void)*p;
	}
	return s->touched;
}

static long random_touch(struct slot *s)
{
	unsigned long pages = s->arg[1] / PAGE, state = seeded(s->arg[3]);
	int write = arg_or(s, 4, 0);

	if (!pages)
		return -22;
	for (; s->touched < s->arg[2]; s->touched++) {
		volatile char *p;

		p = (volatile char *)(s->arg[0] + next_random(&state) % pages * PAGE);
		if (write)
			*p = 1;
		else
			(void)*p;
	}
	return s->touched;
}

enum { FILL_ZERO, FILL_VALUE, FILL_STREAM, FILL_PART };

static long fill(struct slot *s)
{
	unsigned long kind = s->arg[2], seed = arg_or(s, 3, 0);
	unsigned long part = arg_or(s, 4, WORDS), state = seeded(seed);

	if (kind > FILL_PART)
		return -22;
	for (unsigned long at = 0; at < s->arg[1]; at += PAGE, s->touched++) {
		volatile unsigned long *p = (volatile unsigned long *)(s->arg[0] + at);

		for (unsigned long i = 0; i < WORDS; i++)
			p[i] = kind == FILL_ZERO || (kind == FILL_PART && i >= part) ? 0
			     : kind == FILL_VALUE ? seed : next_random(&state);
	}
	return s->touched;
}

/* FNV-1a over words */
static long hash(struct slot *s)
{
	unsigned long h = 14695981039346656037UL;

	for (unsigned long at = 0; at < s->arg[1]; at += 8)
		h = (h ^ *(volatile unsigned long *)(s->arg[0] + at)) * 1099511628211UL;
	return (long)(h >> 1);
}

static long map_apart(struct slot *s)
{
	for (; s->touched < s->arg[1]; s->touched++) {
		long ret = sys6(SYS_mmap, s->arg[0] + s->touched * 2 * PAGE, PAGE, RW,
				PRIVATE_ANON | FIXED, -1, 0);
		if (ret < 0 && ret > -4096)
			return ret;
	}
	return s->touched;
}

static long map_many(struct slot *s)
{
	for (; s->touched < s->arg[0]; s->touched++) {
		long ret = sys6(SYS_mmap, 0, s->arg[1], RW, PRIVATE_ANON, -1, 0);

		if (ret < 0 && ret > -4096)
			return ret;
		if (arg_or(s, 2, 0))
			for (unsigned long at = 0; at < s->arg[1]; at += PAGE)
				*(volatile char *)(ret + at) = 1;
	}
	return s->touched;
}

static long punch(struct slot *s)
{
	if (!s->arg[2])
		return -22;
	for (unsigned long at = 0; at < s->arg[1]; at += s->arg[2], s->touched++) {
		long ret = sys3(SYS_madvise, s->arg[0] + at, PAGE, DONTNEED);

		if (ret < 0)
			return ret;
	}
	return s->touched;
}

long do_touch(struct slot *s)
{
	switch (s->op) {
	case OP_READ_TOUCH: return touch(s, 0);
	case OP_WRITE_TOUCH: return touch(s, 1);
	case OP_RANDOM_TOUCH: return random_touch(s);
	case OP_FILL: return fill(s);
	case OP_HASH: return hash(s);
	case OP_VMAS: return map_apart(s);
	case OP_MMAPN: return map_many(s);
	case OP_PUNCH: return punch(s);
	}
	return -38;
}
