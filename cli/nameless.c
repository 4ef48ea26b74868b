// SPDX-License-Identifier: GPL-2.0-only
#include "nameless.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"

#define COUNTERS "/sys/kernel/mm/mshare/program_"

void nameless_format(uint64_t number, char text[NAMELESS_STRLEN])
{
	snprintf(text, NAMELESS_STRLEN, "@%" PRIu64, number);
}

bool nameless_parse(const char *name, uint64_t *number)
{
	char *end;

	if (name[0] != '@' || name[1] < '0' || name[1] > '9')
		return false;
	errno = 0;
	*number = strtoull(name + 1, &end, 10);
	return !*end && !errno;
}

struct search {
	uint64_t number;
	int (*fn)(const struct msharefs_nameless *nameless,
		  const struct msharefs_stat *stat, void *data);
	void *data;
};

/* The next number may be a larger one. */
static int compare(const struct msharefs_nameless *nameless,
		   const struct msharefs_stat *stat, void *data)
{
	const struct search *s = data;

	if (nameless->number != s->number)
		return -ENOENT;
	s->fn(nameless, stat, s->data);
	return 1;
}

int nameless_find(int fd, uint64_t number,
		  int (*fn)(const struct msharefs_nameless *nameless,
			    const struct msharefs_stat *stat, void *data),
		  void *data)
{
	struct search s = { number, fn, data };
	int ret = 0;

	if (number)
		ret = mshare_walk_nameless(fd, number - 1, compare, &s);
	if (ret < 0)
		return ret;
	return ret ? 0 : -ENOENT;
}

int nameless_failed(const char *name, int err)
{
	if (err == -ENOTTY)
		return message_error(name, "Update the kernel.",
				     "this kernel does not list nameless "
				     "regions");
	if (err == -ENOENT)
		return message_error(name,
				     "List these regions: msharectl ls --all",
				     "no such nameless region");
	return message_failed(OP_LIST, &(struct subject){ .name = name }, err);
}

static bool read_counter(const char *name, uint64_t *value)
{
	char path[64];
	bool ok;
	FILE *f;

	snprintf(path, sizeof(path), COUNTERS "%s", name);
	f = fopen(path, "re");
	if (!f)
		return false;
	ok = fscanf(f, "%" SCNu64, value) == 1;
	fclose(f);
	return ok;
}

bool nameless_read_counters(struct nameless_counters *c)
{
	return read_counter("regions", &c->regions) &&
	       read_counter("ordinary", &c->ordinary) &&
	       read_counter("plain", &c->plain);
}
