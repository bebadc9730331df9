/* Values: 4K, 64M, 12p, 0x10, registers, and sums and differences of them. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "runner.h"

#define MAX_REGISTERS 128

static struct { char name[NAME_SIZE]; unsigned long value; } registers[MAX_REGISTERS];
static int register_count;

void clear_registers(void)
{
	register_count = 0;
}

void set_register(const char *name, unsigned long value)
{
	int i = 0;

	while (i < register_count && strcmp(registers[i].name, name))
		i++;
	if (i == MAX_REGISTERS)
		return;
	if (i == register_count) {
		register_count++;
		strncpy(registers[i].name, name, NAME_SIZE - 1);
	}
	registers[i].value = value;
}

static const char *term_register(const char *p, unsigned long *value)
{
	size_t n = 0;

	while (isalnum((unsigned char)p[n]) || p[n] == '_')
		n++;
	for (int i = 0; i < register_count; i++)
		if (strlen(registers[i].name) == n && !strncmp(registers[i].name, p, n)) {
			*value = registers[i].value;
			return p + n;
		}
	return NULL;
}

static int suffix_shift(char c)
{
	switch (c) {
	case 'K': return 10;
	case 'p': return 12;
	case 'M': return 20;
	case 'G': return 30;
	case 'T': return 40;
	}
	return 0;
}

static const char *term_number(const char *p, unsigned long *value)
{
	char *end;
	int hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X');

	*value = strtoul(p, &end, hex ? 16 : 10);
	if (end == p)
		return NULL;
	if (suffix_shift(*end))
		*value <<= suffix_shift(*end++);
	return end;
}

/* 0, or -1 where the text is no value */
int parse_value(const char *p, unsigned long *value)
{
	int minus = *p == '-';

	*value = 0;
	p += minus;
	for (;;) {
		unsigned long term;

		p = isdigit((unsigned char)*p) ? term_number(p, &term) : term_register(p, &term);
		if (!p)
			return -1;
		*value += minus ? -term : term;
		if (!*p)
			return 0;
		if (*p != '+' && *p != '-')
			return -1;
		minus = *p++ == '-';
	}
}
