set -euo pipefail
LC_ALL=C
export LC_ALL

{{json}}

command -v sort >/dev/null || fail "sort is not installed"

flags=()
[[ ${INPUT_UNIQUE:-false} == true ]] && flags+=(-u)
[[ ${INPUT_REVERSE:-false} == true ]] && flags+=(-r)

text=${INPUT_TEXT?text is missing}
if [[ -n $text && $text != *$'\n' ]]; then
    text+=$'\n'
fi

lines=()
if [[ -n $text ]]; then
    # The text goes through standard input: no argument of a program is as long. The dot keeps empty lines at the end.
    sorted=$(printf '%s' "$text" | sort "${flags[@]}" && printf .) || fail "sort failed"
    sorted=${sorted%.}
    mapfile -t lines <<<"${sorted%$'\n'}"
fi

joined=""
for line in "${lines[@]}"; do
    joined+="${joined:+, }$(json_text "$line")"
done
printf '{"lines": [%s], "count": %d}\n' "$joined" "${#lines[@]}"
