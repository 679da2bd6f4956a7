#include "filesystem/iso9660_reader.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include "format/libarchive_io.hpp"
#include "support/bytes.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// Of directories, in all: libarchive keeps the records it has read, some ten times their size. Records of 200,000
// files fit. For a directory that claims to be larger it sets address space aside, but memory only for what is read.
constexpr std::uint64_t most_directory_bytes = std::uint64_t{48} << 20;
constexpr std::size_t directory_piece = 4096;
constexpr std::size_t data_piece = 65536;

// libarchive's callbacks over a Disk.
struct Input {
    std::shared_ptr<Disk> disk;
    std::uint64_t position = 0;
    std::uint64_t left = most_directory_bytes;
    bool data = false;  // what is read is a file's data, not counted
    std::optional<Error> error = {};
    std::array<std::byte, data_piece> buffer{};
};

la_ssize_t read_input(archive *handle, void *self, const void **block)
{
    auto &input = *static_cast<Input *>(self);
    std::uint64_t const rest = input.disk->size() - input.position;
    std::size_t const n = std::min<std::uint64_t>(input.data ? data_piece : directory_piece, rest);
    Result<void> done;
    if (!input.data && input.left < n)
        done = fail(ErrorCode::malformed, fmt::format("directories of more than {}", human_size(most_directory_bytes)));
    else
        done = input.disk->read(input.position, std::span(input.buffer).first(n));
    if (!done) {
        input.error = done.error();
        archive_set_error(handle, EIO, "%s", done.error().message.c_str());
        return ARCHIVE_FATAL;
    }
    if (!input.data)
        input.left -= n;
    input.position += n;
    *block = input.buffer.data();
    return static_cast<la_ssize_t>(n);
}

la_int64_t skip_input(archive *, void *self, la_int64_t request)
{
    auto &input = *static_cast<Input *>(self);
    if (request <= 0)
        return 0;
    std::uint64_t const step = std::min(static_cast<std::uint64_t>(request), input.disk->size() - input.position);
    input.position += step;
    return static_cast<la_int64_t>(step);
}

la_int64_t seek_input(archive *, void *self, la_int64_t offset, int whence)
{
    auto &input = *static_cast<Input *>(self);
    auto const target = seek_target(input.position, input.disk->size(), offset, whence);
    if (!target)
        return ARCHIVE_FATAL;
    input.position = *target;
    return static_cast<la_int64_t>(*target);
}

struct FreeArchive {
    void operator()(archive *handle) const { archive_read_free(handle); }
};

FileKind kind_of(archive_entry *entry)
{
    switch (archive_entry_filetype(entry)) {
    case AE_IFDIR: return FileKind::directory;
    case AE_IFLNK: return FileKind::symlink;
    case AE_IFCHR: return FileKind::character;
    case AE_IFBLK: return FileKind::block;
    case AE_IFIFO: return FileKind::fifo;
    case AE_IFSOCK: return FileKind::socket;
    default: return FileKind::regular;
    }
}

std::string text_or_empty(const char *utf8, const char *raw)
{
    return utf8 != nullptr ? utf8 : raw != nullptr ? raw : "";
}

}  // namespace

struct Iso9660Reader::State {
    explicit State(std::shared_ptr<Disk> disk) : input{std::move(disk)}, handle(archive_read_new()) {}

    Error error() const
    {
        if (input.error)
            return *input.error;
        const char *const text = archive_error_string(handle.get());
        auto const code = archive_errno(handle.get()) == ENOMEM ? ErrorCode::environment : ErrorCode::malformed;
        return {code, printable(text != nullptr ? text : "broken directories", 200)};
    }

    Input input;
    std::unique_ptr<archive, FreeArchive> handle;
    Bytes block = {};                // what is left of the last one
    std::uint64_t block_offset = 0;  // where that belongs
    std::uint64_t position = 0;
    bool ended = false;
};

Iso9660Reader::Iso9660Reader(std::unique_ptr<State> state) : m_state(std::move(state)) {}
Iso9660Reader::~Iso9660Reader() = default;

Result<std::unique_ptr<Iso9660Reader>> Iso9660Reader::open(std::shared_ptr<Disk> volume)
{
    Utf8Names const names;
    auto state = std::make_unique<State>(std::move(volume));
    archive *const handle = state->handle.get();
    if (handle == nullptr)
        return fail(ErrorCode::environment, "out of memory");
    archive_read_support_format_iso9660(handle);
    archive_read_set_callback_data(handle, &state->input);
    archive_read_set_read_callback(handle, read_input);
    archive_read_set_skip_callback(handle, skip_input);
    archive_read_set_seek_callback(handle, seek_input);
    if (archive_read_open1(handle) != ARCHIVE_OK)
        return fail(state->error());
    return std::unique_ptr<Iso9660Reader>(new Iso9660Reader(std::move(state)));
}

Result<std::optional<Iso9660File>> Iso9660Reader::next()
{
    Utf8Names const names;
    State &state = *m_state;
    state.input.data = false;
    state.block = {};
    state.block_offset = state.position = 0;
    state.ended = false;
    archive_entry *entry = nullptr;
    int const status = archive_read_next_header(state.handle.get(), &entry);
    if (status == ARCHIVE_EOF)
        return std::nullopt;
    // A warning is about a name's character set or an extension that is unknown: the file is there.
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
        return fail(state.error());
    Iso9660File file;
    file.path = text_or_empty(archive_entry_pathname_utf8(entry), archive_entry_pathname(entry));
    file.stat = {kind_of(entry),
                 static_cast<std::uint32_t>(archive_entry_perm(entry) & 07777),
                 static_cast<std::uint32_t>(archive_entry_uid(entry)),
                 static_cast<std::uint32_t>(archive_entry_gid(entry)),
                 static_cast<std::uint64_t>(std::max<la_int64_t>(archive_entry_size(entry), 0)),
                 {},
                 {}};
    if (file.stat.kind == FileKind::symlink) {
        file.link_target = text_or_empty(archive_entry_symlink_utf8(entry), archive_entry_symlink(entry));
        file.stat.size = file.link_target.size();
    }
    if (archive_entry_hardlink(entry) != nullptr)
        file.same_as = text_or_empty(archive_entry_hardlink_utf8(entry), archive_entry_hardlink(entry));
    return file;
}

bool Iso9660Reader::has_rock_ridge() const
{
    const char *const format = archive_format_name(m_state->handle.get());
    return format != nullptr && std::string_view(format).find("Rockridge") != std::string_view::npos;
}

Result<std::size_t> Iso9660Reader::read(std::span<std::byte> out)
{
    State &state = *m_state;
    state.input.data = true;
    while (state.block.empty() && !state.ended) {
        const void *data = nullptr;
        std::size_t size = 0;
        la_int64_t offset = 0;
        int const status = archive_read_data_block(state.handle.get(), &data, &size, &offset);
        state.ended = status == ARCHIVE_EOF;
        if (state.ended)
            break;
        if (status != ARCHIVE_OK)
            return fail(state.error());
        // A file in several extents comes piece after piece.
        if (offset < 0 || static_cast<std::uint64_t>(offset) != state.position)
            return fail(ErrorCode::malformed,
                        fmt::format("its data goes on at {} after {} bytes", offset, state.position));
        state.block = Bytes(static_cast<const std::byte *>(data), size);
    }
    std::size_t const n = std::min(out.size(), state.block.size());
    std::copy_n(state.block.begin(), n, out.begin());
    state.block = state.block.subspan(n);
    state.position += n;
    return n;
}

// ECMA-119 8.1 and 8.5: the descriptors lie in sector 16 and those after it. Joliet's have an escape sequence for
// UCS-2.
Result<bool> has_joliet(Disk &volume)
{
    constexpr std::uint64_t sector = 2048;
    constexpr std::uint64_t first = 16;
    constexpr std::uint64_t most_descriptors = 64;
    constexpr std::size_t escape_sequences = 88;
    for (std::uint64_t i = first; i < first + most_descriptors && (i + 1) * sector <= volume.size(); ++i) {
        std::array<std::byte, 128> head{};
        if (auto const read = volume.read(i * sector, head); !read)
            return fail(read.error());
        auto const type = load_le<std::uint8_t>(head, 0);
        if (text_of(head).substr(1, 5) != "CD001" || type == 255)
            return false;
        auto const escape = text_of(head).substr(escape_sequences, 3);
        if (type == 2 && (escape == "%/@" || escape == "%/C" || escape == "%/E"))
            return true;
    }
    return false;
}

}  // namespace imgport
