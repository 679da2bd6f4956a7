// Boot Loader Specification, type 1: one file per entry.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"

namespace imgport {

struct BlsEntry {
    std::string id;  // the file's name without ".conf"
    std::string file;
    std::string title = {};
    std::string version = {};
    std::string sort_key = {};
    std::string kernel = {};  // "linux" or "efi"
    std::vector<std::string> initrds = {};
    std::string options = {};  // all "options" lines, joined by a blank
    std::uint64_t line = 0;    // of "linux"
};

// The entries of a folder, sorted by file name.
std::vector<BlsEntry> read_bls_entries(GuestFiles &files, const std::string &folder);

// GRUB's order: the newest first, by the file's name, compared as rpm compares versions.
void sort_as_grub(std::vector<BlsEntry> &entries);
// systemd-boot's order, Boot Loader Specification, "Sorting": sort key, then the newest version first.
void sort_as_systemd(std::vector<BlsEntry> &entries);

// rpm's rpmvercmp: negative, 0 or positive.
int compare_versions(std::string_view a, std::string_view b);

}  // namespace imgport
