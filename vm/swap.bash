# shellcheck shell=bash
# Swap space in compressed memory. Sourced by scripts that run in the guest.

# swap_on SIZE: adds swap space; SIZE is the size before compression
swap_on() {
	echo "$1" >/sys/block/zram0/disksize
	mkswap /dev/zram0 >/dev/null
	swapon /dev/zram0
}

# Swaps everything in, and removes the swap space.
swap_off() {
	swapoff /dev/zram0
	echo 1 >/sys/block/zram0/reset
}
