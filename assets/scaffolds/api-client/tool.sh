set -euo pipefail
LC_ALL=C
export LC_ALL

base="https://api.example.com"

{{json}}

# A text as a part of an address, byte by byte; slashes only where they are wanted.
quote() {
    local text=$1 keep=$2 out="" char at
    for ((at = 0; at < ${#text}; at++)); do
        char=${text:at:1}
        if [[ $char == [a-zA-Z0-9._~-] || $char == "$keep" ]]; then
            out+=$char
        else
            printf -v char '%%%02X' "'$char"
            # Bytes above 127 are negative numbers to some shells.
            out+="%${char: -2}"
        fi
    done
    printf '%s' "$out"
}

path=${INPUT_PATH?path is missing}
while [[ $path == /* ]]; do path=${path#/}; done
url="$base/$(quote "$path" /)?q=$(quote "${INPUT_QUERY:-}" "")"

if [[ ${INPUT_DRY_RUN:-true} == true ]]; then
    printf '{"url": %s, "status": null, "body": null}\n' "$(json_text "$url")"
    exit 0
fi

command -v curl >/dev/null || fail "curl is not installed"
answer=$(curl --silent --show-error --max-time 15 --max-filesize 1000000 --proto '=https' \
    --header 'Accept: application/json' --write-out '\n%{http_code}' -- "$url" 2>&1) ||
    fail "$base cannot be reached: ${answer%$'\n'*}"
status=${answer##*$'\n'}
body=${answer%$'\n'*}
printf '{"url": %s, "status": %d, "body": %s}\n' "$(json_text "$url")" "$status" "$(json_text "$body")"
