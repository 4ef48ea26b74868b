// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdint.h>

#include "check.h"
#include "parse.h"

static void accepts(const char *text, uint64_t wanted)
{
	uint64_t value = 77;

	check(!size_parse(text, &value) && value == wanted,
	      "\"%s\": %lu, not %lu", text, value, wanted);
}

static void refuses(const char *text, int wanted)
{
	uint64_t value = 77;
	int err = size_parse(text, &value);

	check(err == wanted && value == 77, "\"%s\": %d, not %d", text, err,
	      wanted);
}

static void parses_sizes(void)
{
	accepts("0", 0);
	accepts("1", 1);
	accepts("4096", 4096);
	accepts("010", 10);
	accepts("2K", 2048);
	accepts("2k", 2048);
	accepts("2M", 2 << 20);
	accepts("2MiB", 2 << 20);
	accepts("300G", 300ULL << 30);
	accepts("300GiB", 300ULL << 30);
	accepts("16T", 16ULL << 40);
	accepts("1P", 1ULL << 50);
	accepts("15E", 15ULL << 60);
	accepts("0x0", 0);
	accepts("0x200000000000", 0x200000000000);
	accepts("0XffFF", 0xffff);
	accepts("18446744073709551615", UINT64_MAX);
	accepts("0xffffffffffffffff", UINT64_MAX);
}

static void refuses_what_is_no_size(void)
{
	static const char *const texts[] = {
		"",    " ",        " 1",    "1 ",  "+1",  "-1",
		"-",   "G",        "1.5G",  "1,5", "1X",  "1GB",
		"1Gi", "1gib",     "1GiBs", "1 G", "0x",  "0xg",
		"x10", "0x1G",     "0x 1",  "1e9", "1GG", "\n1",
		"1\n", "infinity", "iB",    "1iB", "٣",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		refuses(texts[i], -EINVAL);
}

static void refuses_what_is_too_large(void)
{
	refuses("18446744073709551616", -ERANGE);
	refuses("99999999999999999999999999999999", -ERANGE);
	refuses("0x10000000000000000", -ERANGE);
	refuses("16E", -ERANGE);
	refuses("17179869184G", -ERANGE);
	/* Nonsense is nonsense however long. */
	refuses("99999999999999999999999999999999z", -EINVAL);
	refuses("0x10000000000000000z", -EINVAL);
}

static void formats_sizes(void)
{
	char buf[SIZE_STRLEN];

	check_string(size_format(0, buf), "0B");
	check_string(size_format(1023, buf), "1023B");
	check_string(size_format(1024, buf), "1K");
	check_string(size_format(1536, buf), "1.5K");
	check_string(size_format(1024 * 1024 - 1, buf), "1M");
	check_string(size_format(2 << 20, buf), "2M");
	check_string(size_format(300ULL << 30, buf), "300G");
	check_string(size_format((300ULL << 30) + (100 << 20), buf), "300.1G");
	check_string(size_format(1ULL << 63, buf), "8E");
	check_string(size_format(UINT64_MAX, buf), "16E");
}

static void formats_exact_sizes(void)
{
	char buf[SIZE_STRLEN];

	check_string(size_exact(0, buf), "0B");
	check_string(size_exact(1536, buf), "1536B");
	check_string(size_exact(2048, buf), "2K");
	check_string(size_exact(1025ULL << 30, buf), "1025G");
	check_string(size_exact(1ULL << 63, buf), "8E");
	check_string(size_exact(UINT64_MAX, buf), "18446744073709551615B");
}

static void parses_modes(void)
{
	mode_t mode = 0;

	check_int(mode_parse("0600", &mode), 0);
	check_int(mode, 0600);
	check_int(mode_parse("777", &mode), 0);
	check_int(mode, 0777);
	check_int(mode_parse("0", &mode), 0);
	check_int(mode, 0);
	check_int(mode_parse("1000", &mode), -ERANGE);
	check_int(mode_parse("4755", &mode), -ERANGE);
	check_int(mode_parse("77777777777777777777777777", &mode), -ERANGE);
	check_int(mode_parse("", &mode), -EINVAL);
	check_int(mode_parse("8", &mode), -EINVAL);
	check_int(mode_parse("u+w", &mode), -EINVAL);
	check_int(mode_parse("-1", &mode), -EINVAL);
	check_int(mode_parse("600x", &mode), -EINVAL);
	check_int(mode, 0);
}

static void parses_ages(void)
{
	uint64_t age = 1;

	check(!age_parse("0", &age) && !age);
	check(!age_parse("90", &age) && age == 90);
	check(!age_parse("90s", &age) && age == 90);
	check(!age_parse("15m", &age) && age == 900);
	check(!age_parse("12h", &age) && age == 43200);
	check(!age_parse("7d", &age) && age == 604800);
	check(age_parse("", &age) == -EINVAL);
	check(age_parse("d", &age) == -EINVAL);
	check(age_parse("-1", &age) == -EINVAL);
	check(age_parse("1.5h", &age) == -EINVAL);
	check(age_parse("1w", &age) == -EINVAL);
	check(age_parse("1dd", &age) == -EINVAL);
	check(age_parse("36601d", &age) == -ERANGE);
	check(age_parse("18446744073709551616", &age) == -ERANGE);
	check(age == 604800);
}

static void parses_seconds(void)
{
	uint64_t ms = 77;

	check(!seconds_parse("2", &ms) && ms == 2000);
	check(!seconds_parse("0.5", &ms) && ms == 500);
	check(!seconds_parse("1.259", &ms) && ms == 1259);
	check(!seconds_parse("86400", &ms) && ms == 86400000);
	check(!seconds_parse("0", &ms) && !ms);
	check(seconds_parse("86400.001", &ms) == -ERANGE);
	check(seconds_parse("18446744073709551616", &ms) == -ERANGE);
	check(seconds_parse("", &ms) == -EINVAL);
	check(seconds_parse("1.", &ms) == -EINVAL);
	check(seconds_parse("0.0019", &ms) == -EINVAL);
	check(seconds_parse("1.0000", &ms) == -EINVAL);
	check(seconds_parse(".5", &ms) == -EINVAL);
	check(seconds_parse("-1", &ms) == -EINVAL);
	check(seconds_parse("1,5", &ms) == -EINVAL);
	check(seconds_parse("1s", &ms) == -EINVAL);
	check(!ms);
}

int main(void)
{
	parses_ages();
	parses_seconds();
	parses_sizes();
	refuses_what_is_no_size();
	refuses_what_is_too_large();
	formats_sizes();
	formats_exact_sizes();
	parses_modes();
	return checks_status();
}
