#!/usr/bin/env bash
# Starts a study, or goes on with the search that an earlier attempt of the same run began.
#
#   start-or-resume.sh RUN STORAGE STUDY [OPTION OF `stiltune start`]...
#
# RUN is any name: Slurm's job number, a RayJob's name. Which search it began is kept in
# STORAGE/.runs/RUN, so that a run that is requeued or retried resumes its own search, and not one
# that somebody else started of the same study meanwhile.
set -euo pipefail

if [[ $# -lt 3 || ! $1 =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]]; then
    echo "usage: start-or-resume.sh RUN STORAGE STUDY [OPTION]..." >&2
    exit 2
fi
run=$1 storage=$2 study=$3
shift 3
marker=$storage/.runs/$run

# Pass the output on, and note the search: `start` says "lab-1: QUESTION" once its journal is there.
record() {
    trap '' HUP INT TERM # it ends with stiltune's output, not before
    local line
    while IFS= read -r line; do
        printf '%s\n' "$line"
        if [[ ! -e $marker && $line =~ ^([a-z0-9][a-z0-9._-]*-[1-9][0-9]*):" " &&
            -e $storage/${BASH_REMATCH[1]}/journal.jsonl ]]; then
            printf '%s\n' "${BASH_REMATCH[1]}" >"$marker.new"
            mv "$marker.new" "$marker" # whole or not at all
        fi
    done
}

# Both commands take this process's place: a signal sent here reaches stiltune once, and its exit
# code is this script's.
if [[ -e $marker ]]; then
    # What the study is made of stands in the journal: `resume` takes no --set.
    options=()
    while [[ $# -gt 0 ]]; do
        case $1 in
        --set) shift 2 ;;
        --set=*) shift ;;
        *) options+=("$1") && shift ;;
        esac
    done
    exec stiltune resume "$(<"$marker")" --storage "$storage" "${options[@]}"
fi
mkdir -p "$storage/.runs"
exec stiltune start "$study" --storage "$storage" "$@" > >(record)
