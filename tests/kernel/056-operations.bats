#!/usr/bin/env bats
# The requests that came after PROTECT. MADV_PAGEOUT is in 110-reclaim.bats,
# where there is swap space.

load guest
teardown() { remove_regions; }

@test "NEXT_MAPPING walks all that is mapped" {
	helper operations walk
}

@test "NEXT_MAPPING gives names that fit" {
	helper operations names
}

@test "ADVISE takes advice for all clients alone, on what is mapped" {
	helper operations advise advise-holes
}

@test "MADV_POPULATE brings memory in, as far as there is any" {
	helper operations advise-populate advise-past-end
}

@test "MADV_REMOVE empties memory for every client, at once" {
	helper operations advise-remove
}

@test "MADV_REMOVE needs a file that is open for writing" {
	helper operations advise-remove-readonly
}

@test "MADV_HUGEPAGE and MADV_NOHUGEPAGE choose the pages" {
	helper operations advise-huge
}

@test "LOCK keeps memory in until UNLOCK or the region's end" {
	helper operations lock-pages
}

@test "LOCK with MLOCK_ONFAULT brings nothing in" {
	helper operations lock-onfault
}

@test "LOCK and UNLOCK take what is mapped" {
	helper operations lock-refused
}

@test "LOCK is for those whom no limit binds" {
	helper operations lock-privilege
}

@test "SEAL forbids each request to everybody" {
	helper operations seal-each
}

@test "SEAL only ever adds, and nothing else" {
	helper operations seal-adds
}

@test "MEMPOLICY takes the modes, nodes and flags that there are" {
	helper operations mempolicy
}

@test "structures may be shorter or longer than the kernel's" {
	helper operations sizes
}

@test "structures are copied, and no more, or EFAULT" {
	helper operations addresses
}

@test "STAT counts faults and links" {
	helper operations count-faults
}

@test "a fault takes the locks of VMAs, and no others" {
	helper operations count-locks
}

@test "STAT counts flushes and interrupts" {
	helper operations count-flushes
}

@test "UNMAP interrupts no processor that runs no client" {
	helper operations bystander
}

@test "fdinfo has the figures of STAT" {
	helper operations same-figures
}
