# shellcheck shell=bash
# Releases of Debian: this machine's, or another one from the same mirror.

own_release() {
	(. /etc/os-release && echo "$VERSION_CODENAME")
}

# archives RELEASE: prints the archives that apt has on this machine, for RELEASE.
archives() {
	# shellcheck disable=SC2016 # apt fills these in
	apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' \
		'Created-By: Packages' | sed -n 's/ Debian$//p' | sort -u |
		sed -E "s/^(deb [^ ]+ )$(own_release)\b/\1$1/"
}

as_root() {
	if [[ $(id -u) -eq 0 ]]; then "$@"; else sudo "$@"; fi
}
