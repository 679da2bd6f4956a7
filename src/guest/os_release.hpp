// Which operating system the guest is.
#pragma once

#include <optional>

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"

namespace imgport {

// From os-release(5), else from the release files that distributions had before it, else from the files that only a
// Windows or a FreeBSD has. `id` stays empty where nothing tells.
Known<OsFacts> read_os_release(FileTree &tree);

// The path of the guest's entry with that name, whatever its case ("/Windows" for "windows"); nullopt where none is.
std::optional<std::string> find_ignoring_case(GuestFiles &files, const std::string &directory, std::string_view name);

}  // namespace imgport
