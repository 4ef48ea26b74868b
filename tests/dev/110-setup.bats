#!/usr/bin/env bats
# shellcheck disable=SC2154 # bats sets variables
# Which packages ./dev setup asks for, with a faked package manager.

setup() {
	load vm
	setup=$BATS_TEST_DIRNAME/../../dev.d/setup
	cd "$BATS_TEST_TMPDIR"
	mkdir bin
	PATH=$PWD/bin:$PATH
	unset MSHARE_KERNEL_SOURCE
	# nothing is installed; apt knows all packages, and clang 19
	fake id 'echo 0'
	fake dpkg-query 'exit 1'
	fake lslocks :
	fake apt-get 'echo "$*" >>calls'
	fake apt-cache '
		case $1 in
		policy) shift; printf "%s:\n  Candidate: 1\n" "$@" ;;
		depends) printf "clang\n  Depends: clang-19\n  Breaks: <clang-3.2>\n" ;;
		esac'
}

# fake COMMAND SCRIPT
fake() {
	printf '#!/bin/bash\n%s\n' "$2" >"bin/$1"
	chmod +x "bin/$1"
}

@test "setup: each verb has its packages" {
	local verb
	for verb in "$BATS_TEST_DIRNAME"/../../dev.d/*; do
		verb=${verb##*/}
		[[ $verb != common.bash && $verb != setup ]] || continue
		run "$setup" "$verb"
		assert_success
		assert_output --regexp '^installing: .* gcc |^installing: .* make '
	done
}

@test "setup: build and package do not ask for a kernel, a guest or clang" {
	run "$setup" build package
	assert_success
	run cat calls
	assert_output --partial ' libmount-dev '
	assert_output --partial ' lintian '
	refute_output --regexp 'linux-source|qemu|clang'
}

@test "setup: without a verb all verbs' packages" {
	run "$setup"
	run cat calls
	assert_output --regexp ' cmake .* linux-source-.* qemu-system-x86 .* zsh'
}

@test "setup: clang's run-time library is that of the release's clang" {
	run "$setup" fuzz
	run cat calls
	assert_output --partial ' libclang-rt-19-dev '
}

@test "setup: clang's version is known only after apt has lists" {
	fake apt-cache '
		[[ -e calls ]] || exit 100
		printf "clang\n  Depends: clang-19\n  Candidate: 1\n"'
	run "$setup" fuzz
	assert_success
	assert_equal "$(head -n 1 calls)" '-qq -o DPkg::Lock::Timeout=600 update'
	assert_regex "$(tail -n 1 calls)" ' libclang-rt-19-dev '
}

@test "setup: --if-missing is silent where all packages are installed" {
	fake dpkg-query '
		[[ $3 != *Depends* ]] || { echo "clang-14 (>= 14~)"; exit; }
		printf "installed %s\n" "${@:4}"'
	run "$setup" --if-missing
	assert_success
	assert_output ''
	[[ ! -e calls ]]
}

@test "setup: waits for another package manager, and says so" {
	echo /var/lib/apt/lists/lock >held
	fake lslocks 'cat held 2>/dev/null; rm -f held'
	run "$setup" build
	assert_success
	assert_line 'waiting for another package manager, up to 10 minutes'
	assert_regex "$(<calls)" '^-qq -o DPkg::Lock::Timeout=600 install -y '
}

@test "setup: packages that are not served any more are looked for once more" {
	fake apt-get 'echo "$*" >>calls; [[ $(wc -l <calls) -gt 1 ]]'
	run "$setup" build
	assert_success
	run sed -E 's/.*=600 ([a-z]+).*/\1/' calls
	assert_output $'install\nupdate\ninstall'
}

@test "setup: services of packages are not started" {
	export MSHARE_POLICY=$PWD/policy
	fake apt-get '"$MSHARE_POLICY" postgresql start; echo $? >>calls'
	run "$setup" build
	assert_success
	assert_equal "$(<calls)" 101
	[[ ! -e policy ]]
	fake apt-get 'exit 1'
	run "$setup" build
	assert_failure
	[[ ! -e policy ]]
	echo theirs >policy
	run "$setup" build
	assert_equal "$(<policy)" theirs
}

@test "setup: an unknown verb is a usage error" {
	run "$setup" bild
	assert_failure 2
	assert_line --partial bild
	[[ ! -e calls ]]
}
