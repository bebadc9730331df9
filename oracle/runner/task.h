#ifndef TASK_H
#define TASK_H

#include "proto.h"
#include "sys.h"

#define CONTROL ((char *)CONTROL_ADDR)
#define BUFFER (CONTROL + BUFFER_OFFSET)

extern struct slot *me;

long do_memory(struct slot *s);		/* task_mem.c */
long do_touch(struct slot *s);		/* task_touch.c */
long do_file(struct slot *s);		/* task_file.c */

static inline unsigned long arg_or(struct slot *s, unsigned i, unsigned long otherwise)
{
	return i < s->nargs ? s->arg[i] : otherwise;
}

#endif
