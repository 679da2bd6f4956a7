#!/usr/bin/env bash
# Completions and manual pages: made by the program, understood by the shells and by man.
. "$SOURCE_DIR/tests/e2e/lib.sh"
needs bash zsh fish mandoc

mapfile -t verbs < <("$IMGPORT" --help | sed -n '/^Subcommands:/,/^$/p' | awk 'NR > 1 && NF {print $1}')
[ "${#verbs[@]}" -gt 10 ] || fail "verbs: ${verbs[*]}"

# complete WORD...: what bash offers for the last word.
complete_words() {
  bash -c 'source <("$0" completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _imgport; printf "%s\n" "${COMPREPLY[@]}"' \
    "$IMGPORT" "$@" | sort
}
touch 'a disk.raw' b.qcow2
expect_equal "verbs" "$(complete_words imgport pr | xargs)" "prepare probe"
for verb in "${verbs[@]}"; do
  expect_equal "$verb" "$(complete_words imgport "$verb" --hel)" --help
done
expect_equal "values" "$(complete_words imgport check --role s)" system
expect_equal "a value after other words" "$(complete_words imgport check --quiet b.qcow2 --fail-on n)" never
expect_equal "rules" "$(complete_words imgport explain fstab-u)" fstab-uuid
expect_equal "profiles" "$(complete_words imgport check --profile alibaba-)" alibaba-2026
expect_equal "files with blanks" "$(complete_words imgport check a)" "a disk.raw"
expect_equal "verbs of a verb" "$(complete_words imgport batch r | xargs)" "retry run"
expect_equal "their options" "$(complete_words imgport batch run --wait)" --wait-for-space
expect_equal "their values" "$(complete_words imgport batch plan --to v)" vhd
expect_equal "numbers" "$(complete_words imgport check --jobs '')" ""

"$IMGPORT" completion zsh >_imgport
expect_exit 0 zsh -n _imgport
"$IMGPORT" completion fish >imgport.fish
expect_exit 0 fish --no-config -c 'source imgport.fish; complete -C "imgport check --role s"'
expect_text out '^system'
expect_exit 0 fish --no-config -c 'source imgport.fish; complete -C "imgport expl"'
expect_text out '^explain'
expect_exit 0 fish --no-config -c 'source imgport.fish; complete -C "imgport batch run --wait"'
expect_text out '^--wait-for-space'

mkdir man
expect_exit 0 "$IMGPORT" manual --all man
for verb in "${verbs[@]}"; do
  [ -f "man/imgport-$verb.1" ] || fail "no page for $verb"
done
mandoc -T lint -W warning man/*.1 >complaints 2>&1 || true
# The pages have no date: a build tells none.
expect_equal "mandoc" "$(grep -v 'missing date' complaints || true)" ""
mandoc -T ascii man/imgport-check.1 | sed 's/.\x08//g' >page
expect_text page 'imgport check \[OPTION...\] IMAGE...'
expect_text page 'imgport check --role data data-disk.raw'
[ -f man/imgport-batch-run.1 ] || fail "no page for batch run"
expect_exit 2 "$IMGPORT" manual no-such-verb
