// SPDX-License-Identifier: GPL-2.0-only
/* The layouts and numbers that programs depend on. */
#include <stddef.h>

#include <linux/msharefs.h>

#include "check.h"
#include "region.h"

int main(void)
{
	CHECK_INT(MSHAREFS_MAGIC, 0x4d534852);

	CHECK_INT(sizeof(struct mshare_info), 16);
	CHECK_INT(sizeof(struct mshare_create), 40);
	CHECK_INT(offsetof(struct mshare_create, prot), 24);
	CHECK_INT(offsetof(struct mshare_create, fd), 32);
	CHECK_INT(sizeof(struct mshare_unmap), 16);
	CHECK_INT(sizeof(struct mshare_protect), 24);
	CHECK_INT(offsetof(struct mshare_stat, size), 0);
	CHECK_INT(sizeof(struct mshare_stat) % 8, 0);

	CHECK_INT(MSHAREFS_GET_SIZE, 0x80107800);
	CHECK_INT(MSHAREFS_SET_SIZE, 0x40107801);
	CHECK_INT(MSHAREFS_CREATE_MAPPING, 0x40287802);
	CHECK_INT(MSHAREFS_UNMAP, 0x40107803);
	CHECK_INT(MSHAREFS_PROTECT, 0x40187804);
	CHECK_INT(_IOC_NR(MSHAREFS_STAT), 5);
	return CHECK_RESULT;
}
