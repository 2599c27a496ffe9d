# A text as a JSON string.
json_text() {
    local text=$1 out="" char code at
    text=${text//\\/\\\\}
    text=${text//\"/\\\"}
    text=${text//$'\n'/\\n}
    text=${text//$'\r'/\\r}
    text=${text//$'\t'/\\t}
    if [[ $text == *[$'\x01'-$'\x1f']* ]]; then
        for ((at = 0; at < ${#text}; at++)); do
            char=${text:at:1}
            if [[ $char == [$'\x01'-$'\x1f'] ]]; then
                printf -v code '%d' "'$char"
                printf -v char '\\u%04x' "$code"
            fi
            out+=$char
        done
        text=$out
    fi
    printf '"%s"' "$text"
}

# What the caller is told instead of an answer.
fail() {
    printf '{"success": false, "error": %s}\n' "$(json_text "$1")"
    exit 1
}
