/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the guest's init tells relay over the one virtio-serial port: a stream
 * of frames, each a header and then @len bytes. The status frame comes last,
 * so whoever has it knows that all output came before it.
 */
#ifndef GUEST_WIRE_H
#define GUEST_WIRE_H

#include <stdint.h>

enum wire_type {
	WIRE_STDOUT = 'o',
	WIRE_STDERR = 'e',
	WIRE_STATUS = 's', /* one byte: the command's exit status */
	WIRE_FAILED = 'f', /* text: why the guest could not run the command */
};

struct wire_header {
	uint8_t type;
	uint8_t unused[3];
	uint32_t len;
};

#endif
