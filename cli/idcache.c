// SPDX-License-Identifier: GPL-2.0-only
#include "idcache.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>

#include "xalloc.h"

struct id {
	unsigned int number;
	char *name;
};

static const char *find(const struct array *ids, unsigned int number)
{
	const struct id *id = ids->items;

	for (size_t i = 0; i < ids->count; i++)
		if (id[i].number == number)
			return id[i].name;
	return NULL;
}

static const char *add(struct array *ids, unsigned int number, const char *name)
{
	struct id *id = xarray_add(ids, sizeof(*id));
	char digits[16];

	snprintf(digits, sizeof(digits), "%u", number);
	id->number = number;
	id->name = xstrdup(name ? name : digits);
	return id->name;
}

const char *idcache_user(uid_t uid)
{
	static struct array users;
	const char *name = find(&users, uid);
	const struct passwd *pw;

	if (name)
		return name;
	pw = getpwuid(uid);
	return add(&users, uid, pw ? pw->pw_name : NULL);
}

const char *idcache_group(gid_t gid)
{
	static struct array groups;
	const char *name = find(&groups, gid);
	const struct group *gr;

	if (name)
		return name;
	gr = getgrgid(gid);
	return add(&groups, gid, gr ? gr->gr_name : NULL);
}
