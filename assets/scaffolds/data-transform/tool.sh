set -euo pipefail

{{json}}

# A line without the blanks around it, in the case that is asked for.
change() {
    local line=$1
    line=${line#"${line%%[! $'\t\r']*}"}
    line=${line%"${line##*[! $'\t\r']}"}
    case ${INPUT_CASE:-keep} in
        lower) line=${line,,} ;;
        upper) line=${line^^} ;;
    esac
    printf '%s' "$line"
}

declare -A seen=()
text=${INPUT_TEXT?text is missing}
mapfile -t given <<<"$text"
joined="" kept=0
for raw in "${given[@]}"; do
    line=$(change "$raw")
    [[ -z $line ]] && continue
    # A key of its own for every text: an empty one is none.
    [[ ${INPUT_UNIQUE:-false} == true && -n ${seen["=$line"]:-} ]] && continue
    seen["=$line"]=1
    kept=$((kept + 1))
    joined+="${joined:+, }$(json_text "$line")"
done
printf '{"lines": [%s], "dropped": %d}\n' "$joined" "$((${#given[@]} - kept))"
