#include "filesystem/fat_directory.hpp"

#include <array>
#include <optional>

#include <fmt/format.h>

#include "filesystem/fat_names.hpp"
#include "support/bytes.hpp"

namespace imgport {
namespace {

constexpr std::size_t entry_size = 32;
constexpr std::uint64_t largest_directory = 65536 * entry_size;

constexpr std::uint8_t deleted = 0xe5;
constexpr std::uint8_t attribute_read_only = 0x01;
constexpr std::uint8_t attribute_label = 0x08;
constexpr std::uint8_t attribute_directory = 0x10;
constexpr std::uint8_t attribute_long_name = 0x0f;

constexpr std::uint8_t first_of_run = 0x40;  // LAST_LONG_ENTRY: the last piece lies first
constexpr std::size_t most_pieces = 20;
constexpr std::size_t letters_in_piece = 13;

std::uint8_t attributes_of(Bytes entry)
{
    return load_le<std::uint8_t>(entry, 11);
}

bool is_file(Bytes entry)
{
    auto const first = load_le<std::uint8_t>(entry, 0);
    return first != 0 && first != deleted && (attributes_of(entry) & attribute_label) == 0;
}

bool is_dots(Bytes entry)
{
    auto const name = text_of(entry.first(11));
    return name == ".          " || name == "..         ";
}

// The walk over a directory's entries. An entry whose first byte is 0 should end it; Linux reads on, and so do we.
class Scan {
public:
    explicit Scan(Bytes directory) : m_directory(directory) {}

    struct Found {
        std::size_t at;  // of the short entry, bytes
        std::string long_name;
    };
    std::optional<Found> next()
    {
        while (m_at < m_directory.size()) {
            if (attributes_of(entry()) == attribute_long_name && load_le<std::uint8_t>(entry(), 0) != deleted) {
                if (auto found = long_entry())
                    return found;
                continue;
            }
            std::size_t const at = m_at;
            bool const file = is_file(entry());
            m_at += entry_size;
            if (file)
                return Found{at, ""};
        }
        return std::nullopt;
    }

private:
    Bytes entry() const { return m_directory.subspan(m_at, entry_size); }

    // The file whose long name begins here. nullopt where it is broken: what follows is looked at anew.
    std::optional<Found> long_entry()
    {
        auto const head = load_le<std::uint8_t>(entry(), 0);
        std::size_t const pieces = head & ~first_of_run;
        if ((head & first_of_run) == 0 || pieces == 0 || pieces > most_pieces) {
            m_at += entry_size;
            return std::nullopt;
        }
        auto const sum = load_le<std::uint8_t>(entry(), 13);
        std::array<std::uint16_t, most_pieces * letters_in_piece> text{};
        for (std::size_t piece = pieces; piece-- > 0;) {
            take_letters(std::span(text).subspan(piece * letters_in_piece, letters_in_piece));
            m_at += entry_size;
            if (m_at >= m_directory.size())
                return std::nullopt;
            if (piece == 0)
                break;
            bool const follows = attributes_of(entry()) == attribute_long_name &&
                                 (load_le<std::uint8_t>(entry(), 0) & ~first_of_run) == static_cast<int>(piece) &&
                                 load_le<std::uint8_t>(entry(), 13) == sum;
            if (!follows)
                return std::nullopt;
        }
        if (attributes_of(entry()) == attribute_long_name && load_le<std::uint8_t>(entry(), 0) != deleted)
            return std::nullopt;
        std::size_t const at = m_at;
        m_at += entry_size;
        if (!is_file(m_directory.subspan(at, entry_size)))
            return std::nullopt;
        bool const belongs = fat_name_sum(m_directory.subspan(at, entry_size)) == sum;
        return Found{at, belongs ? fat_long_name(text) : ""};
    }

    void take_letters(std::span<std::uint16_t> out) const
    {
        std::size_t i = 0;
        auto const take = [&](std::size_t from, std::size_t count) {
            for (std::size_t k = 0; k < count; ++k)
                out[i++] = load_le<std::uint16_t>(entry(), from + 2 * k);
        };
        take(1, 5);
        take(14, 6);
        take(28, 2);
    }

    Bytes m_directory;  // whole entries
    std::size_t m_at = 0;
};

}  // namespace

Result<FatEntry> read_fat_entry(const FatVolume &volume, std::uint64_t offset)
{
    std::array<std::byte, entry_size> raw{};
    if (auto const read = volume.disk()->read(offset, raw); !read)
        return fail(read.error());
    auto const attributes = attributes_of(raw);
    FatEntry entry;
    entry.directory = (attributes & attribute_directory) != 0;
    entry.read_only = (attributes & attribute_read_only) != 0;
    entry.first_cluster = load_le<std::uint16_t>(raw, 26);
    if (volume.layout().bits == 32)
        entry.first_cluster |= std::uint32_t{load_le<std::uint16_t>(raw, 20)} << 16;
    if (!entry.directory)
        entry.size = load_le<std::uint32_t>(raw, 28);
    return entry;
}

FatPieces fat_fixed_root(const FatLayout &layout)
{
    return {{layout.root}, layout.root_size};
}

Result<FatPieces> fat_directory_pieces(const std::shared_ptr<const FatVolume> &volume, std::uint32_t first_cluster)
{
    FatPieces pieces{{}, volume->layout().cluster_size};
    FatChain chain(volume, first_cluster);
    while (true) {
        auto const cluster = chain.next();
        if (!cluster)
            return fail(cluster.error());
        if (!*cluster)
            return pieces;
        if (pieces.size() >= largest_directory)
            return fail(ErrorCode::malformed, fmt::format("the directory at cluster {} has more than {} bytes",
                                                          first_cluster, largest_directory));
        pieces.offsets.push_back(volume->offset_of(**cluster));
    }
}

Result<std::vector<FatName>> read_fat_directory(const FatVolume &volume, const FatPieces &pieces)
{
    // Not allocated at once: a truncated volume has not got what the chain promises.
    std::vector<std::byte> directory;
    for (std::uint64_t const offset : pieces.offsets) {
        if (!range_inside(offset, pieces.piece_size, volume.disk()->size()))
            return fail(ErrorCode::malformed,
                        fmt::format("a directory's cluster at byte {} lies outside the volume", offset));
        std::size_t const before = directory.size();
        directory.resize(before + pieces.piece_size);
        if (auto const read = volume.disk()->read(offset, std::span(directory).subspan(before)); !read)
            return fail(read.error());
    }
    std::vector<FatName> names;
    Scan scan(directory);
    while (auto found = scan.next()) {
        Bytes const entry = Bytes(directory).subspan(found->at, entry_size);
        FatName name;
        name.short_name = fat_short_name(entry);
        name.long_name = std::move(found->long_name);
        name.offset = pieces.offsets[found->at / pieces.piece_size] + found->at % pieces.piece_size;
        name.directory = (attributes_of(entry) & attribute_directory) != 0;
        if (is_dots(entry) || name.short_name.empty())
            continue;
        if (name.shown().find('/') != std::string::npos)
            return fail(ErrorCode::malformed,
                        fmt::format("the name of the directory entry at byte {} has a slash", name.offset));
        names.push_back(std::move(name));
    }
    return names;
}

}  // namespace imgport
