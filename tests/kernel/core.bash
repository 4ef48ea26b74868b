# shellcheck shell=bash
# shellcheck disable=SC2034 # for the scripts that source this
# The tests of what a change of the series or of the base breaks first. Sourced by
# ./dev test and ./dev kernel rebase.
core_tests='^(stale|objects|windows|lifetime|operations|requests)/'
core_guest=(--memory 4G --disk 2G --la57 --append numa=fake=2 --timeout 3600)
