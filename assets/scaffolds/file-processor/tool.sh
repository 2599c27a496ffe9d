set -euo pipefail
LC_ALL=C
export LC_ALL

{{json}}

workspace=${1:?the workspace is missing}
path=${INPUT_PATH:-}

# The file that is meant: inside of the workspace, or the sample beside this tool.
if [[ -z $path ]]; then
    file=$(dirname -- "${BASH_SOURCE[0]}")/sample.txt
else
    root=$(realpath -m -- "$workspace") || fail "the workspace cannot be read"
    file=$(realpath -m -- "$root/$path" 2>/dev/null) || fail "the file cannot be read"
    [[ $file == "$root"/* ]] || fail "the file is outside of the workspace"
fi
[[ -f $file && -r $file ]] || fail "there is no such file"

read -r size _ < <(wc -c <"$file")
((size <= 8000000)) || fail "the file has more than 8000000 bytes"
read -r words _ < <(wc -w <"$file")
read -r lines longest < <(awk '{ if (length($0) > most) most = length($0) } END { print NR, most + 0 }' "$file")
printf '{"bytes": %d, "lines": %d, "words": %d, "longest": %d}\n' "$size" "$lines" "$words" "$longest"
