// What is handed to QEMU's programs: constant JSON that opens exactly what we opened, and nothing by name.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <imgport/image.hpp>

#include "support/file.hpp"

namespace imgport {

// "vpc" for a VHD, "raw" for an ISO, else QEMU's name for the format; empty for what is no single disk.
std::string qemu_driver(Format format);

// The file itself, by its inherited descriptor.
nlohmann::ordered_json qemu_file_node(int fd);

// An image in `file`, of the format that `facts` says, opened read-only and without its backing file.
nlohmann::ordered_json qemu_image_node(const ImageFacts &facts, nlohmann::ordered_json file);

// "json:{...}"
std::string qemu_name_of(const nlohmann::ordered_json &node);

// Replays the log of a VHDX in place, by `qemu-img check -r all`. `fd` is open for writing: a private copy.
Result<void> replay_vhdx_log(int fd, const std::string &path);

}  // namespace imgport
