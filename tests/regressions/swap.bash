# shellcheck shell=bash
# Swap space in compressed memory. Sourced by what runs in the guest.

swap_on() {
	echo 1G >/sys/block/zram0/disksize
	mkswap /dev/zram0 >/dev/null
	swapon /dev/zram0
}
