# shellcheck shell=bash
# The root filesystem that every guest starts from: a small Debian with a cloud kernel, cloud-init
# and sshd, kept as a tarball. Nothing here knows of disks or boot loaders.

base_packages=(
  linux-image-cloud-amd64 initramfs-tools zstd kmod udev
  systemd systemd-sysv systemd-resolved dbus login passwd sudo
  openssh-server cloud-init cloud-guest-utils cloud-initramfs-growroot
  netplan.io iproute2 isc-dhcp-client ca-certificates
  grub-common grub2-common grub-pc-bin grub-efi-amd64-bin
  e2fsprogs xfsprogs
)

# Packages that single recipes install later, without a network: each is kept beside the tarball
# in a folder of its name, with whatever it needs.
extra_packages=(qemu-guest-agent nftables lvm2 dracut-core)

# host_sources LISTS: the host's own apt sources of this distribution, as apt sees them, so that
# whatever mirror the host uses serves the guest too. apt knows a source's origin only with its
# index at hand; LISTS is an empty folder for that, as the host may have thrown its indexes away.
host_sources() {
  local lists=$1 distribution
  distribution=$(. /etc/os-release && echo "$ID")
  mkdir -p "$lists/partial"
  apt-get -qq -o Dir::State::Lists="$lists" -o APT::Sandbox::User=root update >&2
  # shellcheck disable=SC2016 # the $(...) are apt's, not the shell's
  apt-get -o Dir::State::Lists="$lists" indextargets --format '$(ORIGIN) deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
    'Created-By: Packages' | sed -n "s/^$distribution deb/deb/Ip" | sort -u
}

# What the host tells apt about stale indexes counts in the guest as well: a frozen mirror has them.
host_apt_options() {
  apt-config dump Acquire::Check-Valid-Until
  apt-config dump Acquire::Check-Date
}

# What must lie there before the first package is configured: the initramfs is built on the way.
write_early_files() {
  local root=$1
  mkdir -p "$root/etc/initramfs-tools/conf.d" "$root/etc/kernel"
  echo 'MODULES=most' >"$root/etc/initramfs-tools/conf.d/modules"
  echo 'COMPRESS=zstd' >"$root/etc/initramfs-tools/conf.d/compress"
  echo 'LABEL=root / ext4 defaults 0 1' >"$root/etc/fstab" # for now: puts fsck into the initramfs
  printf 'do_symlinks = no\ndo_bootloader = no\n' >"$root/etc/kernel-img.conf"
}

# The guest's configuration: what a careful person sets before importing into Alibaba Cloud.
write_guest_files() {
  local root=$1
  echo 'import-test' >"$root/etc/hostname"
  printf '127.0.0.1 localhost\n127.0.1.1 import-test\n::1 localhost ip6-localhost\n' >"$root/etc/hosts"
  echo 'LANG=C.UTF-8' >"$root/etc/default/locale"
  cat >"$root/etc/default/grub" <<'GRUB'
GRUB_DEFAULT=0
GRUB_TIMEOUT=1
GRUB_DISTRIBUTOR=Debian
GRUB_CMDLINE_LINUX_DEFAULT=""
GRUB_CMDLINE_LINUX="console=tty0 console=ttyS0,115200n8 net.ifnames=0 nvme_core.io_timeout=4294967295"
GRUB_TERMINAL="console serial"
GRUB
  cat >"$root/etc/cloud/cloud.cfg.d/99-aliyun.cfg" <<'CLOUD'
datasource_list: [ AliYun, NoCloud, None ]
disable_root: false
CLOUD
  # Holds where cloud-init finds no datasource; where it finds one, its own file says the same.
  cat >"$root/etc/netplan/01-dhcp.yaml" <<'NETPLAN'
network:
  version: 2
  renderer: networkd
  ethernets:
    eth0:
      dhcp4: true
NETPLAN
  chmod 600 "$root/etc/netplan/01-dhcp.yaml"
}

# What one machine leaves behind and no image should carry. cloud-init makes new host keys.
clean_guest() {
  local root=$1
  rm -rf "$root"/etc/ssh/ssh_host_* "$root"/var/lib/apt/lists/* "$root"/var/log/* "$root"/var/cache/* \
    "$root"/var/lib/cloud "$root"/tmp/* "$root"/etc/resolv.conf "$root"/etc/apt/sources.list \
    "$root"/etc/apt/apt.conf.d/99mmdebstrap "$root"/etc/dpkg/dpkg.cfg.d/99mmdebstrap
  rm -f "$root/etc/machine-id" "$root/var/lib/dbus/machine-id"
  : >"$root/etc/machine-id"
  ln -s /etc/machine-id "$root/var/lib/dbus/machine-id"
  ln -s ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
}

# Runs inside mmdebstrap while apt still works: from the outside, as the guest resolves no names by now.
fetch_extra_packages() {
  local archives=$1/var/cache/apt/archives packages=$2 package
  for package in "${extra_packages[@]}"; do
    rm -f "$archives"/*.deb
    APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -qq install -y --no-install-recommends --download-only "$package" >&2
    mkdir -p "$packages/$package"
    mv "$archives"/*.deb "$packages/$package/"
  done
}

# make_base TARBALL PACKAGES: builds the tarball, and the folder with the extra packages.
make_base() {
  local tarball=$1 packages=$2 options=() line suite here
  here=$(realpath "${BASH_SOURCE[0]}")
  suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
  while read -r line; do options+=(--aptopt="$line"); done < <(host_apt_options)
  mkdir -p "$packages"
  host_sources "$packages/lists" >"$packages/sources"
  rm -r "$packages/lists"
  # mmdebstrap appends the root's path to each hook, which runs in a shell of its own.
  mmdebstrap --quiet --mode=root --variant=minbase --format=tar "${options[@]}" \
    --include="$(IFS=,; echo "${base_packages[*]}")" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/info/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --essential-hook="bash -euc '. \"$here\"; write_early_files \"\$1\"' hook \"\$1\"" \
    --customize-hook="bash -euc '. \"$here\"; fetch_extra_packages \"\$1\" \"$packages\"; write_guest_files \"\$1\"; clean_guest \"\$1\"' hook \"\$1\"" \
    "$suite" "$tarball" - <"$packages/sources"
  rm "$packages/sources"
}
