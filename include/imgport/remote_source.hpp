// Disks of other machines: ssh://[USER@]HOST[:PORT]/PATH wherever an image is read.
#pragma once

#include <string>
#include <string_view>

#include <imgport/error.hpp>

namespace imgport {

// Whether a path is meant as such an address.
bool is_remote_source(std::string_view path);

// An error (usage) where a path is such an address and a wrong or a dangerous one. What is wrong in it is not repeated:
// it may be a password.
Result<void> check_source_address(std::string_view path);

// What may be written down of a source: an address without its user, of other paths the last component.
std::string source_name(const std::string &path);

// Of an address the host, fit for the name of a file; else empty.
std::string source_machine(const std::string &path);

}  // namespace imgport
