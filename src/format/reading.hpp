// What the format readers have in common: getting a structure out of a container that may not have all of it, and the
// limits that hold for every format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/container.hpp"
#include "support/bytes.hpp"

namespace imgport {

inline constexpr std::uint64_t sector_size = 512;

// The largest disk that any source hypervisor makes: VHDX ends at 64 TiB ([MS-VHDX] 2.6.2.2), VMFS at 62 TiB. A
// header that asks for more is an attack on whoever allocates it.
inline constexpr std::uint64_t largest_sane_disk = std::uint64_t{64} << 40;

// Bytes of mapping tables that a probe reads at most; where there are more, they are sampled evenly.
inline constexpr std::uint64_t table_budget = std::uint64_t{64} << 20;

// The bytes; nullopt where a stream did not keep them. Past the end of the file: malformed, naming `field`.
Result<std::optional<std::vector<std::byte>>> read_kept(Container &container, std::uint64_t offset,
                                                        std::uint64_t length, std::string_view field);

// The bytes of a header that a reader cannot do without: those not kept are an error (unreadable) too.
Result<std::vector<std::byte>> read_header(Container &container, std::uint64_t offset, std::size_t length,
                                           std::string_view field);

// The first `length` bytes, or as many as were kept. Never an error: empty where nothing can be read.
std::vector<std::byte> read_head(Container &container, std::size_t length);

// An error (malformed) at `field`, which lies at `field_offset`, where the range it points to leaves the file. Good
// where the size of the file is not known.
Result<void> check_inside(const Container &container, std::uint64_t offset, std::uint64_t length,
                          std::uint64_t field_offset, std::string_view field);

// Calls `visit` with the pieces of a table, 1 MiB at most, and the place of each; stops at the first error. False
// where a piece was not kept.
using PieceVisitor = std::function<Result<void>(Bytes piece, std::uint64_t offset)>;
Result<bool> for_each_piece(Container &container, std::uint64_t offset, std::uint64_t length, std::string_view field,
                            const PieceVisitor &visit);

// Sets virtual_size; adds the hazard absurd-size where it is past largest_sane_disk.
void set_virtual_size(ImageFacts &facts, std::uint64_t size);

// A name without any path, safe to look for in a folder.
bool is_plain_name(std::string_view name);

// 'name', safe to print and cut at a length that fits a message.
std::string quoted(std::string_view name);

// What the image names as its backing file or parent: refused, unless the user allowed that plain name.
void add_backing_hazard(ImageFacts &facts, const std::string &name, const AllowedFiles &allowed);

// UTF-16 text up to the first NUL, as UTF-8; broken surrogates become U+FFFD.
std::string utf8_from_utf16be(Bytes text);
std::string utf8_from_utf16le(Bytes text);

}  // namespace imgport
