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
		check_int(prot_parse(words[i].name, &prot), 0);
		check_int(prot, words[i].prot);
		check_string(prot_name(prot), words[i].name);
	}

	/* Other access rights have names as well, for mappings of programs. */
	check_string(prot_name(PROT_WRITE), "w");
	check_string(prot_name(PROT_EXEC), "x");
	check_string(prot_name(PROT_WRITE | PROT_EXEC), "wx");

	prot = 77;
	check_int(prot_parse("w", &prot), -EINVAL);
	check_int(prot_parse("x", &prot), -EINVAL);
	check_int(prot_parse("wx", &prot), -EINVAL);
	check_int(prot_parse("", &prot), -EINVAL);
	check_int(prot_parse("wr", &prot), -EINVAL);
	check_int(prot_parse("rr", &prot), -EINVAL);
	check_int(prot_parse("rw ", &prot), -EINVAL);
	check_int(prot_parse("RW", &prot), -EINVAL);
	check_int(prot_parse("3", &prot), -EINVAL);
	check_int(prot, 77);
	return checks_status();
}
