// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "escape.h"
#include "idcache.h"
#include "listing-print.h"
#include "xalloc.h"

/* Grows when a key of the output is removed or changes its meaning. */
#define JSON_VERSION 2

/* For json-c, NULL is the value null as well as a sign of missing memory. */
static void add(struct json_object *object, const char *key,
		struct json_object *value)
{
	if (json_object_object_add(object, key, value))
		xalloc_failed();
}

static void append(struct json_object *array, struct json_object *value)
{
	if (json_object_array_add(array, value))
		xalloc_failed();
}

static struct json_object *new_object(void)
{
	return xcheck(json_object_new_object());
}

static struct json_object *new_array(void)
{
	return xcheck(json_object_new_array());
}

static struct json_object *new_number(uint64_t number)
{
	return xcheck(json_object_new_uint64(number));
}

static struct json_object *new_string(const char *text, size_t len)
{
	return xcheck(json_object_new_string_len(text, (int)len));
}

/* The string that an escape_ function makes of text. */
static struct json_object *escaped(void (*escape)(FILE *f, const char *text),
				   const char *text)
{
	struct json_object *string;
	char *out = NULL;
	size_t len;
	FILE *f = xcheck(open_memstream(&out, &len));

	escape(f, text);
	if (fclose(f))
		xalloc_failed();
	string = new_string(out, len);
	free(out);
	return string;
}

/* Decimals stay as they are written, in every locale. */
static struct json_object *decimal(uint64_t number, unsigned int fraction,
				   int digits)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64 ".%0*u", number, digits,
		 fraction);
	return xcheck(json_object_new_double_s((double)number, text));
}

static struct json_object *words(const char *list)
{
	struct json_object *array = new_array();

	while (*list) {
		size_t len = strcspn(list, ",");

		append(array, new_string(list, len));
		list += len + (list[len] == ',');
	}
	return array;
}

static struct json_object *address(uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, number);
	return new_string(text, strlen(text));
}

static struct json_object *cell_value_of(const struct cell *cell)
{
	switch (cell->type) {
	case CELL_UNKNOWN:
		return NULL;
	case CELL_STRING:
		return escaped(escape_utf8, cell->string);
	case CELL_LIST:
		return words(cell->string);
	case CELL_ADDRESS:
		return address(cell->number);
	case CELL_RATE:
		return decimal(cell->number / 10, cell->number % 10, 1);
	case CELL_USER:
		return escaped(escape_utf8, idcache_user((uid_t)cell->number));
	case CELL_GROUP:
		return escaped(escape_utf8, idcache_group((gid_t)cell->number));
	case CELL_NUMBER:
	case CELL_SIZE:
		return new_number(cell->number);
	}
	return NULL;
}

/* In hexadecimal, if the string itself would lose bytes; else null. */
static struct json_object *cell_bytes(const struct cell *cell)
{
	if (cell->type != CELL_STRING || escape_is_utf8(cell->string))
		return NULL;
	return escaped(escape_hex, cell->string);
}

/* FAULTS/S becomes faults_per_s. */
static void make_key(char *key, size_t size, const char *name)
{
	const int stem = (int)strcspn(name, "/");

	snprintf(key, size, "%.*s%s%s", stem, name, name[stem] ? "_per_" : "",
		 name[stem] ? name + stem + 1 : "");
	for (; *key; key++)
		*key = *key == '-' ? '_' : (char)tolower((unsigned char)*key);
}

static void add_cell(struct json_object *object, const struct column *c,
		     const struct cell *cell)
{
	char key[32], bytes_key[40];

	make_key(key, sizeof(key), c->name);
	add(object, key, cell_value_of(cell));
	if (!(c->flags & COL_PATH))
		return;
	snprintf(bytes_key, sizeof(bytes_key), "%s_bytes", key);
	add(object, bytes_key, cell_bytes(cell));
}

/* The selected columns of a row, from the column with the index first on. */
static struct json_object *new_row(const struct listing *l,
				   const struct row *row, size_t first)
{
	struct json_object *object = new_object();

	for (size_t s = 0; s < l->selected_count; s++) {
		const size_t column = l->selected[s];

		if (column >= first)
			add_cell(object, &l->def->columns[column],
				 &row->cells[column]);
	}
	return object;
}

static struct json_object *new_rows(const struct listing *l)
{
	struct json_object *rows = new_array();

	for (size_t r = 0; r < listing_count(l); r++) {
		const struct row *row = listing_row(l, r);
		struct json_object *object = new_row(l, row, 0);

		if (l->details)
			add(object, l->details->def->key,
			    row->has_details ? new_array() : NULL);
		append(rows, object);
	}
	return rows;
}

/* Puts each row of details into its owner, which has their name already. */
static void add_details(struct json_object *rows, const struct listing *details)
{
	for (size_t r = 0; r < listing_count(details); r++) {
		const struct row *row = listing_row(details, r);
		struct json_object *owner;

		owner = json_object_array_get_idx(rows, row->owner);
		append(json_object_object_get(owner, details->def->key),
		       new_row(details, row, 1));
	}
}

static struct json_object *now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return decimal((uint64_t)ts.tv_sec,
		       (unsigned int)(ts.tv_nsec / 1000000), 3);
}

/* null without a limit, and for what is counted only with a limit. */
static void add_figure(struct json_object *object, const char *key,
		       uint64_t limit, uint64_t figure)
{
	add(object, key, limit ? new_number(figure) : NULL);
}

static struct json_object *usage_of(const struct mount *mount)
{
	struct json_object *object;
	struct mount_usage u;

	if (mount_get_usage(mount, &u))
		return NULL;
	object = new_object();
	add_figure(object, "size_limit", u.size_limit, u.size_limit);
	add_figure(object, "used", u.size_limit, u.used);
	add_figure(object, "names_limit", u.names_limit, u.names_limit);
	add_figure(object, "names", u.names_limit, u.names);
	return object;
}

static void add_mount(struct json_object *object, const struct mount *mount)
{
	add(object, "mount_point", escaped(escape_utf8, mount->path));
	add(object, "granule", new_number(mount->granule));
	add(object, "mount", usage_of(mount));
}

static struct json_object *new_mounts(const struct mounts *mounts)
{
	struct json_object *array = new_array();

	for (size_t i = 0; i < mounts->count; i++) {
		struct json_object *object = new_object();

		add_mount(object, &mounts->items[i]);
		append(array, object);
	}
	return array;
}

void listing_print_json(const struct listing *l, const struct mounts *mounts)
{
	const int layout = l->def->is_stream ? 0 : JSON_C_TO_STRING_PRETTY;
	struct json_object *object = new_object(), *rows = new_rows(l);
	const char *text;

	if (l->details)
		add_details(rows, l->details);
	add(object, "version", new_number(JSON_VERSION));
	if (l->def->is_stream)
		add(object, "time", now());
	if (l->options->all_mounts)
		add(object, "mounts", new_mounts(mounts));
	else
		add_mount(object, mounts->items);
	add(object, l->def->key, rows);
	text = json_object_to_json_string_ext(
		object, layout | JSON_C_TO_STRING_SPACED |
				JSON_C_TO_STRING_NOSLASHESCAPE);
	if (!text)
		xalloc_failed();
	puts(text);
	json_object_put(object);
}
