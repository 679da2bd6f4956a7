#include "support/file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "support/bytes.hpp"
#include "support/remote_file.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

ErrorCode code_of(int number, ErrorCode otherwise)
{
    return number == ENOSPC || number == EDQUOT || number == EMFILE || number == ENOMEM ? ErrorCode::environment
                                                                                        : otherwise;
}

// The kernel counts the disks it has ever had, so that one which was taken away and another that got its place are told
// apart. 0 where it does not (before Linux 5.15).
std::uint64_t disk_sequence(int fd)
{
    std::uint64_t number = 0;
#ifdef BLKGETDISKSEQ
    if (::ioctl(fd, BLKGETDISKSEQ, &number) != 0)
        return 0;
#else
    (void)fd;
#endif
    return number;
}

// Of a device that is open. Its node's own times say nothing of what is on it.
Result<FileIdentity> identity_of_device(int fd, const struct stat &st, const std::string &path)
{
    FileIdentity identity{st.st_rdev, disk_sequence(fd)};
    if (::ioctl(fd, BLKGETSIZE64, &identity.size) != 0)
        return fail(system_error(ErrorCode::unreadable, "has no size", path, errno));
    return identity;
}

FileIdentity identity_of(const struct stat &st)
{
    return {st.st_dev, st.st_ino, static_cast<std::uint64_t>(st.st_size),
            std::int64_t{st.st_mtim.tv_sec} * 1'000'000'000 + st.st_mtim.tv_nsec};
}

}  // namespace

namespace {

Error cannot_be_opened(const std::string &path, int number)
{
    Error error = system_error(ErrorCode::unreadable, "cannot be opened", path, number);
    struct stat st {};
    if ((number == EACCES || number == EPERM) && ::stat(path.c_str(), &st) == 0 && S_ISBLK(st.st_mode))
        error.hint = "only root and the device's group may read a disk: use sudo, or join the group (usually disk)";
    return error;
}

}  // namespace

Error system_error(ErrorCode code, std::string message, const std::string &file, int number)
{
    std::array<char, 256> buffer{};
    const char *text = strerror_r(number, buffer.data(), buffer.size());
    Error error{code_of(number, code), fmt::format("{}: {}", message, text)};
    error.file = file;
    if (number == ENOSPC || number == EDQUOT)
        error.hint = "make room there, or choose another folder with --output or --temp-dir";
    return error;
}

// -------------------------------------------------------------------------------------------------------- Fd

Fd::Fd(Fd &&other) noexcept : m_fd(std::exchange(other.m_fd, -1)) {}

Fd &Fd::operator=(Fd &&other) noexcept
{
    if (this != &other) {
        reset();
        m_fd = std::exchange(other.m_fd, -1);
    }
    return *this;
}

Fd::~Fd()
{
    reset();
}

void Fd::reset()
{
    if (m_fd >= 0)
        ::close(m_fd);
    m_fd = -1;
}

std::string descriptor_path(int fd)
{
    return fmt::format("/proc/self/fd/{}", fd);
}

// ------------------------------------------------------------------------------------------------- InputFile

Result<InputFile> InputFile::open(const std::string &path, Links links)
{
    // O_NONBLOCK: a FIFO named as an image must not hang the open.
    int const flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (links == Links::refuse ? O_NOFOLLOW : 0);
    InputFile file;
    file.m_path = path;
    file.m_fd = Fd(::open(path.c_str(), flags));
    if (!file.m_fd)
        return fail(cannot_be_opened(path, errno));
    struct stat st {};
    if (::fstat(file.fd(), &st) != 0)
        return fail(system_error(ErrorCode::unreadable, "cannot be examined", path, errno));
    file.m_device = S_ISBLK(st.st_mode) && links == Links::follow;
    if (!S_ISREG(st.st_mode) && !file.m_device) {
        Error error{ErrorCode::unreadable, S_ISDIR(st.st_mode) ? "is a folder, not a disk image"
                                                               : "is neither a regular file nor a block device"};
        error.file = path;
        return fail(error);
    }
    if (file.m_device) {
        auto identity = identity_of_device(file.fd(), st, path);
        if (!identity)
            return fail(identity.error());
        file.m_identity = *identity;
        file.m_allocated = identity->size;
        // What an earlier reading left in the cache of a mounted disk's device may be older than the disk.
        ::posix_fadvise(file.fd(), 0, 0, POSIX_FADV_DONTNEED);
        return file;
    }
    file.m_identity = identity_of(st);
    file.m_allocated = static_cast<std::uint64_t>(st.st_blocks) * 512;
    return file;
}

Result<InputFile> InputFile::open_source(const std::string &path, RemoteUser user)
{
    if (!is_remote_source(path))
        return open(path);
    auto const address = parse_ssh_address(path);
    if (!address)
        return fail(address.error());
    auto remote = RemoteFile::shared(*address, user);
    if (!remote)
        return fail(remote.error());
    auto const &description = (*remote)->description();
    InputFile file;
    file.m_path = path;
    file.m_device = description.device;
    file.m_identity = {0, std::hash<std::string>{}(description.stamp), description.size, 0};
    file.m_allocated = description.size;
    file.m_remote = std::move(*remote);
    return file;
}

std::optional<DeviceUse> InputFile::use() const
{
    if (m_remote)
        return m_remote->use();
    struct stat st {};
    if (!m_device || ::fstat(fd(), &st) != 0)
        return std::nullopt;
    auto const devices = local_block_devices();
    std::string const number = fmt::format("{}:{}", major(st.st_rdev), minor(st.st_rdev));
    auto const found = std::ranges::find_if(devices.all, [&](auto const &device) { return device.number == number; });
    if (found == devices.all.end())
        return std::nullopt;
    auto use = use_of(devices, found->name);
    // Who mounts, in whatever namespace, and who makes an array of it has claimed it.
    if (use.uses.empty() && !Fd(::open(descriptor_path(fd()).c_str(), O_RDONLY | O_CLOEXEC | O_EXCL)) && errno == EBUSY)
        use.uses.push_back(fmt::format("/dev/{} is claimed by the kernel: mounted elsewhere, or part of a volume group "
                                       "or an array",
                                       found->name));
    return use;
}

unsigned InputFile::interruptions() const
{
    return m_remote ? m_remote->interruptions() : 0;
}

Result<void> InputFile::read(std::uint64_t offset, std::span<std::byte> out) const
{
    auto const outside = [&] {
        Error error{ErrorCode::malformed,
                    fmt::format("the file ends at {} bytes, {} more were expected", size(), out.size())};
        error.file = m_path;
        error.offset = offset;
        return error;
    };
    if (!range_inside(offset, out.size(), size()))
        return fail(outside());
    if (m_remote)
        return m_remote->read(offset, out);
    while (!out.empty()) {
        ssize_t const n = ::pread(fd(), out.data(), out.size(), static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            Error error = system_error(ErrorCode::unreadable, "cannot be read", m_path, errno);
            error.offset = offset;
            return fail(error);
        }
        if (n == 0)
            return fail(outside());
        out = out.subspan(static_cast<std::size_t>(n));
        offset += static_cast<std::uint64_t>(n);
    }
    return {};
}

Result<std::vector<std::byte>> InputFile::read_up_to(std::uint64_t offset, std::size_t length) const
{
    std::uint64_t const there = offset < size() ? size() - offset : 0;
    std::vector<std::byte> out(static_cast<std::size_t>(std::min<std::uint64_t>(length, there)));
    if (out.empty())
        return out;
    if (auto done = read(offset, out); !done)
        return fail(done.error());
    return out;
}

Result<std::vector<Extent>> InputFile::extents(std::uint64_t offset, std::uint64_t length) const
{
    std::vector<Extent> found;
    std::uint64_t const end = offset + length;
    if ((m_device || m_remote) && length != 0)
        return std::vector<Extent>{{offset, length, ExtentKind::data}};
    while (offset < end) {
        off_t const at = static_cast<off_t>(offset);
        off_t const data = ::lseek(fd(), at, SEEK_DATA);
        if (data < 0 && errno != ENXIO) {  // the filesystem knows nothing of holes
            found.push_back({offset, end - offset, ExtentKind::data});
            return found;
        }
        std::uint64_t const data_start = data < 0 ? end : std::min(end, static_cast<std::uint64_t>(data));
        if (data_start > offset)
            found.push_back({offset, data_start - offset, ExtentKind::hole});
        offset = data_start;
        if (offset >= end)
            break;
        off_t const hole = ::lseek(fd(), static_cast<off_t>(offset), SEEK_HOLE);
        std::uint64_t const data_end = hole < 0 ? end : std::min(end, static_cast<std::uint64_t>(hole));
        if (data_end <= offset)
            return fail(ErrorCode::unreadable, "the file changed while it was read");
        found.push_back({offset, data_end - offset, ExtentKind::data});
        offset = data_end;
    }
    return found;
}

Result<void> InputFile::check_unchanged() const
{
    if (m_remote)
        return m_remote->check_unchanged();
    struct stat now {};
    struct stat named {};
    bool const readable = ::fstat(fd(), &now) == 0 && ::stat(m_path.c_str(), &named) == 0;
    bool same = readable;
    if (readable && m_device) {
        // What is written on it does not show; that it is another one, or has grown, does.
        auto const identity = identity_of_device(fd(), now, m_path);
        same = identity && *identity == m_identity && S_ISBLK(named.st_mode) && named.st_rdev == now.st_rdev;
    } else if (readable) {
        same = identity_of(now) == m_identity && identity_of(named) == m_identity;
    }
    if (same)
        return {};
    Error error{ErrorCode::unreadable,
                readable ? "changed while it was being read" : "vanished while it was being read"};
    error.file = m_path;
    error.hint = "shut the virtual machine down, or copy the image first";
    return fail(error);
}

// ------------------------------------------------------------------------------------------------ OutputFile

Result<OutputFile> OutputFile::create(const std::string &path, Overwrite overwrite)
{
    OutputFile file;
    file.m_path = path;
    file.m_overwrite = overwrite;
    if (is_remote_source(path))
        return fail({ErrorCode::usage, "an output is written on this machine", source_name(path)});
    struct stat st {};
    if (::lstat(path.c_str(), &st) == 0) {
        if (overwrite == Overwrite::no || !S_ISREG(st.st_mode)) {
            Error error{ErrorCode::usage, "exists already"};
            error.file = path;
            error.hint = S_ISREG(st.st_mode) ? "--overwrite replaces it" : "it is no regular file";
            return fail(error);
        }
    }
    std::string const directory = dir_name(path);
    file.m_fd = Fd(::open(directory.c_str(), O_RDWR | O_CLOEXEC | O_TMPFILE, 0666));
    if (file.m_fd)
        return file;
    if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
        return fail(system_error(ErrorCode::environment, "cannot be written", path, errno));
    // No O_TMPFILE on this filesystem: a temporary name beside the target.
    std::string name = fmt::format("{}/.{}.XXXXXX", directory, base_name(path));
    file.m_fd = Fd(::mkostemp(name.data(), O_CLOEXEC));
    if (!file.m_fd)
        return fail(system_error(ErrorCode::environment, "cannot be written", path, errno));
    file.m_temporary = name;
    mode_t const mask = ::umask(0);
    ::umask(mask);
    ::fchmod(file.fd(), 0666 & ~mask);
    return file;
}

OutputFile::OutputFile(OutputFile &&other) noexcept
    : m_path(std::move(other.m_path)), m_temporary(std::exchange(other.m_temporary, {})), m_fd(std::move(other.m_fd)),
      m_overwrite(other.m_overwrite)
{}

OutputFile &OutputFile::operator=(OutputFile &&other) noexcept
{
    std::swap(m_path, other.m_path);
    std::swap(m_temporary, other.m_temporary);
    std::swap(m_fd, other.m_fd);
    std::swap(m_overwrite, other.m_overwrite);
    return *this;
}

OutputFile::~OutputFile()
{
    if (!m_temporary.empty())
        ::unlink(m_temporary.c_str());
}

Result<void> OutputFile::write(std::uint64_t offset, std::span<const std::byte> bytes)
{
    while (!bytes.empty()) {
        ssize_t const n = ::pwrite(fd(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(system_error(ErrorCode::environment, "cannot be written", m_path, errno));
        bytes = bytes.subspan(static_cast<std::size_t>(n));
        offset += static_cast<std::uint64_t>(n);
    }
    return {};
}

Result<void> OutputFile::sync()
{
    if (::fsync(fd()) != 0)
        return fail(system_error(ErrorCode::environment, "cannot be synced", m_path, errno));
    return {};
}

Result<void> OutputFile::commit()
{
    if (auto done = sync(); !done)
        return done;
    std::string const directory = dir_name(m_path);
    auto const failed = [&] { return fail(system_error(ErrorCode::environment, "cannot be named", m_path, errno)); };
    std::string const self = descriptor_path(fd());
    if (m_temporary.empty() && m_overwrite == Overwrite::yes) {
        // linkat does not replace, rename does: a temporary name in between.
        std::string const name = fmt::format("{}/.{}.{}", directory, base_name(m_path), ::getpid());
        ::unlink(name.c_str());
        if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) != 0)
            return failed();
        m_temporary = name;
    }
    if (m_temporary.empty()) {
        if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, m_path.c_str(), AT_SYMLINK_FOLLOW) != 0)
            return failed();
    } else if (m_overwrite == Overwrite::yes) {
        if (::rename(m_temporary.c_str(), m_path.c_str()) != 0)
            return failed();
        m_temporary.clear();
    } else {
        if (::link(m_temporary.c_str(), m_path.c_str()) != 0)
            return failed();
        ::unlink(m_temporary.c_str());
        m_temporary.clear();
    }
    Fd const folder(::open(directory.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY));
    if (!folder || ::fsync(folder.get()) != 0)
        return fail(system_error(ErrorCode::environment, "the folder cannot be synced", directory, errno));
    return {};
}

Result<void> write_file(const std::string &path, const std::string &text, Overwrite overwrite)
{
    auto file = OutputFile::create(path, overwrite);
    if (!file)
        return fail(file.error());
    if (auto done = file->write(0, bytes_of(text)); !done)
        return done;
    return file->commit();
}

// -------------------------------------------------------------------------------------------------- temporary

Result<Fd> temporary_file(const std::string &directory)
{
    Fd fd(::open(directory.c_str(), O_RDWR | O_CLOEXEC | O_TMPFILE, 0600));
    if (fd)
        return fd;
    if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
        return fail(system_error(ErrorCode::environment, "no temporary file can be made", directory, errno));
    std::string name = directory + "/imgport.XXXXXX";
    fd = Fd(::mkostemp(name.data(), O_CLOEXEC));
    if (!fd)
        return fail(system_error(ErrorCode::environment, "no temporary file can be made", directory, errno));
    ::unlink(name.c_str());
    return fd;
}

Result<TempDir> TempDir::create(const std::string &parent)
{
    TempDir made;
    std::string name = parent + "/imgport.XXXXXX";
    if (::mkdtemp(name.data()) == nullptr)
        return fail(system_error(ErrorCode::environment, "no temporary folder can be made", parent, errno));
    made.m_path = name;
    return made;
}

TempDir::TempDir(TempDir &&other) noexcept : m_path(std::exchange(other.m_path, {})) {}

TempDir &TempDir::operator=(TempDir &&other) noexcept
{
    std::swap(m_path, other.m_path);
    return *this;
}

TempDir::~TempDir()
{
    std::error_code ignored;
    if (!m_path.empty())
        std::filesystem::remove_all(m_path, ignored);
}

std::string temporary_directory(const std::string &wanted)
{
    if (!wanted.empty())
        return wanted;
    const char *const env = std::getenv("TMPDIR");
    return env != nullptr && *env != '\0' ? env : "/var/tmp";
}

Result<std::uint64_t> free_space(const std::string &directory)
{
    struct statvfs st {};
    if (::statvfs(directory.c_str(), &st) != 0)
        return fail(system_error(ErrorCode::environment, "cannot be examined", directory, errno));
    return static_cast<std::uint64_t>(st.f_bavail) * st.f_frsize;
}

Result<std::string> read_text_file(const std::string &path, std::size_t limit)
{
    auto file = InputFile::open(path);
    if (!file)
        return fail(file.error());
    // Files of /proc and /sys have no size; the limit serves there.
    std::string text;
    std::array<char, 16384> buffer{};
    for (;;) {
        ssize_t const n = ::read(file->fd(), buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(system_error(ErrorCode::unreadable, "cannot be read", path, errno));
        if (n == 0)
            return text;
        text.append(buffer.data(), static_cast<std::size_t>(n));
        if (text.size() > limit) {
            Error error{ErrorCode::malformed, fmt::format("is longer than {} bytes", limit)};
            error.file = path;
            return fail(error);
        }
    }
}

}  // namespace imgport
