// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <sys/mman.h>

#include "check.h"
#include "prot.h"

int main(void)
{
	static const struct {
		const char *name;
		int prot;
	} words[] = {
		{ "none", PROT_NONE },
		{ "r", PROT_READ },
		{ "rw", PROT_READ | PROT_WRITE },
		{ "rx", PROT_READ | PROT_EXEC },
		{ "rwx", PROT_READ | PROT_WRITE | PROT_EXEC },
	};
	int prot;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		prot = 77;
		CHECK_INT(prot_parse(words[i].name, &prot), 0);
		CHECK_INT(prot, words[i].prot);
		CHECK_STRING(prot_name(prot), words[i].name);
	}

	/* Other access rights have names as well, for mappings of programs. */
	CHECK_STRING(prot_name(PROT_WRITE), "w");
	CHECK_STRING(prot_name(PROT_EXEC), "x");
	CHECK_STRING(prot_name(PROT_WRITE | PROT_EXEC), "wx");

	prot = 77;
	CHECK_INT(prot_parse("w", &prot), -EINVAL);
	CHECK_INT(prot_parse("x", &prot), -EINVAL);
	CHECK_INT(prot_parse("wx", &prot), -EINVAL);
	CHECK_INT(prot_parse("", &prot), -EINVAL);
	CHECK_INT(prot_parse("wr", &prot), -EINVAL);
	CHECK_INT(prot_parse("rr", &prot), -EINVAL);
	CHECK_INT(prot_parse("rw ", &prot), -EINVAL);
	CHECK_INT(prot_parse("RW", &prot), -EINVAL);
	CHECK_INT(prot_parse("3", &prot), -EINVAL);
	CHECK_INT(prot, 77);
	return CHECK_RESULT;
}
