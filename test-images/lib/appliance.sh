# shellcheck shell=bash
# What only a running Linux can do to a disk, inside the libguestfs appliance: TCG, as a nested
# /dev/kvm is often broken. It costs 10 to 20 seconds a start.

# in_appliance IMAGE: guestfish's commands on stdin, after `run`.
in_appliance() {
  { echo run; cat; } |
    LIBGUESTFS_BACKEND=direct LIBGUESTFS_BACKEND_SETTINGS=force_tcg guestfish --format=raw -a "$1"
}
