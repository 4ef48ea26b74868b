# fish completion for msharectl(8)
#
# Commands, options, columns and regions come from msharectl itself, so that they
# match the installed version. Only sets of values are listed here.

set -g __msharectl_advice populate populate-read willneed cold pageout remove hugepage nohugepage collapse
set -g __msharectl_modes default bind interleave preferred local
set -g __msharectl_prots none r rw rx rwx
set -g __msharectl_mount_words ro rw nosuid suid nodev dev noexec exec noatime strictatime relatime nodiratime diratime nosymfollow symfollow defaults remount \
    mode= uid= gid= size= nr_regions=

# Prints a line for each option in --help: short name, long name, metavariable
# and text, separated by tabs.
function __msharectl_options
    set -l option
    # the empty line ends the text of the last option
    for line in $argv ''
        if string match -qr '^  (-\w,|   ) --' -- $line
            set -q option[1]; and string join \t -- $option
            set -l parts (string match -r '^  (-\w|  ). (--[a-z-]+)=?([A-Z]*) *(.*)' -- $line)
            set option (string trim -- $parts[2..])
        else if set -q option[1]; and string match -qr '^ {29}' -- $line
            set option[4] (string trim -- "$option[4] "(string trim -- $line))
        else if set -q option[1]
            string join \t -- $option
            set -e option
        end
    end
end

function __msharectl_commands
    string match -rg '^  ([a-z-]+  +.*)' -- $argv | string replace -r '  +' \t
end

function __msharectl_help --no-scope-shadowing
    $program $argv --help 2>/dev/null
end

# Prints names separated by null characters. msharectl prints white space, control
# characters and backslashes as \xNN.
function __msharectl_names --no-scope-shadowing
    if string match -qr '^\.{0,2}/' -- $current
        __msharectl_files $current | string join0
        return
    end
    # fish would show the text after a tab as a description
    for line in ($program info $mount_point -n -r -o NAME --filter STATE=present 2>/dev/null | string match -vr '\\\\x09')
        printf '%b\0' $line
    end
end

function __msharectl_files
    complete -C "'' $argv"
end

function __msharectl_directories
    __msharectl_files $argv | string match -r '^[^\t]*/(?:\t.*)?$'
end

# Completes a list such as NAME,SIZE, and keeps its typed part.
function __msharectl_columns --no-scope-shadowing
    set -l of (string match -- --mappings $words)
    set -l typed (string match -r '^(?:.*,|\+)' -- $value)
    set -l given (string split , -- (string replace -r '^\+' '' -- "$typed"))
    for line in ($program $command $of --list-columns 2>/dev/null)
        set -l parts (string split -m 1 -n ' ' -- $line)
        contains -- $parts[1] $given
        or printf '%s%s\t%s\n' "$typed" $parts[1] (string trim -- $parts[2])
    end
end

# The value of an option, given as its name and metavariable.
function __msharectl_value --no-scope-shadowing
    switch "$command:$option"
        case '*:DIR'
            __msharectl_directories $value
        case '*:PATH'
            __msharectl_files $value
        case '*:PROT'
            printf '%s\n' $__msharectl_prots
        case 'mempolicy:--mode:*'
            printf '%s\n' $__msharectl_modes
        case 'mount:--options:*'
            printf "$(string match -r '^.*,' -- $value)%s\n" $__msharectl_mount_words
        case '*:--output:*' '*:--sort:*' '*:--filter:*'
            __msharectl_columns
    end
end

function __msharectl_argument --no-scope-shadowing
    switch "$command:$help[1]"
        case 'create:*'
        case '* [DIR]' '* DIR'
            __msharectl_directories $current | string join0
        case '* ADVICE *'
            # it goes before the region's name
            for word in $words
                if contains -- $word $__msharectl_advice
                    __msharectl_names
                    return
                end
            end
            string join0 -- $__msharectl_advice
        case '*NAME*'
            __msharectl_names
        case '* PROGRAM *'
            complete -C "$current" | string join0
    end
end

# All candidates, separated by null characters.
function __msharectl_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    while string match -qr '^\w+=' -- $words[1]
        set -e words[1]
    end
    set -l program $words[1]
    set -e words[1]

    # where a command begins, and what is said about the mount point before
    set -l command
    set -l mount_point
    set -l previous
    for word in $words
        if contains -- $previous -M --mount-point
            set mount_point -M $word
            set previous
            continue
        end
        set previous $word
        switch $word
            case --
                break
            case '--mount-point=*'
                set mount_point $word
            case '-*'
            case '*'
                set -q command[1]; or set command $word
        end
    end

    if set -l separator (contains -i -- -- $words)
        contains -- "$command" attach-exec run; or return
        set -e words[1..$separator]
        complete -C (string join ' ' -- (string escape -- $words) "$current") | string join0
        return
    end

    test "$command" = help; and set -e command
    set -l help (__msharectl_help $command)
    set -l options (__msharectl_options $help)

    # the value of an option, as a word of its own or behind =
    set -l value $current
    set -l glued ''
    set -l of $words[-1]
    if string match -qr '^--[a-z-]+=' -- $current
        set glued (string match -r '^--[a-z-]+=' -- $current)
        set of (string trim -r -c = -- $glued)
        set value (string replace -- $glued '' $current)
    end
    for line in $options
        set -l parts (string split \t -- $line)
        test -n "$parts[3]" -a -n "$of"; and contains -- $of $parts[1..2]; or continue
        set -l option $parts[2]:$parts[3]
        string join0 -- $glued(__msharectl_value)
        return
    end

    if string match -q -- '-*' $current
        contains -- "$command" attach-exec run; and printf '%s\0' --\t'the program follows'
        for line in $options
            set -l parts (string split \t -- $line)
            for name in $parts[1..2]
                test -z "$name"; or printf '%s\t%s\0' $name $parts[4]
            end
        end
    else if not set -q command[1]
        __msharectl_commands $help | string join0
    else
        __msharectl_argument
    end
end

complete -c msharectl -f -a '(__msharectl_complete | string split0)'
