# shellcheck shell=bash
# What a recipe is, and how one becomes an image. A recipe is a file of these words:
#   title TEXT            one line for --list
#   from NAME             starts from that finished image (else from the base tree)
#   expect RULE...        rules that must be violated at severity fail or unreachable
#   expect_feature RULE...  the same at severity feature
#   no_tree               needs no tree of the base system
# and one function: `plant IMAGE` where it says `from`, else `make IMAGE TREE`.

title() { recipe_title=$1; }
from() { recipe_from=$1; }
no_tree() { recipe_tree=no; }
expect() { recipe_expect+=("$@"); }
expect_feature() { recipe_expect_feature+=("$@"); }

recipe_names() { ls "$here/recipes"; }

load_recipe() {
  recipe_title='' recipe_from='' recipe_tree=yes recipe_expect=() recipe_expect_feature=()
  # shellcheck source=/dev/null
  . "$here/recipes/$1"
}

parent_of() { (load_recipe "$1" && echo "$recipe_from"); }

tree_of() { (load_recipe "$1" && echo "$recipe_tree"); }

# recipe_hash NAME: changes when the recipe, its parent or any shared script does.
recipe_hash() {
  local parent
  parent=$(parent_of "$1")
  cat "$here"/lib/*.sh "$here/recipes/$1" ${parent:+"$here/recipes/$parent"} \
    $([ "$(tree_of "$1")" = yes ] || ls "$here"/fixtures/windows/*) | sha256sum | cut -d' ' -f1
}

is_current() {
  local stamp=$output/.cache/$1.recipe
  [ -e "$output/$1.raw" ] && [ -e "$output/$1.expect" ] && [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$(recipe_hash "$1")" ]
}

# The base tarball, made once per version of lib/base.sh.
base_tarball() {
  local stamp
  stamp=$(sha256sum <"$here/lib/base.sh" | cut -c1-16)
  if [ ! -e "$cache/base-$stamp.tar" ]; then
    echo "base: installing packages" >&2
    rm -rf "$cache"/base-*
    make_base "$work/base.tar" "$work/packages"
    mv "$work/packages" "$cache/base-$stamp.packages"
    mv "$work/base.tar" "$cache/base-$stamp.tar"
  fi
  base=$cache/base-$stamp
}

# install_extra TREE PACKAGE: one of the extra packages that were fetched with the base; no network.
install_extra() {
  local tree=$1 package=$2
  cp -r "$base.packages/$package" "$tree/tmp/packages"
  # As mmdebstrap does: nothing is started, as this is not a running machine.
  printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d"
  chmod 755 "$tree/usr/sbin/policy-rc.d"
  # shellcheck disable=SC2016
  chroot "$tree" sh -c 'DEBIAN_FRONTEND=noninteractive dpkg -i /tmp/packages/*.deb' >"$work/dpkg.log" 2>&1 ||
    { cat "$work/dpkg.log" >&2; return 1; }
  rm -r "$tree/tmp/packages" "$tree/usr/sbin/policy-rc.d"
  rm -rf "$tree"/var/log/* "$tree"/var/cache/*
}

write_expectations() {
  local name=$1
  rm -f "$output/$name.expect-feature"
  [ ${#recipe_expect_feature[@]} -eq 0 ] || printf '%s\n' "${recipe_expect_feature[@]}" | sort >"$output/$name.expect-feature"
  printf '%s\n' "${recipe_expect[@]}" | sed '/^$/d' | sort >"$output/$name.expect"
}

# make_image NAME: runs the recipe; the image gets its name only when all went well.
make_image() {
  local name=$1 image=$work/$1.raw tree=$work/tree
  load_recipe "$name"
  if [ -n "$recipe_from" ]; then
    cp --sparse=always --reflink=auto "$output/$recipe_from.raw" "$image"
    plant "$image"
  elif [ "$recipe_tree" = no ]; then
    make "$image"
  else
    base_tarball
    rm -rf "$tree"
    mkdir "$tree"
    tar -C "$tree" -xf "$base.tar"
    make "$image" "$tree"
    rm -rf "$tree"
  fi
  fallocate --dig-holes "$image" # mkfs allocates what it fills with zeroes
  mv "$image" "$output/$name.raw"
  write_expectations "$name"
  recipe_hash "$name" >"$cache/$name.recipe"
}

build_image() {
  local name=$1 parent
  ! is_current "$name" || return 0
  parent=$(parent_of "$name")
  [ -z "$parent" ] || build_image "$parent"
  local start=$SECONDS
  rm -f "$cache/$name.recipe"
  (make_image "$name") # a subshell: a recipe's function must not outlive it
  echo "$name: built in $((SECONDS - start)) s" >&2
}
