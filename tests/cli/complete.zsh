#!/usr/bin/env -S zsh -f
# complete.zsh DIR LINE...: "LINE -> WORDS", what zsh offers at the end of each
# line, and "LINE => LINE", what becomes of it. zsh completes on a terminal only,
# and gets one here. DIR is for its files and for what is found out.

if [[ $ZDOTDIR != $1 ]]; then
	zmodload zsh/zpty
	dir=$1 script=$0:A
	shift
	print -r -- ". ${(q)script} ${(q)dir} ${(@q)@}" >$dir/.zshrc
	: >$dir/out
	export ZDOTDIR=$dir TREE=${script:h:h:h} TERM=dumb
	zpty shell zsh -d -i
	# it waits until what it draws is read
	while zpty -r shell drawn 2>/dev/null; do :; done
	cat $dir/out
	exit
fi

# from here on in the shell on the terminal
out=$1/out
shift
lines=("$@")
typeset -U found
PS1= LISTMAX=0
fpath=($TREE/completions $fpath)
autoload -Uz compinit
compinit -C -d $ZDOTDIR/dump

# Notes what is found on its way.
compadd() {
	local -a matches
	if [[ " ${(@)@[1,(i)(-|--)]} " != *\ -[OAD]\ * ]]; then
		builtin compadd -A matches "$@"
		found+=("${(@)matches}")
	fi
	builtin compadd "$@"
}

complete_lines() {
	local line
	for line in "${(@)lines}"; do
		found=()
		BUFFER=$line CURSOR=$#line
		zle complete-word
		print -rl -- "$line -> $found" "$line => $BUFFER" >>$out
	done
	exit
}
zle -N zle-line-init complete_lines
