#include "support/path_lock.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace imgport {
namespace {

// Each time round, an owner has gone. Who meets so many comes later.
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
