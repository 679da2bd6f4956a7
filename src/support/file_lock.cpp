#include "support/file_lock.hpp"

#include <array>
#include <cerrno>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <imgport/progress.hpp>

namespace imgport {
namespace {

// Of a PathLock. Each time round, an owner has gone. Who meets so many comes later.
constexpr unsigned most_owners = 100;

int lock_now(int fd)
{
    int taken = 0;
    do {
        taken = ::flock(fd, LOCK_EX | LOCK_NB);
    } while (taken != 0 && errno == EINTR);
    return taken;
}

bool is_at(const std::string &path, int fd)
{
    struct stat there {};
    struct stat ours {};
    return ::fstat(fd, &ours) == 0 && ::stat(path.c_str(), &there) == 0 && ours.st_dev == there.st_dev &&
           ours.st_ino == there.st_ino;
}

}  // namespace

Result<std::optional<FileLock>> FileLock::take(const std::string &path)
{
    Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    if (!fd)
        return fail(system_error(ErrorCode::environment, "cannot be opened", path, errno));
    if (lock_now(fd.get()) == 0)
        return FileLock(std::move(fd), path);
    if (errno == EWOULDBLOCK)
        return std::optional<FileLock>();
    return fail(system_error(ErrorCode::environment, "cannot be locked", path, errno));
}

Result<std::optional<FileLock>> FileLock::take_within(const std::string &path, std::chrono::milliseconds patience)
{
    auto const deadline = std::chrono::steady_clock::now() + patience;
    for (;;) {
        auto lock = take(path);
        if (!lock || *lock || interrupted() || std::chrono::steady_clock::now() > deadline)
            return lock;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

bool FileLock::held(const std::string &path)
{
    Fd const fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    // Shared: two who only ask do not disturb each other.
    return fd && ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

std::string FileLock::text() const
{
    std::array<char, 256> buffer{};
    ssize_t const n = ::pread(m_fd.get(), buffer.data(), buffer.size(), 0);
    return {buffer.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
}

Result<void> FileLock::write(const std::string &text)
{
    bool const written = ::ftruncate(m_fd.get(), 0) == 0 &&
                         ::pwrite(m_fd.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()) &&
                         ::fsync(m_fd.get()) == 0;
    if (!written)
        return fail(system_error(ErrorCode::environment, "cannot be written", m_path, errno));
    return {};
}

// ------------------------------------------------------------------------------------------------------------- a path

Result<std::optional<PathLock>> PathLock::take(const std::string &path, const std::function<void()> &opened)
{
    for (unsigned i = 0; i < most_owners; ++i) {
        Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (!fd)
            return fail(system_error(ErrorCode::environment, "cannot be written", path, errno));
        if (opened)
            opened();
        if (lock_now(fd.get()) != 0 && errno == EWOULDBLOCK)
            return std::optional<PathLock>();
        if (is_at(path, fd.get()))
            return PathLock(std::move(fd), path);
    }
    return std::optional<PathLock>();
}

// The name goes before the lock does: who locks the file from now on sees that it is not at the path.
PathLock::~PathLock()
{
    if (m_fd && is_at(m_path, m_fd.get()))
        ::unlink(m_path.c_str());
}

}  // namespace imgport
