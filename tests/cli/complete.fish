# complete.fish LINE...: "LINE -> WORDS", what fish offers at the end of each line

source (status dirname)/../../completions/msharectl.fish
for line in $argv
    set -l words (complete -C $line | string replace -r '\t.*' '')
    echo "$line -> $words"
end
