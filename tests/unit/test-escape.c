// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "escape.h"

static void check_output(void (*escape)(FILE *f, const char *text),
			 const char *text, const char *wanted)
{
	char *got = NULL;
	size_t len;
	FILE *f = open_memstream(&got, &len);

	escape(f, text);
	fclose(f);
	check_string(got, wanted);
	free(got);
}

static void knows_utf8(void)
{
	check_int(escape_utf8_length("a"), 1);
	check_int(escape_utf8_length(""), 0);
	check_int(escape_utf8_length("\xc3\xa4"), 2);
	check_int(escape_utf8_length("\xe2\x82\xac"), 3);
	check_int(escape_utf8_length("\xf0\x9f\x90\xa7"), 4);
	check(escape_is_utf8("a \xc3\xa4 \xf0\x9f\x90\xa7"));
	check(escape_is_utf8(""));
	/* Cut off, overlong, a surrogate, above Unicode, not a beginning. */
	check(!escape_is_utf8("\xc3"));
	check(!escape_is_utf8("\xe2\x82"));
	check(!escape_is_utf8("\xc0\x80"));
	check(!escape_is_utf8("\xe0\x80\x80"));
	check(!escape_is_utf8("\xed\xa0\x80"));
	check(!escape_is_utf8("\xf4\x90\x80\x80"));
	check(!escape_is_utf8("\x80"));
	check(!escape_is_utf8("\xff"));
}

int main(void)
{
	knows_utf8();

	check_output(escape_message, "pg 1/\xc3\xa4", "pg 1/\xc3\xa4");
	check_output(escape_message, "a\nb\033[31m\x7f",
		     "a\\x0ab\\x1b[31m\\x7f");
	check_output(escape_message, "a\xff", "a\\xff");
	check_output(escape_message,
		     "\xc2\x9b"
		     "1m",
		     "\\xc2\\x9b1m");

	check_output(escape_argument, "dir/pg-1.2", "dir/pg-1.2");
	check_output(escape_argument, "", "''");
	check_output(escape_argument, "a b", "'a b'");
	check_output(escape_argument, "it's", "'it'\\''s'");
	check_output(escape_argument, "$(ls)\xc3\xa4", "'$(ls)\xc3\xa4'");
	check_output(escape_argument, "-rf", "-- -rf");
	check_output(escape_argument, "a\nb'\\\xff", "$'a\\x0ab\\'\\\\\\xff'");

	check_output(escape_utf8, "", "");
	check_output(escape_utf8, "a\"b\\c/\xc3\xa4\n\x7f",
		     "a\"b\\c/\xc3\xa4\n\x7f");
	check_output(escape_utf8, "a\xff\xc3z", "a\xef\xbf\xbd\xef\xbf\xbdz");

	check_output(escape_word, "dir/pg", "dir/pg");
	check_output(escape_word, "a b\tc\nd\\e", "a\\040b\\011c\\012d\\134e");
	check_output(escape_word, "\xc3\xa4\xff", "\xc3\xa4\xff");
	return checks_status();
}
