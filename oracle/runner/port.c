/*
 * Answers leave by the machine's debug port and scenarios come in by its
 * firmware configuration, both by port instructions from user space: nothing of
 * the guest kernel takes part, so nothing that is counted is disturbed.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include "runner.h"

#define DEBUG_PORT 0xe9
#define FIRMWARE_SELECT 0x510
#define FIRMWARE_DATA 0x511
#define FIRMWARE_DIRECTORY 0x19
#define EXIT_PORT 0xf4

void port_open(void)
{
	if (iopl(3)) {
		perror("iopl");
		exit(1);
	}
}

/* The C library's insb() and outsb() do not say that they touch memory. */
static void bytes_out(unsigned short port, const void *from, size_t length)
{
	__asm__ volatile("rep outsb" : "+S"(from), "+c"(length) : "d"(port) : "memory");
}

static void bytes_in(unsigned short port, void *to, size_t length)
{
	__asm__ volatile("rep insb" : "+D"(to), "+c"(length) : "d"(port) : "memory");
}

void emit(const char *data, size_t length)
{
	bytes_out(DEBUG_PORT, data, length);
}

void emitf(const char *format, ...)
{
	static char line[4096];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	emit(line, n < (int)sizeof(line) ? n : (int)sizeof(line) - 1);
}

static uint32_t big_endian(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

struct entry {
	unsigned char size[4], select[2], reserved[2];
	char name[56];
};

/* Up to the first zero byte; 0 when there is no such file. */
size_t firmware_file(const char *name, char *to, size_t size)
{
	unsigned char count[4];
	struct entry entry;
	size_t n = 0;

	outw(FIRMWARE_DIRECTORY, FIRMWARE_SELECT);
	bytes_in(FIRMWARE_DATA, count, 4);
	for (uint32_t left = big_endian(count); left; left--) {
		bytes_in(FIRMWARE_DATA, &entry, sizeof(entry));
		if (strcmp(entry.name, name))
			continue;
		outw(entry.select[0] << 8 | entry.select[1], FIRMWARE_SELECT);
		for (uint32_t whole = big_endian(entry.size); n < whole && n < size - 1; n++)
			if (!(to[n] = inb(FIRMWARE_DATA)))
				break;
		break;
	}
	to[n] = 0;
	return n;
}

void power_off(void)
{
	for (;;)
		outl(0, EXIT_PORT);
}
