#!/usr/bin/env bash
# The reports that the built program writes: valid by their schemas, readable in a browser, and harmless whatever an
# image says. WEB_MODULES may name a node_modules folder that has what tests/web/package.json asks for.
. "$SOURCE_DIR/tests/e2e/lib.sh"
needs jq python3 mke2fs xmllint cmark-gfm
python3 -c 'import jsonschema' 2>/dev/null || skip "python3-jsonschema is not installed"
needs_image old-fstab-entry
web=$SOURCE_DIR/tests/web

# A guest that means harm in every string that a report shows.
make_hostile() {
  local root=$work/root bad
  bad=$'<script>alert(1)</script><img src=x onerror=alert(2)>"\x27 \x1b[2J\x1b]0;title\x07 \xe2\x80\xae[x](http://evil.example) @root |`'
  mkdir -p "$root"/{etc/ssh,boot/grub,usr/bin,usr/sbin,lib/modules,root,var/log}
  printf 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="%s"\n' "${bad//\"/}" >"$root/etc/os-release"
  { printf '%s' "$bad"; head -c 1048576 /dev/zero | tr '\0' h; } >"$root/etc/hostname"
  printf '/dev/sda1 /%s ext4 %s 0 1\n' "${bad// /_}" "${bad// /_}" >"$root/etc/fstab"
  printf 'root:x:0:0:%s:/root:/bin/bash\n' "${bad//:/}" >"$root/etc/passwd"
  printf 'PermitRootLogin %s\n' "$bad" >"$root/etc/ssh/sshd_config"
  local plain=${bad//\"/}  # GRUB wants its quotes closed
  printf 'menuentry "%s" {\n linux "/boot/%s" "root=%s"\n}\n' "$plain" "${plain// /}" "$plain" >"$root/boot/grub/grub.cfg"
  mke2fs -q -t ext4 -L '<b>"bad"</b>' -d "$root" "$1" 64M
}

hostile=$'<img src=x onerror=alert(3)> [x](y) \xe2\x80\xae.raw'
make_hostile "$hostile"
forms=(--report json=out.json --report sarif=out.sarif --report junit=out.xml --report markdown=out.md
  --report html=out.html --report text=out.txt)
expect_exit 3 "$IMGPORT" check --format json "${forms[@]}" "$TEST_IMAGES/old-fstab-entry.raw" "$hostile" missing.raw
expect_equal "the same document in the file" "$(cmp out out.json && echo same)" same
"$IMGPORT" inspect --format json "$hostile" >facts.json || true
expect_equal "the hostile guest was inspected" "$(jq -r '.images[1].guest.os.id' out.json)" debian
expect_text out.html 'fstab'
expect_text out.md '&#60;img'

# No form lets a control character or a mark that reorders text through.
for form in out.json out.sarif out.xml out.md out.html out.txt; do
  if LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xe2\x80[\xaa-\xae]' "$form"; then
    fail "$form holds a control character"
  fi
  [ "$(stat -c %s "$form")" -lt 1000000 ] || fail "$form is not cut"
  checks=$((checks + 2))
done

# JSON, by our own schemas.
expect_exit 0 "$web/validate.py" "$SOURCE_DIR/docs/schemas/report-1.json" out.json
expect_exit 0 "$web/validate.py" "$SOURCE_DIR/docs/schemas/facts-1.json" facts.json
expect_exit 3 "$IMGPORT" probe --format json "$hostile" missing.raw
cp out probe.json
expect_exit 0 "$web/validate.py" "$SOURCE_DIR/docs/schemas/probe-1.json" probe.json
"$IMGPORT" rules --format json >rules.json
expect_exit 0 "$web/validate.py" "$SOURCE_DIR/docs/schemas/rules-1.json" rules.json
# The validation can fail.
jq '.images[0].verdict = "fine"' out.json >wrong.json
expect_exit 1 "$web/validate.py" "$SOURCE_DIR/docs/schemas/report-1.json" wrong.json

# JUnit: valid, and the numbers are those of the elements.
expect_exit 0 xmllint --noout --schema "$web/junit.xsd" out.xml
count() { xmllint --xpath "count($1)" out.xml; }
expect_equal "suites" "$(count '/testsuites/testsuite')" 3
for element in failure error; do
  expect_equal "${element}s" "$(xmllint --xpath "string(/testsuites/@${element}s)" out.xml)" "$(count "//$element")"
done
expect_equal "the planted fault" "$(count '//testcase[@name="fstab-exists"]/failure')" 1

# Markdown, as GitHub's own renderer sees it: a table with a row per image, and nothing active.
cmark-gfm --unsafe -e table -e autolink -e strikethrough out.md >markdown.html
expect_equal "rows" "$(grep -c '^<tr>' markdown.html)" 4
if grep -iE '<(script|img|a|b|iframe)[ >]' markdown.html >&2; then
  fail "the Markdown report makes active HTML"
fi
checks=$((checks + 1))

# A report of an earlier run is replaced; no report replaces an image; what cannot be written is exit code 4.
cp out.sarif first.sarif
expect_exit 3 "$IMGPORT" check "${forms[@]}" "$TEST_IMAGES/old-fstab-entry.raw" "$hostile" missing.raw
expect_equal "SARIF of the second run" "$(cmp out.sarif first.sarif && echo same)" same
expect_exit 2 "$IMGPORT" check --report "html=$hostile" "$hostile"
expect_exit 2 "$IMGPORT" check --report html=a --report sarif=a "$hostile"
expect_exit 2 "$IMGPORT" check --report sarf=a "$hostile"
expect_text err 'did you mean sarif'
expect_exit 2 "$IMGPORT" check --report sarif "$hostile"
expect_exit 4 "$IMGPORT" check --report sarif=no/such/folder/a "$TEST_IMAGES/bios-ext4.raw"
expect_text err 'no/such/folder/a'

# The rest needs a browser and what comes from npm.
modules=${WEB_MODULES:-}
if [ -z "$modules" ]; then
  needs node npm
  cp "$web/package.json" .
  npm install --silent --no-save --no-package-lock --no-audit --no-fund --ignore-scripts >npm.log 2>&1 ||
    skip "the packages of tests/web/package.json cannot be installed"
  modules=$work/node_modules
fi
expect_exit 0 "$web/validate.py" "$modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json" out.sarif
expect_equal "results without a place" "$(jq '[.runs[].results[] | select(.locations | length != 1)] | length' out.sarif)" 0

needs node chromium
expect_exit 0 env WEB_MODULES="$modules" node "$web/check_html.mjs" out.html
# The check can fail: the same page with a script that the policy would have to stop, and a picture without a text.
sed 's#</main>#<script>alert(1)</script><img src="x.png"></main>#' out.html >wrong.html
expect_exit 1 env WEB_MODULES="$modules" node "$web/check_html.mjs" wrong.html
