/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory cgroups, below the root of the guest's hierarchy. */
#ifndef GUEST_CGROUP_H
#define GUEST_CGROUP_H

/*
 * Creates a cgroup in @parent, or in the root if @parent is NULL; returns its
 * path.
 */
const char *cgroup_make(const char *parent, const char *name);
void cgroup_remove(const char *group);

void cgroup_set(const char *group, const char *file, const char *value);
long cgroup_number(const char *group, const char *file);
/* The number in a line of a file such as memory.events. */
long cgroup_event(const char *group, const char *file, const char *name);

/* Moves this process to the cgroup; NULL is the root. */
void cgroup_enter(const char *group);

#endif /* GUEST_CGROUP_H */
