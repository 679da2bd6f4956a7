// Files: sources that are only read, outputs that appear whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <sys/types.h>

#include <imgport/disk.hpp>
#include <imgport/error.hpp>
#include <imgport/overwrite.hpp>

#include "support/block_devices.hpp"
#include "support/ssh_address.hpp"

namespace imgport {

// "message: No such file or directory" out of errno; the code decides the exit code.
Error system_error(ErrorCode code, std::string message, const std::string &file, int number);

// Owns a file descriptor.
class Fd {
public:
    Fd() = default;
    explicit Fd(int fd) : m_fd(fd) {}
    Fd(Fd &&other) noexcept;
    Fd &operator=(Fd &&other) noexcept;
    ~Fd();

    int get() const { return m_fd; }
    explicit operator bool() const { return m_fd >= 0; }
    void reset();

private:
    int m_fd = -1;
};

// "/proc/self/fd/N": an open file by a name, for us and for a child that inherits the descriptor.
std::string descriptor_path(int fd);

// Who a file is: if this changes while we read, the source was changed under us.
struct FileIdentity {
    std::uint64_t device = 0;  // of a block device: itself
    std::uint64_t inode = 0;   // and how many were made before it
    std::uint64_t size = 0;
    std::int64_t modified = 0;  // nanoseconds since the epoch

    friend bool operator==(const FileIdentity &, const FileIdentity &) = default;
};

enum class Links { follow, refuse };

class RemoteFile;

// A source: a regular file or a block device, opened read-only, of this machine or of another one.
class InputFile {
public:
    // Of this machine. Links::refuse: the last component may not be a symbolic link (O_NOFOLLOW), and it must be a
    // regular file.
    static Result<InputFile> open(const std::string &path, Links links = Links::follow);
    // What a user may name as a source: an address ssh://... as well, which is read there as `user`.
    static Result<InputFile> open_source(const std::string &path, RemoteUser user);

    const std::string &path() const { return m_path; }
    int fd() const { return m_fd.get(); }  // -1 where the file is another machine's
    bool is_device() const { return m_device; }
    bool is_remote() const { return m_remote != nullptr; }
    // Of a device: whether it is in use and what it is part of. nullopt where nobody can tell.
    std::optional<DeviceUse> use() const;
    // How often the connection to another machine broke and was taken up again.
    unsigned interruptions() const;
    std::uint64_t size() const { return m_identity.size; }        // bytes
    std::uint64_t allocated_size() const { return m_allocated; }  // bytes
    const FileIdentity &identity() const { return m_identity; }

    // Fills `out`; a range that leaves the file is an error.
    Result<void> read(std::uint64_t offset, std::span<std::byte> out) const;
    // As much of `length` bytes as there is; shorter at the end of the file.
    Result<std::vector<std::byte>> read_up_to(std::uint64_t offset, std::size_t length) const;
    // Data and holes by SEEK_DATA and SEEK_HOLE.
    Result<std::vector<Extent>> extents(std::uint64_t offset, std::uint64_t length) const;
    // An error (unreadable) when the file behind the path is no longer the one that was opened, or has changed.
    Result<void> check_unchanged() const;

private:
    std::string m_path;
    Fd m_fd;
    std::shared_ptr<RemoteFile> m_remote;
    FileIdentity m_identity;
    std::uint64_t m_allocated = 0;
    bool m_device = false;
};

// An output that gets its name only by commit(): an unnamed file (O_TMPFILE), or a temporary name beside the target
// where the filesystem has none. Without commit() nothing is left behind.
class OutputFile {
public:
    // An error (usage) where `path` exists and may not be overwritten.
    static Result<OutputFile> create(const std::string &path, Overwrite overwrite);
    OutputFile(OutputFile &&other) noexcept;
    OutputFile &operator=(OutputFile &&other) noexcept;
    ~OutputFile();

    const std::string &path() const { return m_path; }
    int fd() const { return m_fd.get(); }
    Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes);
    Result<void> sync();
    // Syncs, gives the file its name and syncs the folder.
    Result<void> commit();

private:
    OutputFile() = default;
    std::string m_path;
    std::string m_temporary;  // the temporary name, where there is one
    Fd m_fd;
    Overwrite m_overwrite = Overwrite::no;
};

// The whole of a small output, by way of an OutputFile.
Result<void> write_file(const std::string &path, const std::string &text, Overwrite overwrite);

// An unnamed file for scratch data; it is gone when the descriptor is.
Result<Fd> temporary_file(const std::string &directory);

// A folder of our own (mode 0700), removed with everything in it.
class TempDir {
public:
    static Result<TempDir> create(const std::string &parent);
    TempDir(TempDir &&other) noexcept;
    TempDir &operator=(TempDir &&other) noexcept;
    ~TempDir();
    const std::string &path() const { return m_path; }

private:
    TempDir() = default;
    std::string m_path;
};

// `wanted`, else TMPDIR, else /var/tmp (which, unlike /tmp, is rarely in memory).
std::string temporary_directory(const std::string &wanted);

// Bytes an ordinary user can still write there.
Result<std::uint64_t> free_space(const std::string &directory);

// The whole of a small file of the host. An error (malformed) when it is longer than `limit`.
Result<std::string> read_text_file(const std::string &path, std::size_t limit);

}  // namespace imgport
