// Locks that die with their owner, however that dies: flock(2). On NFS the client turns them into locks of the server,
// which hold between machines (Linux 2.6.12 and later) and are given up when the server has missed their owner for a
// lease's time.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "support/file.hpp"

namespace imgport {

// On a file that stays, and in which its owners leave word.
class FileLock {
public:
    // nullopt: somebody else has it.
    static Result<std::optional<FileLock>> take(const std::string &path);
    // Waits so long for it.
    static Result<std::optional<FileLock>> take_within(const std::string &path, std::chrono::milliseconds patience);
    // Whether somebody has it; false where there is no such file.
    static bool held(const std::string &path);

    // What its owner wrote into the file: it outlives the lock.
    std::string text() const;
    Result<void> write(const std::string &text);

private:
    explicit FileLock(Fd fd, std::string path) : m_fd(std::move(fd)), m_path(std::move(path)) {}

    Fd m_fd;
    std::string m_path;
};

// Who has a path to himself: a file that is made for the lock and goes with it. Only the one that is at the path
// counts: one that its owner has removed since somebody opened it locks nothing.
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
