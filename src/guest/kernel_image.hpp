// What a kernel's file says about itself.
#pragma once

#include <optional>
#include <string>

#include "guest/guest_files.hpp"
#include "support/bytes.hpp"

namespace imgport {

struct KernelImage {
    std::optional<std::string> architecture = {};
    std::string version = {};  // "6.1.0-18-amd64", where the header has it
};

// Enough of the file's beginning for describe_kernel_image(): an x86 setup part is at most 32 KiB long.
inline constexpr std::size_t kernel_head_size = 128 * 1024;

// x86 (Documentation/arch/x86/boot.rst), arm64 (Documentation/arch/arm64/booting.rst), EFI stubs (PE/COFF), ELF, s390.
KernelImage describe_kernel_image(Bytes head);

// The same of a file, also where it is gzip-compressed as a whole (arm64).
KernelImage read_kernel_image(GuestFiles &files, const std::string &path);

}  // namespace imgport
