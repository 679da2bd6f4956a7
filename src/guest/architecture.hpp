// What processor the guest's programs are for.
#pragma once

#include <string>

#include <imgport/known.hpp>

#include "guest/guest_files.hpp"
#include "support/bytes.hpp"

namespace imgport {

// "x86_64", "i386", "aarch64", "arm", "ppc64le", ... out of the ELF header of the shell or of init; empty where there
// is none of them.
Known<std::string> read_architecture(FileTree &tree);

// The same of the first bytes of any ELF file (System V ABI, "ELF Header"); empty where they are none or unheard of.
std::string elf_architecture(Bytes header);

// The first bytes of a file, at most `length`; empty, with the failure remembered, where they cannot be read.
std::vector<std::byte> read_head(GuestFiles &files, std::string_view path, std::size_t length);

}  // namespace imgport
