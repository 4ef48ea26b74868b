# SPDX-License-Identifier: GPL-2.0-only
# Assembles a man page: the file include/NAME replaces the line
# ".so include/NAME". Usage: awk -v man=FOLDER -f assemble.awk PAGE

/^\.so include\// {
	fragment = man "/" $2
	while ((status = (getline line <fragment)) > 0)
		print line
	if (status < 0) {
		print "assemble.awk: cannot read " fragment >"/dev/stderr"
		exit failed = 1
	}
	close(fragment)
	next
}

{ print }

END { exit failed }
