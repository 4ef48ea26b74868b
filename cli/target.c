// SPDX-License-Identifier: GPL-2.0-only
#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "message.h"
#include "prot.h"
#include "parse.h"

const char *target_mount_point(const struct cli *cli, const char *dir)
{
	const char *path = cli->mount_point;

	if (dir && !*dir)
		cli_usage_error("DIR is empty");
	if (dir && path && strcmp(dir, path))
		cli_usage_error("DIR and --mount-point exclude each other");
	if (dir)
		return dir;
	if (!path)
		path = getenv("MSHARE_MOUNT_POINT");
	return path && *path ? path : NULL;
}

int target_mount(const struct cli *cli, const char *dir, struct mount *mount)
{
	const char *path = target_mount_point(cli, dir);
	int err;

	err = mount_open(path, mount);
	if (!err)
		return EXIT_SUCCESS;
	message_failed(OP_MOUNT,
		       &(struct subject){
			       .name = path,
			       .mount = path ? path : MSHARE_MOUNT_POINT,
		       },
		       err);
	return EXIT_UNAVAILABLE;
}

char *target_path(const struct mount *mount, const char *name)
{
	char *path;

	if (!*name)
		cli_usage_error("a name is empty");
	path = mount_resolve(mount, name);
	if (!path) {
		message_error(name, "Free some memory and try again.", "%s",
			      strerror(ENOMEM));
		exit(EXIT_FAILURE);
	}
	return path;
}

int target_directory(const char *path)
{
	char *copy = strdup(path);
	int fd;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	free(copy);
	return fd;
}

struct subject target_subject(const struct mount *mount, const char *name)
{
	return (struct subject){
		.name = name,
		.mount = mount->path,
		.granule = mount->granule,
	};
}

int target_failed(const struct mount *mount, enum operation op,
		  const char *name, int err)
{
	const struct subject subject = target_subject(mount, name);

	return message_failed(op, &subject, err);
}

int target_open(const struct mount *mount, const char *name, int flags,
		struct region *region)
{
	char *path = target_path(mount, name);
	int err;

	err = region_open_at(AT_FDCWD, path, flags, region);
	free(path);
	if (!err)
		return EXIT_SUCCESS;
	return target_failed(mount, OP_OPEN, name, err);
}

int target_open_sized(const struct mount *mount, const char *name, int flags,
		      struct region *region)
{
	if (target_open(mount, name, flags, region))
		return EXIT_FAILURE;
	if (region->range.size)
		return EXIT_SUCCESS;
	region_close(region);
	return message_error(
		name,
		"Its maker has to set its size first; or remove it and create "
		"it anew.",
		"the region has no address and size yet");
}

uint64_t target_number_arg(const char *option, const char *what,
			   const char *arg)
{
	uint64_t value;

	switch (size_parse(arg, &value)) {
	case 0:
		return value;
	case -ERANGE:
		cli_usage_error("%s: %s '%s' is too large", option, what, arg);
	default:
		cli_usage_error("%s: '%s' is not %s %s", option, arg,
				strchr("aeiou", *what) ? "an" : "a", what);
	}
}

uint64_t target_size_arg(const char *option, const char *arg)
{
	uint64_t size = target_number_arg(option, "size", arg);

	if (!size)
		cli_usage_error("%s: the size is 0", option);
	return size;
}

uint64_t target_address_arg(const char *option, const char *arg)
{
	return target_number_arg(option, "address", arg);
}

int target_prot_arg(const char *arg)
{
	int prot;

	if (prot_parse(arg, &prot))
		cli_usage_error("--prot: '%s' is none of r, rw, rx, rwx, none",
				arg);
	return prot;
}

int target_range(const char *name, const struct region *region,
		 const struct target_range *wanted, struct range *range)
{
	const struct range whole = region->range;
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const uint64_t end = whole.start + whole.size;
	char next[128];

	snprintf(next, sizeof(next),
		 "It reaches from 0x%" PRIx64 " to 0x%" PRIx64 ".", whole.start,
		 end);
	*range = whole;
	if (wanted->has_addr) {
		range->start = wanted->range.start;
		if (range->start < whole.start || range->start >= end)
			return message_error(name, next,
					     "address 0x%" PRIx64
					     " is not in the region",
					     range->start);
		range->size = end - range->start;
	}
	if (wanted->has_size)
		range->size = wanted->range.size;
	if (!range_contains(whole, *range))
		return message_error(name, next,
				     "a size of %" PRIu64 " from 0x%" PRIx64
				     " on goes beyond the region's end",
				     range->size, range->start);
	if (range->start % page || range->size % page) {
		snprintf(next, sizeof(next),
			 "Give an address and a size that are multiples of "
			 "the page size, %" PRIu64 ".",
			 page);
		return message_error(name, next,
				     "a range of %" PRIu64 " from 0x%" PRIx64
				     " is not made of whole pages",
				     range->size, range->start);
	}
	return EXIT_SUCCESS;
}
