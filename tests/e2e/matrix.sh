#!/usr/bin/env bash
# The matrix: clean guests of each family (test-images/families), and copies of them with planted defects
# (tests/matrix/*.case). What is found at fail and unreachable must be what was planted, nothing less and nothing more.
# Prints the table of rules. MATRIX_ONLY=REGEX runs the cases of that name only, MATRIX_VERBOSE=1 lists each.
. "$SOURCE_DIR/tests/e2e/lib.sh"
needs xxd jq xorriso mke2fs debugfs e2fsck mkfs.xfs mkfs.btrfs mkfs.vfat mcopy sgdisk sfdisk cpio zstd xz qemu-img grub-mkimage uuidgen makefs mkntfs hivexregedit
family=$SOURCE_DIR/test-images/family
cases=$SOURCE_DIR/tests/matrix

# The cases, a line each: name, base, file, line, options, planted rules, rules below; "-" where there is none.
list_cases() {
  awk '/^\[/ {
      if (!match($0, /^\[[a-z0-9-]+\] [a-z0-9-]+( \([^)]*\))?:/)) { print FILENAME ":" FNR ": " $0 > "/dev/stderr"; exit 1 }
      print FILENAME "\t" FNR "\t" $0 }' "$cases"/*.case |
    sed -E 's/^([^\t]*)\t([^\t]*)\t\[([^]]*)\] ([a-z0-9-]+)( \(([^)]*)\))?: *([^|]*[^| ])? *(\| *(.*))?$/\3\t\4\t\1\t\2\t\6\t\7\t\9/; :again; s/\t(\t|$)/\t-\1/; t again'
}

# The body: what follows the header up to the next one.
body_of() { awk -v first="$2" 'FNR > first { if (/^\[/) exit; print }' "$1"; }

# What the data of a sparse file are, without reading its holes.
fingerprint() { tar --sparse --mtime=@0 --transform='s,.*,x,' -cf - -C "${1%/*}" -- "${1##*/}" | sha256sum; }

# build_clean NAME FAMILY VARIABLES: one line of the table of clean guests.
build_clean() {
  local variables=$3
  [ "$variables" != - ] || variables=
  # shellcheck disable=SC2086 # several variables
  env $variables "$family" "$2" "$PWD/base/$1.raw" >"base/$1.log" 2>&1 || { cat "base/$1.log" >&2; return 1; }
  sfdisk --json "base/$1.raw" | jq '[.partitiontable.partitions[].start] | max * 512' >"base/$1.start"
}

# shellcheck disable=SC2030,SC2031 # each case has its own shell by intention
# run_case NAME BASE FILE LINE: the image to check is then named in made/NAME.
run_case() (
  set -euo pipefail
  name=$1 base=$2 work=$PWD/cases/$1 dirty=no
  mkdir -p "$work"
  image=$work/$name.raw result=$image
  # shellcheck disable=SC2034 # read by edit.sh
  part_start=$(cat "base/$base.start")
  cp --sparse=always --reflink=auto "base/$base.raw" "$image"
  # shellcheck source=../matrix/words.sh
  . "$cases/words.sh"
  before=$(fingerprint "$image")
  body_of "$3" "$4" >"$work/body"
  # shellcheck source=/dev/null
  . "$work/body"
  if [ "$result" = "$image" ]; then
    if [ "$5" = - ] && [ "$(fingerprint "$image")" = "$before" ]; then
      echo "$name: the case did not change the image" >&2
      return 1
    fi
    [ "$dirty" = yes ] || prove_clean "$image"
  fi
  printf '%s\n' "$result" >"made/$name"
)

# in_two_lanes FUNCTION: once for each line on stdin, with its tab-separated fields.
in_two_lanes() {
  local lane pids=() lines=() words
  mapfile -t lines
  for lane in 0 1; do
    (
      trap - EXIT
      set +e # each call is a shell of its own with `set -e`, and must not be part of a condition
      for ((i = lane; i < ${#lines[@]}; i += 2)); do
        IFS=$'\t' read -r -a words <<<"${lines[$i]}"
        ("$1" "${words[@]}")
        # shellcheck disable=SC2181
        [ $? -eq 0 ] || echo "${words[0]}" >>failed
      done
    ) &
    pids+=($!)
  done
  wait "${pids[@]}"
}

# clean_guests: name, family, variables, expected rules; of the families that this build can read.
clean_guests() {
  local name family_of variables below
  while IFS='|' read -r name family_of variables below; do
    printf '%s\t%s\t%s\t%s\n' "$(xargs <<<"$name")" "$(xargs <<<"$family_of")" "$(xargs <<<"${variables:--}")" "$(xargs <<<"${below:--}")"
  done < <(sed -E 's/#.*//; /^\s*$/d; s/\|\s*\|/| - |/g' "$cases/clean")
}

# judge OPTIONS IMAGE...: the findings of all, a line each: image, status, severity, rule.
judge() {
  local options=() status=0
  [ "$1" = - ] || mapfile -t options < <(xargs -n 1 <<<"$1") # which reads quotes
  shift
  "$IMGPORT" check --profile alibaba --inspector native --format json --jobs 2 "${options[@]}" "$@" >report.json 2>report.err || status=$?
  [ "$status" -le 3 ] || { cat report.err >&2; fail "imgport check: exit code $status"; }
  jq -r '.images[] | .path as $path | .findings[] | select(.status == "violated" or .status == "unknown")
    | [$path, .status, .severity, .rule, .message] | @tsv' report.json >>findings
  jq -r '.images[].path' report.json >>judged
}

# of IMAGE STATUS SEVERITIES: the rules, sorted, in one line.
of() {
  awk -F'\t' -v image="$1" -v status="$2" -v severities=" $3 " '$1 == image && $2 == status && index(severities, " " $3 " ") { print $4 }' findings |
    sort -u | xargs
}

sorted() { tr ' ' '\n' <<<"$1" | sed '/^-*$/d' | sort -u | xargs; }

mkdir base cases made
clean_guests >declared
grep -v $'^everywhere\t' declared >clean
list_cases >all-cases
"$IMGPORT" rules --format json | jq -r '.rules[].id' | sort >known
waiting=$(sed 's/#.*//' "$cases/waiting" | xargs)

# Which cases: those whose rules are all there. One that waits for a rule is told, an unknown name is an error.
while IFS=$'\t' read -r name base file line options rules below; do
  missing=
  for rule in $(sorted "$rules $below"); do
    grep -qx -- "$rule" known && continue
    case " $waiting " in *" $rule "*) missing+=" $rule" ;; *) fail "$file:$line: there is no rule '$rule'" ;; esac
  done
  if [ -n "$missing" ]; then
    echo "case $name waits for$missing"
  elif [[ $name =~ ${MATRIX_ONLY:-.} ]]; then
    cut -f1 clean | grep -qx -- "$base" || fail "$file:$line: there is no clean guest '$base'"
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$name" "$base" "$file" "$line" "$options" "$rules" "$below"
  fi
done <all-cases >selected
grep '^case ' selected || true
sed -i '/^case /d' selected
[ -z "$(cut -f1 all-cases clean | sort | uniq -d)" ] || fail "two of one name: $(cut -f1 all-cases clean | sort | uniq -d | xargs)"

while IFS=$'\t' read -r name family_of _; do
  why=$("$family" --list | awk -F'\t' -v name="$family_of" '$1 == name' | sed -n 's/.*(not yet: \(.*\))$/\1/p')
  [ -z "$why" ] || printf '%s\t%s\n' "$name" "$why"
done <clean >unreadable
awk -F'\t' 'FILENAME == "unreadable" { skip[$1] = 1; next } !($1 in skip)' unreadable clean >readable
sed 's/\t/: not judged, /' unreadable

if [ -n "${MATRIX_ONLY:-}" ]; then # no more clean guests than needed
  awk -F'\t' 'FILENAME == "selected" { wanted[$2] = 1; next } $1 in wanted' selected readable >wanted
  mv wanted readable
fi
touch failed
in_two_lanes build_clean <readable
in_two_lanes run_case <selected

# One run of the program for each set of options.
: >findings
: >judged
mapfile -t images < <(cut -f1 readable | sed "s,.*,$PWD/base/&.raw,")
judge - "${images[@]}"
while read -r options; do
  mapfile -t images < <(awk -F'\t' -v options="$options" '$5 == options { print "made/" $1 }' selected | xargs -r cat 2>/dev/null)
  [ ${#images[@]} -eq 0 ] || judge "$options" "${images[@]}"
done < <(cut -f5 selected | sort -u)

bad=0
complain() {
  echo "$1: $2" >&2
  awk -F'\t' -v image="$3" '$1 == image && ($3 == "fail" || $3 == "unreachable") { printf "    %s %s: %s\n", $2, $4, $5 }' findings >&2
  bad=$((bad + 1))
}

: >table
# compare NAME IMAGE PLANTED
compare() {
  local name=$1 image=$2 planted found rule
  planted=$(sorted "$3")
  grep -qxF -- "$image" judged || { complain "$name" "was not judged" "$image"; return; }
  found=$(of "$image" violated 'fail unreachable')
  [ "$found" = "$planted" ] || complain "$name" "found '$found', planted '$planted'" "$image"
  local unknown
  unknown=$(of "$image" unknown 'fail unreachable')
  [ -z "$unknown" ] || [ -e "made/$name.hides" ] || complain "$name" "could not be judged: $unknown" "$image"
  for rule in $planted; do
    case " $found " in *" $rule "*) echo "$rule found" ;; *) echo "$rule missed" ;; esac
  done >>table
  for rule in $found; do
    case " $planted " in *" $rule "*) ;; *) echo "$rule false" ;; esac
  done >>table
  [ -z "${MATRIX_VERBOSE:-}" ] || printf '%-34s %s\n' "$name" "$found"
  checks=$((checks + 1))
}

# those LIST: less the rules that this version does not have yet.
those() { comm -12 <(sorted "$1" | tr ' ' '\n') known | xargs; }

everywhere=$(awk -F'\t' '$1 == "everywhere" { print $4 }' declared)
while IFS=$'\t' read -r name _ _ below; do
  image=$PWD/base/$name.raw
  compare "$name" "$image" ''
  case $name in
    debian*)
      is=$(of "$image" violated 'feature recommendation')
      should=$(those "$everywhere $below")
      [ "$is" = "$should" ] || complain "$name" "below unreachable found '$is', declared '$should'" "$image" ;;
  esac
done <readable
while IFS=$'\t' read -r name _ _ _ _ rules below; do
  ! grep -qx -- "$name" failed || { complain "$name" "could not be made" ''; continue; }
  image=$(cat "made/$name")
  compare "$name" "$image" "$rules"
  is=$(of "$image" violated 'feature recommendation')
  for rule in $(sorted "$below"); do
    case " $is " in *" $rule "*) ;; *) complain "$name" "$rule is not found below unreachable" "$image" ;; esac
  done
done <selected

# Which rules of these severities no guest shows is said, and why: tests/matrix/no-guest.
"$IMGPORT" rules --format json | jq -r '.rules[] | select(.checkable and any(.severities.alibaba // {} | .[]; . == "fail" or . == "unreachable")) | .id' |
  sort >grave
cut -d' ' -f1 table | sort -u >planted
sed -E 's/#.*//; s/:.*//; /^\s*$/d' "$cases/no-guest" | sort >excused
[ -n "${MATRIX_ONLY:-}" ] || without=$(comm -23 grave planted | comm -23 - excused | xargs)
[ -z "${without:-}" ] || echo "planted in no guest yet: $without"

BUILD_DIR=$BUILD_DIR "$SOURCE_DIR/scripts/rule-cases" >rule-cases || { cat rule-cases >&2; fail "rules without test cases"; }
checks=$((checks + 1))

printf '%-22s %8s %6s %6s\n' rule planted found false
awk '{ rules[$1]; count[$1, $2]++ }
  END { for (rule in rules) printf "%-22s %8d %6d %6d\n", rule, count[rule, "found"] + count[rule, "missed"], count[rule, "found"], count[rule, "false"] }' table | sort
echo "$(wc -l <selected) guests with planted defects, $(wc -l <readable) clean ones"
[ "$bad" -eq 0 ] || fail "$bad of them are not as planned"
