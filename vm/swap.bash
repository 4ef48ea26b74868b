# shellcheck shell=bash
# Swap space in compressed memory. Sourced by what runs in the guest.

# swap_on SIZE: as much as that, before it is compressed
swap_on() {
	echo "$1" >/sys/block/zram0/disksize
	mkswap /dev/zram0 >/dev/null
	swapon /dev/zram0
}

# Brings back what is out.
swap_off() {
	swapoff /dev/zram0
	echo 1 >/sys/block/zram0/reset
}
