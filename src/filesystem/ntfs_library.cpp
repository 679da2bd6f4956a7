#include "filesystem/ntfs_library.hpp"

#include <algorithm>
#include <cstdio>
#include <vector>

#include <fmt/format.h>

// libbfio.h first: with it libfsntfs.h declares its functions for handles.
#include <libbfio.h>
#include <libfsntfs.h>

#include "support/bytes.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// A record of the MFT is read in one piece, a node of a directory in another: enough for a directory of 100,000 files.
constexpr std::uint64_t most_reads = 200'000;
constexpr std::uint64_t most_bytes = std::uint64_t{512} << 20;

constexpr std::size_t longest_name = 4 * 255 + 1;
constexpr std::size_t longest_target = 4 * 32768;

constexpr std::uint32_t reparse_symlink = 0xa000000c;   // IO_REPARSE_TAG_SYMLINK, [MS-FSCC] 2.1.2.1
constexpr std::uint32_t reparse_junction = 0xa0000003;  // IO_REPARSE_TAG_MOUNT_POINT
constexpr std::uint64_t record_number_mask = 0xffff'ffff'ffff;

class Attribute {
public:
    Attribute() = default;
    Attribute(const Attribute &) = delete;
    Attribute &operator=(const Attribute &) = delete;
    ~Attribute()
    {
        if (m_attribute != nullptr)
            libfsntfs_attribute_free(&m_attribute, nullptr);
    }
    libfsntfs_attribute_t **out() { return &m_attribute; }
    libfsntfs_attribute_t *get() const { return m_attribute; }

private:
    libfsntfs_attribute_t *m_attribute = nullptr;
};

}  // namespace

// ---------------------------------------------------------------------------------------------- the way to the Disk

struct NtfsVolume::Input {
    explicit Input(std::shared_ptr<Disk> base) : disk(std::move(base)) {}

    std::shared_ptr<Disk> disk;
    std::uint64_t position = 0;
    std::uint64_t reads_left = most_reads;
    std::uint64_t bytes_left = most_bytes;
    std::optional<Error> error = {};

    // The callbacks of libbfio. It never writes, and opens and closes only what it was given open.
    static Input &of(std::intptr_t *self) { return *reinterpret_cast<Input *>(self); }
    static int close(std::intptr_t *, std::intptr_t **) { return 0; }
    static int free(std::intptr_t **self, std::intptr_t **)
    {
        *self = nullptr;  // the volume owns it
        return 1;
    }
    static int open(std::intptr_t *, int, std::intptr_t **) { return 1; }
    static int yes(std::intptr_t *, std::intptr_t **) { return 1; }
    static int size(std::intptr_t *self, size64_t *out, std::intptr_t **)
    {
        *out = of(self).disk->size();
        return 1;
    }
    static off64_t seek(std::intptr_t *self, off64_t offset, int whence, std::intptr_t **)
    {
        Input &in = of(self);
        auto const from = static_cast<off64_t>(whence == SEEK_SET   ? 0
                                               : whence == SEEK_CUR ? in.position
                                                                    : in.disk->size());
        off64_t target = 0;
        if (__builtin_add_overflow(from, offset, &target) || target < 0)
            return -1;
        in.position = static_cast<std::uint64_t>(target);
        return target;
    }
    static ssize_t read(std::intptr_t *self, std::uint8_t *buffer, std::size_t size, std::intptr_t **)
    {
        Input &in = of(self);
        std::uint64_t const end = in.disk->size();
        std::size_t const n = in.position >= end ? 0 : std::min<std::uint64_t>(size, end - in.position);
        if (in.reads_left == 0 || in.bytes_left < n) {
            in.error = Error{ErrorCode::malformed, fmt::format("more than {} reads or {} for one structure", most_reads,
                                                               human_size(most_bytes))};
            return -1;
        }
        --in.reads_left;
        in.bytes_left -= n;
        if (auto const done = in.disk->read(in.position, std::as_writable_bytes(std::span(buffer, n))); !done) {
            in.error = done.error();
            return -1;
        }
        in.position += n;
        return static_cast<ssize_t>(n);
    }
};

NtfsVolume::NtfsVolume(std::unique_ptr<Input> input) : m_input(std::move(input)) {}

NtfsVolume::~NtfsVolume()
{
    if (m_volume != nullptr)
        libfsntfs_volume_free(&m_volume, nullptr);
    if (m_io != nullptr)
        libbfio_handle_free(&m_io, nullptr);
}

void NtfsVolume::begin()
{
    m_input->reads_left = most_reads;
    m_input->bytes_left = most_bytes;
    m_input->error.reset();
}

Error NtfsVolume::failed(libfsntfs_error_t *error, const char *what) const
{
    char text[512] = "";
    if (error != nullptr) {
        if (libfsntfs_error_sprint(error, text, sizeof text) < 0)
            text[0] = '\0';
        libfsntfs_error_free(&error);
    }
    if (m_input->error)
        return *m_input->error;
    return {ErrorCode::malformed, fmt::format("{} cannot be read: {}", what, printable(trim(text), 300))};
}

Result<std::shared_ptr<NtfsVolume>> NtfsVolume::open(std::shared_ptr<Disk> disk)
{
    std::shared_ptr<NtfsVolume> volume(new NtfsVolume(std::make_unique<Input>(std::move(disk))));
    Input &input = *volume->m_input;
    libfsntfs_error_t *error = nullptr;
    if (libbfio_handle_initialize(&volume->m_io, reinterpret_cast<std::intptr_t *>(&input), Input::free, nullptr,
                                  Input::open, Input::close, Input::read, nullptr, Input::seek, Input::yes, Input::yes,
                                  Input::size, LIBBFIO_FLAG_IO_HANDLE_NON_MANAGED, &error) != 1 ||
        libfsntfs_volume_initialize(&volume->m_volume, &error) != 1)
        return fail(volume->failed(error, "the volume"));
    if (libfsntfs_volume_open_file_io_handle(volume->m_volume, volume->m_io, LIBFSNTFS_OPEN_READ, &error) != 1)
        return fail(volume->failed(error, "the volume"));
    return volume;
}

Result<NtfsFile> NtfsVolume::file(std::uint64_t number)
{
    begin();
    libfsntfs_error_t *error = nullptr;
    libfsntfs_file_entry_t *entry = nullptr;
    if (libfsntfs_volume_get_file_entry_by_index(m_volume, number, &entry, &error) != 1)
        return fail(failed(error, fmt::format("MFT record {}", number).c_str()));
    NtfsFile file(shared_from_this(), entry);
    if (libfsntfs_file_entry_is_empty(entry, nullptr) == 1 || libfsntfs_file_entry_is_allocated(entry, nullptr) != 1)
        return fail(ErrorCode::malformed, fmt::format("MFT record {} is not in use", number));
    // As far as the library finds out; it does not look at the fixups that tell a torn record.
    if (libfsntfs_file_entry_is_corrupted(entry, nullptr) != 0)
        return fail(ErrorCode::malformed, fmt::format("MFT record {} is damaged", number));
    return file;
}

// ----------------------------------------------------------------------------------------------------------- records

NtfsFile::~NtfsFile()
{
    if (m_entry != nullptr)
        libfsntfs_file_entry_free(&m_entry, nullptr);
}

Result<std::uint64_t> NtfsFile::number() const
{
    libfsntfs_error_t *error = nullptr;
    std::uint64_t reference = 0;
    if (libfsntfs_file_entry_get_file_reference(m_entry, &reference, &error) != 1)
        return fail(m_volume->failed(error, "a file reference"));
    return reference & record_number_mask;
}

Result<std::string> NtfsFile::name() const
{
    libfsntfs_error_t *error = nullptr;
    std::size_t size = 0;  // with the NUL
    int const known = libfsntfs_file_entry_get_utf8_name_size(m_entry, &size, &error);
    if (known == 0 || (known == 1 && size == 0))
        return std::string();
    if (known == 1 && size <= longest_name) {
        std::string name(size, '\0');
        if (libfsntfs_file_entry_get_utf8_name(m_entry, reinterpret_cast<std::uint8_t *>(name.data()), size, &error) ==
            1) {
            name.resize(size - 1);
            return name;
        }
    }
    return fail(m_volume->failed(error, "a file's name"));
}

Result<bool> NtfsFile::is_directory() const
{
    libfsntfs_error_t *error = nullptr;
    int const answer = libfsntfs_file_entry_has_directory_entries_index(m_entry, &error);
    if (answer < 0)
        return fail(m_volume->failed(error, "a directory's index"));
    return answer == 1;
}

Result<std::uint32_t> NtfsFile::attributes() const
{
    libfsntfs_error_t *error = nullptr;
    std::uint32_t flags = 0;
    if (libfsntfs_file_entry_get_file_attribute_flags(m_entry, &flags, &error) < 0)
        return fail(m_volume->failed(error, "$STANDARD_INFORMATION"));
    return flags;
}

Result<std::uint64_t> NtfsFile::size() const
{
    m_volume->begin();
    libfsntfs_error_t *error = nullptr;
    int const has_data = libfsntfs_file_entry_has_default_data_stream(m_entry, &error);
    if (has_data == 0)
        return 0;
    size64_t size = 0;
    if (has_data < 0 || libfsntfs_file_entry_get_size(m_entry, &size, &error) != 1)
        return fail(m_volume->failed(error, "the file's size"));
    return size;
}

Result<std::size_t> NtfsFile::read(std::uint64_t offset, std::span<std::byte> out) const
{
    m_volume->begin();
    libfsntfs_error_t *error = nullptr;
    ssize_t const n = libfsntfs_file_entry_read_buffer_at_offset(m_entry, out.data(), out.size(),
                                                                 static_cast<off64_t>(offset), &error);
    if (n < 0 || static_cast<std::size_t>(n) > out.size())
        return fail(m_volume->failed(error, fmt::format("the file's data at byte {}", offset).c_str()));
    return static_cast<std::size_t>(n);
}

Result<std::optional<std::string>> NtfsFile::link_target() const
{
    m_volume->begin();
    libfsntfs_error_t *error = nullptr;
    int count = 0;
    if (libfsntfs_file_entry_get_number_of_attributes(m_entry, &count, &error) != 1)
        return fail(m_volume->failed(error, "the file's attributes"));
    for (int i = 0; i < count; ++i) {
        Attribute attribute;
        std::uint32_t type = 0;
        std::uint32_t tag = 0;
        std::size_t size = 0;  // with the NUL
        if (libfsntfs_file_entry_get_attribute_by_index(m_entry, i, attribute.out(), &error) != 1 ||
            libfsntfs_attribute_get_type(attribute.get(), &type, &error) != 1)
            return fail(m_volume->failed(error, "an attribute"));
        if (type != LIBFSNTFS_ATTRIBUTE_TYPE_REPARSE_POINT)
            continue;
        if (libfsntfs_reparse_point_attribute_get_tag(attribute.get(), &tag, &error) != 1)
            return fail(m_volume->failed(error, "the reparse point"));
        if (tag != reparse_symlink && tag != reparse_junction)
            return std::nullopt;
        int const known =
            libfsntfs_reparse_point_attribute_get_utf8_substitute_name_size(attribute.get(), &size, &error);
        if (known == 0 || (known == 1 && size == 0))
            return std::nullopt;
        if (known == 1 && size <= longest_target) {
            std::string target(size, '\0');
            if (libfsntfs_reparse_point_attribute_get_utf8_substitute_name(
                    attribute.get(), reinterpret_cast<std::uint8_t *>(target.data()), size, &error) == 1) {
                target.resize(size - 1);
                return target;
            }
        }
        return fail(m_volume->failed(error, "the reparse point"));
    }
    return std::nullopt;
}

Result<std::size_t> NtfsFile::count_children() const
{
    m_volume->begin();
    libfsntfs_error_t *error = nullptr;
    int count = 0;
    if (libfsntfs_file_entry_get_number_of_sub_file_entries(m_entry, &count, &error) != 1 || count < 0)
        return fail(m_volume->failed(error, "the directory"));
    return static_cast<std::size_t>(count);
}

Result<NtfsFile> NtfsFile::child(std::size_t index) const
{
    libfsntfs_error_t *error = nullptr;
    libfsntfs_file_entry_t *entry = nullptr;
    if (libfsntfs_file_entry_get_sub_file_entry_by_index(m_entry, static_cast<int>(index), &entry, &error) != 1)
        return fail(m_volume->failed(error, fmt::format("the directory's file {}", index).c_str()));
    return NtfsFile(m_volume, entry);
}

}  // namespace imgport
