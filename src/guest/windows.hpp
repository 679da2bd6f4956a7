// A Windows guest: what its registry hives, its drivers and its boot configuration say.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"

namespace imgport {

// A volume that Windows' boot manager may have its files on.
struct WindowsVolume {
    std::string device;
    std::unique_ptr<FileTree> tree = {};  // null: it could not be opened
    std::string failure = {};             // why
};

// The path of a file below `directory`, whatever the case of its parts; nullopt where there is none.
std::optional<std::string> find_windows_path(GuestFiles &files, std::string directory,
                                             const std::vector<std::string_view> &parts);

// Fills in `windows`, and of the facts that all systems have the ones that the registry tells: os, architecture,
// hostname, qemu_guest_agent.
void read_windows(FileTree &tree, GuestFacts &guest);

// The boot configuration stores on all of those volumes, and the loaders they start.
Known<WindowsBoot> read_windows_boot(const std::vector<WindowsVolume> &volumes);

}  // namespace imgport
