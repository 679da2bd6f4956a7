#include "format/qcow2_header.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "format/reading.hpp"
#include "support/bytes.hpp"

namespace imgport {
namespace {

// Where each field lies: docs/interop/qcow2.txt, "Header".
constexpr std::size_t version_2_length = 72;
constexpr std::size_t version_3_length = 104;

// The specification sets no limit; QEMU refuses larger tables, and so an image with one was not made by it.
constexpr std::uint64_t largest_l1_table = 32 << 20;
constexpr std::uint64_t largest_refcount_table = 8 << 20;

tl::unexpected<Error> broken(std::uint64_t offset, std::string_view field, std::string message)
{
    return fail(malformed(std::move(message), offset, std::string(field)));
}

Result<void> check_version_3(const Qcow2Header &header)
{
    if (header.header_length < version_3_length || header.header_length > header.cluster_size() ||
        header.header_length % 8 != 0)
        return broken(100, "header_length",
                      fmt::format("{} is not a multiple of 8 from {} to the cluster size", header.header_length,
                                  version_3_length));
    if (header.has(qcow2::compression_type) != (header.compression_type != 0))
        return broken(104, "compression_type",
                      fmt::format("{} contradicts the incompatible feature bit 3", header.compression_type));
    return {};
}

Result<void> check_l1_table(const Container &container, const Qcow2Header &header)
{
    std::uint64_t const covered = header.l2_entries() * header.cluster_size();  // at most 2^(21-3+21) bytes
    std::uint64_t const needed = header.size / covered + (header.size % covered != 0 ? 1 : 0);
    std::uint64_t const length = std::uint64_t{header.l1_size} * 8;
    if (length > largest_l1_table)
        return broken(36, "l1_size", fmt::format("a table of {} bytes is more than 32 MiB", length));
    if (header.l1_size < needed)
        return broken(36, "l1_size",
                      fmt::format("{} entries are too few for a disk of {} bytes, which needs {}", header.l1_size,
                                  header.size, needed));
    if (header.l1_size != 0 && header.l1_table_offset % header.cluster_size() != 0)
        return broken(40, "l1_table_offset", fmt::format("{} is not at a cluster", header.l1_table_offset));
    if (header.l1_size != 0 && header.l1_table_offset == 0)
        return broken(40, "l1_table_offset", "the table lies on the header");
    return check_inside(container, header.l1_table_offset, length, 40, "l1_table_offset");
}

Result<void> check_refcount_table(const Container &container, const Qcow2Header &header)
{
    std::uint64_t const length = header.refcount_table_clusters * header.cluster_size();  // 2^32 times 2^21
    if (header.refcount_table_clusters == 0)
        return broken(56, "refcount_table_clusters", "there is no refcount table");
    if (length > largest_refcount_table)
        return broken(56, "refcount_table_clusters", fmt::format("a table of {} bytes is more than 8 MiB", length));
    if (header.refcount_table_offset == 0 || header.refcount_table_offset % header.cluster_size() != 0)
        return broken(48, "refcount_table_offset", fmt::format("{} is not at a cluster", header.refcount_table_offset));
    return check_inside(container, header.refcount_table_offset, length, 48, "refcount_table_offset");
}

Result<void> check_backing_file(const Container &container, const Qcow2Header &header)
{
    if (header.backing_file_offset == 0)
        return {};
    if (header.backing_file_size == 0 || header.backing_file_size > 1023)
        return broken(16, "backing_file_size", fmt::format("{} is not from 1 to 1023", header.backing_file_size));
    if (header.backing_file_offset < version_2_length ||
        !range_inside(header.backing_file_offset, header.backing_file_size, header.cluster_size()))
        return broken(8, "backing_file_offset",
                      fmt::format("{} is not in the first cluster, behind the header", header.backing_file_offset));
    return check_inside(container, header.backing_file_offset, header.backing_file_size, 8, "backing_file_offset");
}

Qcow2Header parse(Bytes bytes)
{
    Qcow2Header header;
    header.version = load_be<std::uint32_t>(bytes, 4);
    header.backing_file_offset = load_be<std::uint64_t>(bytes, 8);
    header.backing_file_size = load_be<std::uint32_t>(bytes, 16);
    header.cluster_bits = load_be<std::uint32_t>(bytes, 20);
    header.size = load_be<std::uint64_t>(bytes, 24);
    header.crypt_method = load_be<std::uint32_t>(bytes, 32);
    header.l1_size = load_be<std::uint32_t>(bytes, 36);
    header.l1_table_offset = load_be<std::uint64_t>(bytes, 40);
    header.refcount_table_offset = load_be<std::uint64_t>(bytes, 48);
    header.refcount_table_clusters = load_be<std::uint32_t>(bytes, 56);
    header.nb_snapshots = load_be<std::uint32_t>(bytes, 60);
    header.snapshots_offset = load_be<std::uint64_t>(bytes, 64);
    return header;
}

Result<void> parse_version_3(Container &container, Qcow2Header &header)
{
    auto const bytes = read_header(container, 0, version_3_length, "header");
    if (!bytes)
        return fail(bytes.error());
    header.incompatible_features = load_be<std::uint64_t>(*bytes, 72);
    header.compatible_features = load_be<std::uint64_t>(*bytes, 80);
    header.autoclear_features = load_be<std::uint64_t>(*bytes, 88);
    header.refcount_order = load_be<std::uint32_t>(*bytes, 96);
    header.header_length = load_be<std::uint32_t>(*bytes, 100);
    if (header.header_length <= version_3_length)
        return {};
    auto const more = read_header(container, version_3_length, 1, "compression_type");
    if (!more)
        return fail(more.error());
    header.compression_type = static_cast<std::uint8_t>((*more)[0]);
    return {};
}

}  // namespace

Result<Qcow2Header> read_qcow2_header(Container &container)
{
    auto const bytes = read_header(container, 0, version_2_length, "header");
    if (!bytes)
        return fail(bytes.error());
    Qcow2Header header = parse(*bytes);
    if (header.version != 2 && header.version != 3)
        return broken(4, "version", fmt::format("{} is neither 2 nor 3", header.version));
    if (header.version == 3) {
        if (auto done = parse_version_3(container, header); !done)
            return fail(done.error());
    }
    if (header.cluster_bits < 9 || header.cluster_bits > 21)
        return broken(20, "cluster_bits", fmt::format("{} is not from 9 to 21", header.cluster_bits));
    if (header.refcount_order > 6)
        return broken(96, "refcount_order", fmt::format("{} is more than 6", header.refcount_order));
    return header;
}

Result<void> check_qcow2_header(const Container &container, const Qcow2Header &header)
{
    if (header.crypt_method > 2)
        return broken(32, "crypt_method", fmt::format("{} is neither 0, 1 nor 2", header.crypt_method));
    if (header.version == 3) {
        if (auto done = check_version_3(header); !done)
            return done;
    }
    if (auto done = check_backing_file(container, header); !done)
        return done;
    // A size that is absurd is a hazard of its own; its L1 table would be absurd too.
    if (header.size <= largest_sane_disk) {
        if (auto done = check_l1_table(container, header); !done)
            return done;
    }
    return check_refcount_table(container, header);
}

}  // namespace imgport
