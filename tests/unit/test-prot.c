// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <sys/mman.h>

#include "check.h"
#include "prot.h"

int main(void)
{
	int prot = 77;

	CHECK_INT(prot_parse("none", &prot), 0);
	CHECK_INT(prot, PROT_NONE);
	CHECK_INT(prot_parse("r", &prot), 0);
	CHECK_INT(prot, PROT_READ);
	CHECK_INT(prot_parse("rwx", &prot), 0);
	CHECK_INT(prot, PROT_READ | PROT_WRITE | PROT_EXEC);

	for (int p = 0; p < 8; p++) {
		CHECK_INT(prot_parse(prot_name(p), &prot), 0);
		CHECK_INT(prot, p);
	}

	prot = 77;
	CHECK_INT(prot_parse("", &prot), -EINVAL);
	CHECK_INT(prot_parse("wr", &prot), -EINVAL);
	CHECK_INT(prot_parse("rr", &prot), -EINVAL);
	CHECK_INT(prot_parse("rw ", &prot), -EINVAL);
	CHECK_INT(prot_parse("RW", &prot), -EINVAL);
	CHECK_INT(prot_parse("3", &prot), -EINVAL);
	CHECK_INT(prot, 77);
	return CHECK_RESULT;
}
