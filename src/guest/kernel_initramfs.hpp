// The initramfs that is linked into a kernel (CONFIG_INITRAMFS_SOURCE). Container Linux and Flatcar have no other;
// every other kernel has one with nothing but /dev/console and /root in it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "guest/guest_files.hpp"
#include "guest/initramfs.hpp"

namespace imgport {

// The kernel itself, unpacked out of its image: x86 ("The Linux/x86 Boot Protocol", payload_offset, since 2.08), arm64
// (an Image as it is, or compressed as a whole), EFI images that unpack themselves (zboot.S). nullptr where the file is
// none of these.
Result<std::unique_ptr<FileStream>> open_unpacked_kernel(FileTree &tree, const std::string &image);

// What lies in it. nullopt where the image is none that can be looked into; an error where it is one and no initramfs
// is found in it, or it cannot be read.
Result<std::optional<InitramfsFacts>> read_kernel_own_initramfs(FileTree &tree, const std::string &image,
                                                                const std::string &version);

}  // namespace imgport
