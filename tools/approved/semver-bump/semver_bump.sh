#!/usr/bin/env bash
# Raises a semantic version: by a part, or by the messages of the commits since.
set -euo pipefail

refuse() {
    printf '{"success": false, "error": "%s"}\n' "$1"
    exit 1
}

# The greatest part that conventional commits ask for, one message a line.
part_of_commits() {
    local part=none line
    while IFS= read -r line || [[ -n $line ]]; do
        if [[ $line =~ ^[a-z]+(\([^\)]*\))?!: || $line == *'BREAKING CHANGE'* ]]; then
            part=major
            break
        elif [[ $line =~ ^feat(\([^\)]*\))?: ]]; then
            part=minor
        elif [[ $part == none && $line =~ ^(fix|perf|revert)(\([^\)]*\))?: ]]; then
            part="patch"
        fi
    done <<<"$1"
    printf '%s' "$part"
}

# What to raise: as asked, else by the commits.
part_to_raise() {
    if [[ ${INPUT_PART:-auto} != auto ]]; then
        printf '%s' "$INPUT_PART"
        return
    fi
    local part
    part=$(part_of_commits "${INPUT_COMMITS:-}")
    # Before 1.0.0 everything may change: a breaking change raises the second number.
    [[ $major != 0 || $part != major ]] || part=minor
    printf '%s' "$part"
}

# Raises a number; a pre-release of just that version becomes the release instead.
raise() {
    if [[ $1 == major ]]; then
        [[ -n $pre && $minor$patch == 00 ]] || major=$((major + 1))
        minor=0 patch=0
    elif [[ $1 == minor ]]; then
        [[ -n $pre && $patch == 0 ]] || minor=$((minor + 1))
        patch=0
    else
        [[ -n $pre ]] || patch=$((patch + 1))
    fi
}

number='(0|[1-9][0-9]{0,8})'
identifiers='[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*'
version=${INPUT_VERSION#v}
if [[ ! $version =~ ^$number\.$number\.$number(-($identifiers))?(\+$identifiers)?$ ]]; then
    refuse "the version is not a semantic version such as 1.4.0"
fi
major=${BASH_REMATCH[1]} minor=${BASH_REMATCH[2]} patch=${BASH_REMATCH[3]} pre=${BASH_REMATCH[5]:-}
part=$(part_to_raise)
next=$version changed=false
if [[ $part != none ]]; then
    raise "$part"
    next="$major.$minor.$patch" changed=true
fi
printf '{"version": "%s", "next": "%s", "part": "%s", "changed": %s}\n' "$version" "$next" "$part" "$changed"
