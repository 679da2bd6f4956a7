// libfsntfs with a Disk below it: its handles as owners, its errors as ours, and a bound on what it may read at once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <imgport/disk.hpp>

// The types of libfsntfs, which are all of them intptr_t.
#include <libfsntfs/error.h>
#include <libfsntfs/types.h>

namespace imgport {

class NtfsVolume;

// One record of the MFT. It holds on to the volume.
class NtfsFile {
public:
    NtfsFile(std::shared_ptr<NtfsVolume> volume, libfsntfs_file_entry_t *entry)
        : m_volume(std::move(volume)), m_entry(entry)
    {}
    NtfsFile(NtfsFile &&other) noexcept : m_volume(std::move(other.m_volume)), m_entry(other.m_entry)
    {
        other.m_entry = nullptr;
    }
    NtfsFile &operator=(NtfsFile &&) = delete;
    NtfsFile(const NtfsFile &) = delete;
    NtfsFile &operator=(const NtfsFile &) = delete;
    ~NtfsFile();

    // The number of its record.
    Result<std::uint64_t> number() const;
    // The name by which the directory it was found in knows it, UTF-8.
    Result<std::string> name() const;
    Result<bool> is_directory() const;
    // FILE_ATTRIBUTE_* of $STANDARD_INFORMATION.
    Result<std::uint32_t> attributes() const;
    // Of the unnamed data stream, bytes; 0 where there is none.
    Result<std::uint64_t> size() const;
    // Fills as much of `out` as the stream has from `offset`; 0 at the end.
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const;
    // Where a symbolic link or junction leads, in Windows' own words ("\??\C:\Users"); nullopt for all else.
    Result<std::optional<std::string>> link_target() const;
    Result<std::size_t> count_children() const;
    Result<NtfsFile> child(std::size_t index) const;

private:
    std::shared_ptr<NtfsVolume> m_volume;
    libfsntfs_file_entry_t *m_entry;
};

class NtfsVolume : public std::enable_shared_from_this<NtfsVolume> {
public:
    static Result<std::shared_ptr<NtfsVolume>> open(std::shared_ptr<Disk> disk);
    NtfsVolume(const NtfsVolume &) = delete;
    NtfsVolume &operator=(const NtfsVolume &) = delete;
    ~NtfsVolume();

    // A record in use; malformed where it is none.
    Result<NtfsFile> file(std::uint64_t number);

    // What each question to the library begins with: it may read so much, and no more, to answer it.
    void begin();
    // Why the last call failed: the disk's own error where there was one, else the library's words. Frees `error`.
    Error failed(libfsntfs_error_t *error, const char *what) const;

private:
    struct Input;
    explicit NtfsVolume(std::unique_ptr<Input> input);

    std::unique_ptr<Input> m_input;
    libfsntfs_volume_t *m_volume = nullptr;
    std::intptr_t *m_io = nullptr;  // libbfio_handle_t
};

}  // namespace imgport
