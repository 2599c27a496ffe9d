# Starts a script with stand-ins for programs: those that are absent or need the network answer with what the variable
# says, and each program that is started is written down with its words in a file that the trial leaves.
__say=${TOOLSMITH_STAND_IN:-0}
__home=$PWD
__tool=${0%/*}
__said=$PWD/programs-started
__own=$(readlink /proc/self/fd/0)
unset TOOLSMITH_STAND_IN
__note() {
    local word words= file line env
    env=$(builtin export -p)
    if [[ $env != "$__env" ]]; then
        while IFS= builtin read -r line; do
            [[ $__env == *"$line"* ]] || builtin printf '%s\n' "$line" >> "$__said"
        done <<< "$env"
    fi
    for word in "$@"; do
        word=${word//"$__tool"/(tool)}
        words+=" '${word//\/tmp\/tmp.[0-9]*/(temporary)}'"
    done
    builtin printf '%s %s\n' "${PWD#"$__home"}" "$words" >> "$__said"
    # What is handed over in a file for a moment.
    for word in "$@"; do
        file=/tmp/tmp.${word#*/tmp/tmp.}
        if [[ $word == */tmp/tmp.* && -f $file ]]; then
            builtin command head -c 2000 -- "$file" >> "$__said"
        fi
    done
    return 0
}
__stand_in() {
    __note "$@"
    local word file= wanted= code= text=
    for word in "${@:2}"; do
        case $wanted$word in
            1*) file=$word wanted= ;;
            -o | --output | -O) wanted=1 ;;
            --output=*) file=${word#*=} ;;
            -w | --write-out) code=1 ;;
        esac
    done
    if [[ ! -t 0 && $(readlink /proc/self/fd/0) == pipe:* && $(readlink /proc/self/fd/0) != "$__own" ]]; then
        builtin command head -c 2000 >> "$__said"
    fi
    case $__say in
        0) text=alpha ;;
        1) text='{"id": 3, "name": "alpha", "url": "https://example.org/a", "items": [{"name": "beta", "size": 7}]}' ;;
        2) text=$'alpha beta\ngamma 3\nalpha' ;;
        3) text=42 ;;
        4) return 1 ;;
    esac
    if [[ $file && $file != - ]]; then
        builtin printf '%s\n' "$text" > "$file" || return 1
        text=
    fi
    if [[ $code ]]; then
        text+=200
    fi
    if [[ $text ]]; then
        builtin printf '%s\n' "$text"
    fi
    return 0
}
command_not_found_handle() {
    if [[ $__say == 5 ]]; then
        builtin printf '%s: command not found\n' "$1" >&2
        return 127
    fi
    __stand_in "$@"
}
command() {
    if [[ ${1:-} != -[vV] ]]; then
        builtin command "$@"
        return
    fi
    builtin command "$@" 2> /dev/null && return
    [[ $__say != 5 ]] || return 1
    builtin printf '/usr/bin/%s\n' "${2:-}"
}
which() { command -v "$@"; }
hash() { command -v "${@: -1}" > /dev/null; }
sleep() { return 0; }
sudo() {
    __note sudo "$@"
    while [[ ${1:-} == -* ]]; do shift; done
    "$@"
}
mktemp() {
    local name=0 word kind=
    for word in "$@"; do
        [[ $word != -d && $word != --directory ]] || kind=d
    done
    while [[ -e /tmp/tmp.$name ]]; do name=$((name + 1)); done
    if [[ $kind ]]; then
        builtin command mkdir "/tmp/tmp.$name"
    else
        : > "/tmp/tmp.$name"
    fi
    builtin printf '%s\n' "/tmp/tmp.$name"
}
rm() {
    local word
    for word in "$@"; do
        if [[ $word != -* && $word != /tmp/tmp.[0-9]* ]]; then
            __note rm "$@"
            break
        fi
    done
    builtin command rm "$@"
}
for __name in umask ulimit kill; do
    eval "$__name() { __note $__name \"\$@\"; builtin $__name \"\$@\"; }"
done
for __name in NAMES; do
    case " NETWORK " in
        *" $__name "*) eval "$__name() { __stand_in $__name \"\$@\"; }" ;;
        *) if builtin type -P "$__name" > /dev/null; then
            eval "$__name() { __note $__name \"\$@\"; builtin command $__name \"\$@\"; }"
        fi ;;
    esac
done
for __name in VARIABLES; do
    if [[ $__say != [45] && -z ${!__name:-} ]]; then
        builtin export "$__name=$([[ $__say != 3 ]] && builtin echo alpha || builtin echo 7)"
    fi
done
unset __name
__env=$(builtin export -p)
