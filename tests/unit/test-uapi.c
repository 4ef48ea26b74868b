// SPDX-License-Identifier: GPL-2.0-only
/* The layouts and numbers that programs depend on. */
#include <stddef.h>

#include <linux/msharefs.h>

#include "check.h"
#include "region.h"

int main(void)
{
	check_int(MSHAREFS_MAGIC, 0x4d534852);

	check_int(sizeof(struct mshare_info), 16);
	check_int(sizeof(struct mshare_create), 40);
	check_int(offsetof(struct mshare_create, prot), 24);
	check_int(offsetof(struct mshare_create, fd), 32);
	check_int(sizeof(struct mshare_unmap), 16);
	check_int(sizeof(struct mshare_protect), 24);
	check_int(offsetof(struct msharefs_stat, size), 0);
	check_int(sizeof(struct msharefs_stat) % 8, 0);

	check_int(MSHAREFS_GET_SIZE, 0x80107800);
	check_int(MSHAREFS_SET_SIZE, 0x40107801);
	check_int(MSHAREFS_CREATE_MAPPING, 0x40287802);
	check_int(MSHAREFS_UNMAP, 0x40107803);
	check_int(MSHAREFS_PROTECT, 0x40187804);
	check_int(_IOC_NR(MSHAREFS_STAT), 5);
	return checks_status();
}
