/* Commands on files. Contents pass through the control area's buffer. */
#include "task.h"

#define CHUNK 65536UL
#define CREATE_FLAGS 01101	/* O_WRONLY | O_CREAT | O_TRUNC */

enum { AT_OFFSET, AT_POSITION };

/* Until `length` bytes, the end of the file, or an error after none. */
static long transfer(long call, int where, unsigned long fd, unsigned long offset,
		     unsigned long length, unsigned long chunk)
{
	unsigned long done = 0;

	if (!chunk || chunk > BUFFER_SIZE)
		return -22;
	while (done < length) {
		unsigned long n = length - done < chunk ? length - done : chunk;
		long ret = sys4(call, fd, (unsigned long)BUFFER, n,
				where == AT_OFFSET ? offset + done : 0);
		if (ret < 0)
			return done ? (long)done : ret;
		if (ret == 0)
			break;
		done += ret;
	}
	return done;
}

static long random_reads(struct slot *s)
{
	unsigned long pages = s->arg[1] / PAGE, state = seeded(s->arg[3]);

	if (!pages)
		return -22;
	for (; s->touched < s->arg[2]; s->touched++) {
		long ret = sys4(SYS_pread64, s->arg[0], (unsigned long)BUFFER, PAGE,
				next_random(&state) % pages * PAGE);
		if (ret < 0)
			return ret;
	}
	return s->touched;
}

/* "DIR/fNUMBER", written behind the directory's name in the slot itself */
static void name_file(struct slot *s, unsigned long length, unsigned long number)
{
	char digits[20], *to = s->path + length;
	int n = 0;

	do
		digits[n++] = '0' + number % 10;
	while (number /= 10);
	*to++ = '/';
	*to++ = 'f';
	while (n)
		*to++ = digits[--n];
	*to = 0;
}

static long make_file(struct slot *s, unsigned long bytes)
{
	long fd = sys3(SYS_open, (unsigned long)s->path, CREATE_FLAGS, 0644);
	long ret = 0;

	if (fd < 0)
		return fd;
	if (bytes)
		ret = transfer(SYS_write, AT_POSITION, fd, 0, bytes, CHUNK);
	sys1(SYS_close, fd);
	return ret < 0 ? ret : 0;
}

/* Missing files are looked up too: that is what makes negative dentries. */
static long stat_file(struct slot *s)
{
	sys2(SYS_stat, (unsigned long)s->path, (unsigned long)BUFFER);
	return 0;
}

static long many_files(struct slot *s)
{
	unsigned long length = 0;
	long ret = 0;

	while (s->path[length])
		length++;
	for (; s->touched < s->arg[0] && ret >= 0; s->touched++) {
		name_file(s, length, s->touched);
		ret = s->op == OP_MKFILES ? make_file(s, arg_or(s, 1, 0))
		    : s->op == OP_STATFILES ? stat_file(s)
		    : sys1(SYS_unlink, (unsigned long)s->path);
	}
	return ret < 0 ? ret : (long)s->touched;
}

long do_file(struct slot *s)
{
	unsigned long *a = s->arg;
	unsigned long path = (unsigned long)s->path;

	switch (s->op) {
	case OP_OPEN: return sys3(SYS_open, path, a[0], arg_or(s, 1, 0));
	case OP_CLOSE: return sys1(SYS_close, a[0]);
	case OP_PREAD: return transfer(SYS_pread64, AT_OFFSET, a[0], a[1], a[2], arg_or(s, 3, CHUNK));
	case OP_PWRITE: return transfer(SYS_pwrite64, AT_OFFSET, a[0], a[1], a[2], arg_or(s, 3, CHUNK));
	case OP_READ: return transfer(SYS_read, AT_POSITION, a[0], 0, a[1], arg_or(s, 2, CHUNK));
	case OP_WRITE: return transfer(SYS_write, AT_POSITION, a[0], 0, a[1], arg_or(s, 2, CHUNK));
	case OP_LSEEK: return sys3(SYS_lseek, a[0], a[1], 0);
	case OP_FRND: return random_reads(s);
	case OP_FSYNC: return sys1(SYS_fsync, a[0]);
	case OP_FDATASYNC: return sys1(SYS_fdatasync, a[0]);
	case OP_SYNC: return sys0(SYS_sync);
	case OP_FADVISE: return sys4(SYS_fadvise64, a[0], a[1], a[2], a[3]);
	case OP_READAHEAD: return sys3(SYS_readahead, a[0], a[1], a[2]);
	case OP_FTRUNCATE: return sys2(SYS_ftruncate, a[0], a[1]);
	case OP_FALLOCATE: return sys4(SYS_fallocate, a[0], arg_or(s, 3, 0), a[1], a[2]);
	case OP_UNLINK: return sys1(SYS_unlink, path);
	case OP_MKDIR: return sys2(SYS_mkdir, path, 0755);
	case OP_MKFILES:
	case OP_STATFILES:
	case OP_RMFILES: return many_files(s);
	}
	return -38;
}
