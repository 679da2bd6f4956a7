// What the readers of boot loader configurations give: entries whose paths are still the loader's own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <imgport/facts.hpp>

#include "guest/guest_files.hpp"

namespace imgport {

struct LoaderEntry {
    BootEntry entry = {};     // kernel and initramfs as paths on `volume`
    std::string volume = {};  // VolumeFacts::device; empty: the one the configuration lies on
};

struct LoaderConfig {
    std::string kind;
    std::string config;
    std::vector<LoaderEntry> entries = {};
    std::optional<std::size_t> default_entry = {};
};

// More entries than this make a configuration unreadable.
inline constexpr std::size_t max_boot_entries = 500;

// GRUB 2's grub.cfg at `path`, with its grubenv and, where it says blscfg, the entries of `bls_folder`.
// No entries where it only hands on to another configuration.
LoaderConfig read_grub2(GuestFiles &files, const std::string &path, const std::string &bls_folder,
                        const std::vector<VolumeFacts> &volumes);

// The volumes that a stub on the EFI system partition looks for: "UUID=..." or "LABEL=...".
std::vector<std::string> grub2_searches(GuestFiles &files, const std::string &path);

// GRUB legacy's menu.lst or grub.conf.
LoaderConfig read_grub_legacy(GuestFiles &files, const std::string &path, const std::vector<VolumeFacts> &volumes);

// SYSLINUX's and EXTLINUX's configuration.
LoaderConfig read_extlinux(GuestFiles &files, const std::string &path);

// systemd-boot's loader/entries below `folder`, and loader/loader.conf.
LoaderConfig read_systemd_boot(GuestFiles &files, const std::string &folder);

}  // namespace imgport
