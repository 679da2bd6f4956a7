#!/usr/bin/env bash
# Every recipe gives exactly the planted findings at fail and unreachable, and the clean ones none.
. "$SOURCE_DIR/tests/e2e/lib.sh"
needs jq

mapfile -t images < <(find "$TEST_IMAGES" -maxdepth 1 -name '*.raw' | sort)
[ "${#images[@]}" -gt 0 ] || skip "no test image was built (test-images/build)"

expect_exit 1 "$IMGPORT" check --profile alibaba --format json --jobs 2 "${images[@]}"
mv out report.json

printf '%-24s %-10s %s\n' recipe verdict findings
for i in "${!images[@]}"; do
  recipe=$(basename "${images[$i]}" .raw)
  found=$(findings report.json "$i")
  expect_equal "$recipe: unknown rules" "$(jq -r --argjson i "$i" \
    '[.images[$i].findings[] | select(.status == "unknown")] | map(.rule + ": " + .message) | join("; ")' report.json)" ""
  expect_equal "$recipe: findings" "$found" "$(cat "$TEST_IMAGES/$recipe.expect")"
  verdict=$(jq -r --argjson i "$i" '.images[$i].verdict' report.json)
  expect_equal "$recipe: verdict" "$verdict" "$([ -s "$TEST_IMAGES/$recipe.expect" ] && echo fail || echo pass)"
  below=()
  [ ! -f "$TEST_IMAGES/$recipe.expect-feature" ] || mapfile -t below <"$TEST_IMAGES/$recipe.expect-feature"
  # No Linux but the cloud's own has its assistant, so that one is nowhere in the recipes.
  [ "$(jq -r --argjson i "$i" '.images[$i].guest.os.id' report.json)" = windows ] || below+=(cloud-assistant)
  for rule in "${below[@]}"; do
    expect_equal "$recipe: $rule" "$(jq -r --argjson i "$i" --arg rule "$rule" \
      '.images[$i].findings[] | select(.rule == $rule) | .status' report.json)" violated
  done
  printf '%-24s %-10s %s\n' "$recipe" "$verdict" "$(paste -sd ' ' <<<"$found")"
done
