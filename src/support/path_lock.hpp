// Who has a path to himself.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "support/file.hpp"

namespace imgport {

// A lock that dies with its owner, however that dies: flock(2) on a file that is made for it and goes with it. Only the
// file that is at the path counts: one that its owner has removed since somebody opened it locks nothing.
class PathLock {
public:
    // nullopt: somebody else has it. A filesystem without locks gives it to everyone: nothing to be done about it.
    // `opened` is called between opening the file and locking it, each time (tests).
    static Result<std::optional<PathLock>> take(const std::string &path, const std::function<void()> &opened = {});

    PathLock(PathLock &&) noexcept = default;
    PathLock &operator=(PathLock &&) = delete;
    ~PathLock();

private:
    PathLock(Fd fd, std::string path) : m_fd(std::move(fd)), m_path(std::move(path)) {}

    Fd m_fd;
    std::string m_path;
};

}  // namespace imgport
