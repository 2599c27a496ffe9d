#!/usr/bin/env bash
# Looks over the text of a .env file. Prints names and line numbers, never values.
set -euo pipefail

declare -A first_line=()
findings=()

# Messages hold only what the patterns below let through, so nothing needs escaping in JSON.
finding() {
    findings+=("{\"line\": $1, \"severity\": \"$2\", \"message\": \"$3\"}")
}

audit_value() {
    local number=$1 name=$2 value=$3
    if [[ -z $value || $value == '""' || $value == "''" ]]; then
        finding "$number" low "$name is empty"
    elif [[ $name =~ (SECRET|TOKEN|PASSWORD|PASSWD|API_?KEY|PRIVATE) && ${#value} -ge 8 && $value != *'${'* ]]; then
        finding "$number" high "$name looks like a secret"
    elif [[ $value == *' '* && $value != [\"\']*[\"\'] ]]; then
        finding "$number" low "$name has blanks but no quotes"
    fi
}

number=0
while IFS= read -r line || [[ -n $line ]]; do
    number=$((number + 1))
    line=${line%$'\r'}
    [[ $line =~ ^[[:space:]]*(#|$) ]] && continue
    if [[ $line =~ ^[[:space:]]*(export[[:space:]]+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]]; then
        name=${BASH_REMATCH[2]} value=${BASH_REMATCH[3]}
        if [[ -n ${first_line[$name]:-} ]]; then
            finding "$number" medium "$name was set before, in line ${first_line[$name]}"
        else
            first_line[$name]=$number
            audit_value "$number" "$name" "$value"
        fi
    else
        finding "$number" medium "sets nothing"
    fi
done <<<"${INPUT_TEXT:-}"

joined=$(IFS=,; echo "${findings[*]:-}")
printf '{"names": %d, "findings": [%s]}\n' "${#first_line[@]}" "$joined"
