#!/usr/bin/env bats
# The examples of the manual pages work as they stand there.

load guest

examples() {
	logged "$BATS_TEST_DIRNAME/run-examples" "$BATS_TEST_DIRNAME/../../man/$1"
	[[ $status -eq 0 ]]
}

@test "msharectl(8)" {
	examples msharectl.8
}

@test "msharectl-mount(8)" {
	examples msharectl-mount.8
}

@test "msharectl-umount(8)" {
	examples msharectl-umount.8
}

@test "msharectl-create(8)" {
	examples msharectl-create.8
}

@test "msharectl-map(8)" {
	examples msharectl-map.8
}

@test "msharectl-unmap(8)" {
	examples msharectl-unmap.8
}

@test "msharectl-protect(8)" {
	examples msharectl-protect.8
}

@test "msharectl-advise(8)" {
	examples msharectl-advise.8
}

@test "msharectl-lock(8)" {
	examples msharectl-lock.8
}

@test "msharectl-mempolicy(8)" {
	examples msharectl-mempolicy.8
}

@test "msharectl-seal(8)" {
	examples msharectl-seal.8
}

@test "msharectl-ls(8)" {
	examples msharectl-ls.8
}

@test "msharectl-info(8)" {
	examples msharectl-info.8
}

@test "msharectl-stat(8)" {
	examples msharectl-stat.8
}

@test "msharectl-ps(8)" {
	examples msharectl-ps.8
}

@test "msharectl-attach-exec(8)" {
	examples msharectl-attach-exec.8
}

@test "msharectl-rm(8)" {
	examples msharectl-rm.8
}

@test "msharefs(5)" {
	examples msharefs.5
}
