// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli.h"
#include "escape.h"
#include "message.h"
#include "names.h"
#include "region.h"
#include "seal.h"

/* One text with the facts that a bug report needs. */

struct report {
	bool anonymous;
	size_t regions;
};

enum {
	OPT_ANONYMOUS = 0x100,
};

static const struct argp_option options[] = {
	{ "anonymous", OPT_ANONYMOUS, NULL, 0,
	  "print numbers in place of names, and no paths", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct report *r = state->input;

	switch (key) {
	case OPT_ANONYMOUS:
		r->anonymous = true;
		return 0;
	case ARGP_KEY_ARG:
		cli_usage_error("unexpected argument '%s'", arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void print_escaped(const char *title, const char *text)
{
	printf("%s: ", title);
	escape_message(stdout, text);
	putchar('\n');
}

/* Facts of the system: the lines of a file that begin with a word. */
static const struct fact {
	const char *title, *path, *begin;
	bool has_names;
} facts[] = {
	{ "distribution", "/etc/os-release", "PRETTY_NAME=", false },
	{ "command line", "/proc/cmdline", "", true },
	{ "file system", "/proc/filesystems", "nodev\tmshare", false },
	{ "memory", "/proc/meminfo", "MemTotal:", false },
	{ "memory", "/proc/meminfo", "MemAvailable:", false },
	{ "memory", "/proc/meminfo", "SwapTotal:", false },
	{ "memory", "/proc/meminfo", "SwapFree:", false },
	{ "memory", "/proc/meminfo", "HugePages_", false },
	{ "memory", "/proc/meminfo", "Hugepagesize:", false },
	{ "overcommit", "/proc/sys/vm/overcommit_memory", "", false },
	{ "huge pages", "/sys/kernel/mm/transparent_hugepage/enabled", "",
	  false },
	{ "huge pages of shared memory",
	  "/sys/kernel/mm/transparent_hugepage/shmem_enabled", "", false },
	{ "nodes", "/sys/devices/system/node/has_memory", "", false },
	{ "Yama", "/proc/sys/kernel/yama/ptrace_scope", "", false },
	{ "security modules", "/sys/kernel/security/lsm", "", false },
	{ "security profile", "/proc/self/attr/current", "", true },
	{ "seccomp", "/proc/self/status", "Seccomp:", false },
	{ "capabilities", "/proc/self/status", "CapEff:", false },
	{ "counters", "/proc/vmstat", "mshare", false },
};

static void print_fact(const struct fact *fact)
{
	size_t size = 0, count = 0;
	char *line = NULL;
	ssize_t len;
	FILE *f;

	f = fopen(fact->path, "re");
	while (f && (len = getline(&line, &size, f)) > 0) {
		if (strncmp(line, fact->begin, strlen(fact->begin)))
			continue;
		/* Null characters end a profile. */
		line[strcspn(line, "\n")] = '\0';
		print_escaped(fact->title, line);
		count++;
	}
	if (!count)
		print_escaped(fact->title, f ? "not there" : strerror(errno));
	free(line);
	if (f)
		fclose(f);
}

static void print_limit(const char *title, int resource)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit))
		return;
	if (limit.rlim_cur == RLIM_INFINITY)
		printf("limit of %s: unlimited\n", title);
	else
		printf("limit of %s: %" PRIu64 "\n", title,
		       (uint64_t)limit.rlim_cur);
}

/* The limits of the cgroup of version 2 that this process is in. */
static void print_cgroup(const struct report *r)
{
	static const char *const files[] = { "memory.max", "memory.high",
					     "memory.swap.max",
					     "memory.current" };
	char line[512] = "", path[640];
	FILE *f;

	f = fopen("/proc/self/cgroup", "re");
	while (f && fgets(line, sizeof(line), f) && strncmp(line, "0::", 3))
		;
	if (f)
		fclose(f);
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, "0::", 3)) {
		puts("cgroup: not version 2");
		return;
	}
	if (!r->anonymous)
		print_escaped("cgroup", line + 3);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct fact fact = { files[i], path, "", false };

		snprintf(path, sizeof(path), "/sys/fs/cgroup%s/%s", line + 3,
			 files[i]);
		print_fact(&fact);
	}
}

static void print_system(const struct report *r)
{
	struct utsname name;

	printf("msharectl: %s\n", MSHARE_VERSION);
	if (!uname(&name))
		printf("kernel: %s %s %s %s\n", name.sysname, name.release,
		       name.version, name.machine);
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		if (!r->anonymous || !facts[i].has_names)
			print_fact(&facts[i]);
	print_limit("locked memory", RLIMIT_MEMLOCK);
	print_limit("address space", RLIMIT_AS);
	print_limit("open files", RLIMIT_NOFILE);
	print_cgroup(r);
	printf("root: %s\n", geteuid() ? "no" : "yes");
}

static void print_mounts(const struct report *r, const struct mount *mount)
{
	struct fact lines = { "mount", "/proc/self/mountinfo", "", true };
	char *line = NULL, *type;
	struct mount_usage u;
	size_t size = 0;
	FILE *f;

	f = fopen(lines.path, "re");
	while (f && getline(&line, &size, f) > 0) {
		type = strstr(line, " - " MSHAREFS_TYPE " ");
		if (!type)
			continue;
		line[strcspn(line, "\n")] = '\0';
		print_escaped(lines.title, r->anonymous ? type + 3 : line);
	}
	free(line);
	if (f)
		fclose(f);
	printf("granule: %" PRIu64 "\n", mount->granule);
	if (mount_get_usage(mount, &u))
		return;
	printf("size limit: %" PRIu64 ", used: %" PRIu64 "\n", u.size_limit,
	       u.used);
	printf("limit of names: %" PRIu64 ", names: %" PRIu64 "\n",
	       u.names_limit, u.names);
}

#define FIELD(name)                                         \
	{                                                   \
#name, offsetof(struct msharefs_stat, name) \
	}

static const struct {
	const char *name;
	size_t offset;
} fields[] = {
	FIELD(attached),       FIELD(mappings),
	FIELD(mapped),         FIELD(resident),
	FIELD(resident_shmem), FIELD(resident_file),
	FIELD(swapped),        FIELD(resident_hugetlb),
	FIELD(locked),         FIELD(pgtables),
	FIELD(faults),         FIELD(links),
	FIELD(flushes),        FIELD(ipis),
};

static void print_region(const struct region *region)
{
	char seals[SEAL_STRLEN];
	struct msharefs_stat st;
	int err;

	printf(" start 0x%" PRIx64 " size %" PRIu64 " mode %04o names %u",
	       region->range.start, region->range.size,
	       region->st.st_mode & 07777, (unsigned int)region->st.st_nlink);
	err = mshare_stat(region->fd, &st, sizeof(st));
	if (err) {
		printf(" figures: %s\n", strerror(-err));
		return;
	}
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		uint64_t value;

		memcpy(&value, (const char *)&st + fields[i].offset,
		       sizeof(value));
		printf(" %s %" PRIu64, fields[i].name, value);
	}
	printf(" seals %s\n", st.seals ? seal_format(st.seals, seals) : "-");
}

static int add_region(const struct mshare_entry *entry, void *data)
{
	struct report *r = data;
	struct region region;
	int err = entry->err;

	fputs("region ", stdout);
	if (r->anonymous)
		printf("%zu", ++r->regions);
	else
		escape_message(stdout, entry->name);
	putchar(':');
	if (!err)
		err = region_open_at(entry->dirfd, entry->leaf,
				     O_RDONLY | O_NOFOLLOW, &region);
	if (err) {
		printf(" %s\n", strerror(-err));
		return 0;
	}
	print_region(&region);
	region_close(&region);
	return 0;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct report r = { 0 };
	struct mount mount;
	int ret, err;

	cli_parse(cli, argc, argv, &r);
	ret = names_mount(cli, NULL, &mount);
	/* The facts of the system help if there is no mount, too. */
	print_system(&r);
	if (ret)
		return ret;
	print_mounts(&r, &mount);
	err = mshare_walk_regions(mount.fd, NULL, 0, add_region, &r);
	if (err)
		ret = names_failed(&mount, OP_LIST, mount.path, err);
	mount_close(&mount);
	return ret;
}

const struct command cmd_report = {
	.name = "report",
	.summary = "print the facts that a bug report needs",
	.argp = {
		.options = options,
		.parser = parse,
		.doc = "Print versions, settings of the kernel, limits, mounts "
		       "and the figures of all regions, for a bug report.",
	},
	.run = run,
};
