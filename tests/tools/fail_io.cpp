// A library to preload (LD_PRELOAD), which counts a program's calls of the C library on files of one folder and makes
// one of them fail. For the tests end to end; not installed.
//   FAIL_IO_UNDER=/FOLDER    files elsewhere are left alone (naming a file counts wherever it is)
//   FAIL_IO_STATE=FILE       what was counted: a line of "KIND NUMBER" each, and "fired 1" once a call has failed
//   FAIL_IO=KIND:NUMBER:HOW  which one fails. KIND: read write sync hint size copy name tmpfile. HOW: EIO ENOSPC EINTR
//                            EOPNOTSUPP, or "short" (half of it is done), or "full" (ENOSPC, and from then on always)
//   FAIL_IO_DELAY=N          every read waits for some time, up to N microseconds: threads get done in another order
//   FAIL_IO_NO_TMPFILE=1     every open() with O_TMPFILE fails, as on a filesystem that has none
// A tmpfile is an open() with O_TMPFILE; a hint asks the kernel to begin writing and waits for nothing; size is
// ftruncate and fallocate; copy is copy_file_range and the cloning of a file's blocks; name is link and rename.
#undef _FORTIFY_SOURCE
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string_view>

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

enum Kind : unsigned {
    read_call,
    write_call,
    sync_call,
    hint_call,
    size_call,
    copy_call,
    name_call,
    tmpfile_call,
    kinds
};
constexpr std::array<std::string_view, kinds> names{"read", "write", "sync", "hint", "size", "copy", "name", "tmpfile"};

// Lives in the file, so that it outlasts a program that is killed. Each number as ten digits: text for a shell.
struct Line {
    std::array<char, 12> name;
    std::array<char, 10> digits;
    char newline;
};
using State = std::array<Line, kinds + 1>;

enum class Verdict { go_on, fail, half };

State *state = nullptr;
std::array<std::atomic<unsigned>, kinds> counts{};
const char *folder = nullptr;
unsigned failing_kind = kinds;
unsigned failing_number = 0;
int failing_error = 0;  // 0: short
bool for_good = false;
bool no_tmpfile = false;
unsigned longest_delay = 0;

void show(Line &line, unsigned number)
{
    for (auto digit = line.digits.rbegin(); digit != line.digits.rend(); ++digit, number /= 10)
        *digit = static_cast<char>('0' + number % 10);
}

int error_named(std::string_view how)
{
    if (how == "EIO")
        return EIO;
    if (how == "ENOSPC" || how == "full")
        return ENOSPC;
    if (how == "EINTR")
        return EINTR;
    if (how == "EOPNOTSUPP")
        return EOPNOTSUPP;
    if (how == "short")
        return 0;
    std::fputs("fail_io: FAIL_IO is not understood\n", stderr);
    std::abort();
}

void map_state(const char *path)
{
    auto const fd = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    if (fd < 0 || ::syscall(SYS_ftruncate, fd, sizeof(State)) != 0)
        std::abort();
    void *const memory = ::mmap(nullptr, sizeof(State), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ::close(fd);
    if (memory == MAP_FAILED)
        std::abort();
    auto &lines = *static_cast<State *>(memory);
    for (unsigned kind = 0; kind <= kinds; ++kind) {
        std::string_view const name = kind == kinds ? "fired" : names[kind];
        lines[kind].name.fill(' ');
        name.copy(lines[kind].name.data(), name.size());
        lines[kind].newline = '\n';
        show(lines[kind], 0);
    }
    state = &lines;
}

__attribute__((constructor)) void begin()
{
    folder = std::getenv("FAIL_IO_UNDER");
    no_tmpfile = std::getenv("FAIL_IO_NO_TMPFILE") != nullptr;
    if (const char *const what = std::getenv("FAIL_IO")) {
        std::string_view const text = what;
        auto const colon = text.find(':');
        auto const last = text.rfind(':');
        for (unsigned kind = 0; kind < kinds; ++kind) {
            if (names[kind] == text.substr(0, colon))
                failing_kind = kind;
        }
        failing_number = static_cast<unsigned>(std::strtoul(what + colon + 1, nullptr, 10));
        for_good = text.substr(last + 1) == "full";
        failing_error = error_named(text.substr(last + 1));
    }
    if (const char *const delay = std::getenv("FAIL_IO_DELAY"))
        longest_delay = static_cast<unsigned>(std::strtoul(delay, nullptr, 10));
    if (const char *const path = std::getenv("FAIL_IO_STATE"))
        map_state(path);
}

bool concerns_us(int fd)
{
    if (folder == nullptr)
        return true;
    std::array<char, 64> link{};
    std::array<char, 4096> target{};
    std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", fd);
    ssize_t const length = ::readlink(link.data(), target.data(), target.size());
    return length > 0 && std::string_view(target.data(), static_cast<std::size_t>(length)).starts_with(folder);
}

Verdict count(Kind kind)
{
    unsigned const number = ++counts[kind];
    if (state != nullptr)
        show((*state)[kind], number);
    if (kind != failing_kind || (for_good ? number < failing_number : number != failing_number))
        return Verdict::go_on;
    if (state != nullptr)
        show((*state)[kinds], 1);
    if (failing_error == 0)
        return Verdict::half;
    errno = failing_error;
    return Verdict::fail;
}

// By the clock, as the point is that no two runs are alike.
void wait_a_little()
{
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    auto const drawn = static_cast<std::uint64_t>(now.tv_nsec) * 2654435761U >> 8;
    ::usleep(static_cast<useconds_t>(drawn % longest_delay));
}

Verdict count(Kind kind, int fd)
{
    int const before = errno;
    bool const counted = concerns_us(fd);
    if (counted && kind == read_call && longest_delay != 0)
        wait_a_little();
    errno = before;
    return counted ? count(kind) : Verdict::go_on;
}

template <typename Function>
Function next(const char *name)
{
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

// Calls that move `length` bytes.
template <typename Call>
ssize_t moved(Kind kind, int fd, std::size_t length, Call call)
{
    switch (count(kind, fd)) {
    case Verdict::fail: return -1;
    case Verdict::half: return call(length > 1 ? length / 2 : length);
    default: return call(length);
    }
}

template <typename Call>
ssize_t moved(Kind kind, int fd, const iovec *parts, int number, Call call)
{
    iovec first = number > 0 ? parts[0] : iovec{};
    if (number == 1 && first.iov_len > 1)
        first.iov_len /= 2;
    switch (count(kind, fd)) {
    case Verdict::fail: return -1;
    case Verdict::half: return number > 0 ? call(&first, 1) : call(parts, number);
    default: return call(parts, number);
    }
}

}  // namespace

// NOLINTBEGIN: the names and the arguments are the C library's
#define REAL(name) static auto const real = next<decltype(&name)>(#name)

extern "C" {

ssize_t read(int fd, void *to, size_t length)
{
    REAL(read);
    return moved(read_call, fd, length, [&](size_t n) { return real(fd, to, n); });
}

ssize_t pread(int fd, void *to, size_t length, off_t at)
{
    REAL(pread);
    return moved(read_call, fd, length, [&](size_t n) { return real(fd, to, n, at); });
}

ssize_t pread64(int fd, void *to, size_t length, off64_t at)
{
    return pread(fd, to, length, at);
}

// What a compiler makes of the above where _FORTIFY_SOURCE is set.
ssize_t __read_chk(int fd, void *to, size_t length, size_t)
{
    return read(fd, to, length);
}

ssize_t __pread_chk(int fd, void *to, size_t length, off_t at, size_t)
{
    return pread(fd, to, length, at);
}

ssize_t __pread64_chk(int fd, void *to, size_t length, off64_t at, size_t)
{
    return pread(fd, to, length, at);
}

ssize_t preadv(int fd, const iovec *parts, int number, off_t at)
{
    REAL(preadv);
    return moved(read_call, fd, parts, number, [&](const iovec *p, int n) { return real(fd, p, n, at); });
}

ssize_t preadv64(int fd, const iovec *parts, int number, off64_t at)
{
    return preadv(fd, parts, number, at);
}

ssize_t preadv2(int fd, const iovec *parts, int number, off_t at, int flags)
{
    REAL(preadv2);
    return moved(read_call, fd, parts, number, [&](const iovec *p, int n) { return real(fd, p, n, at, flags); });
}

ssize_t preadv64v2(int fd, const iovec *parts, int number, off64_t at, int flags)
{
    return preadv2(fd, parts, number, at, flags);
}

ssize_t write(int fd, const void *from, size_t length)
{
    REAL(write);
    return moved(write_call, fd, length, [&](size_t n) { return real(fd, from, n); });
}

ssize_t pwrite(int fd, const void *from, size_t length, off_t at)
{
    REAL(pwrite);
    return moved(write_call, fd, length, [&](size_t n) { return real(fd, from, n, at); });
}

ssize_t pwrite64(int fd, const void *from, size_t length, off64_t at)
{
    return pwrite(fd, from, length, at);
}

ssize_t writev(int fd, const iovec *parts, int number)
{
    REAL(writev);
    return moved(write_call, fd, parts, number, [&](const iovec *p, int n) { return real(fd, p, n); });
}

ssize_t pwritev(int fd, const iovec *parts, int number, off_t at)
{
    REAL(pwritev);
    return moved(write_call, fd, parts, number, [&](const iovec *p, int n) { return real(fd, p, n, at); });
}

ssize_t pwritev64(int fd, const iovec *parts, int number, off64_t at)
{
    return pwritev(fd, parts, number, at);
}

ssize_t pwritev2(int fd, const iovec *parts, int number, off_t at, int flags)
{
    REAL(pwritev2);
    return moved(write_call, fd, parts, number, [&](const iovec *p, int n) { return real(fd, p, n, at, flags); });
}

ssize_t pwritev64v2(int fd, const iovec *parts, int number, off64_t at, int flags)
{
    return pwritev2(fd, parts, number, at, flags);
}

ssize_t copy_file_range(int in, off64_t *in_at, int out, off64_t *out_at, size_t length, unsigned flags)
{
    REAL(copy_file_range);
    return moved(copy_call, out, length, [&](size_t n) { return real(in, in_at, out, out_at, n, flags); });
}

ssize_t sendfile(int out, int in, off_t *at, size_t length)
{
    static auto const real = next<ssize_t (*)(int, int, off_t *, size_t)>("sendfile");
    return moved(copy_call, out, length, [&](size_t n) { return real(out, in, at, n); });
}

int fsync(int fd)
{
    REAL(fsync);
    return count(sync_call, fd) == Verdict::fail ? -1 : real(fd);
}

int fdatasync(int fd)
{
    REAL(fdatasync);
    return count(sync_call, fd) == Verdict::fail ? -1 : real(fd);
}

int syncfs(int fd) noexcept
{
    REAL(syncfs);
    return count(sync_call, fd) == Verdict::fail ? -1 : real(fd);
}

int sync_file_range(int fd, off64_t at, off64_t length, unsigned flags)
{
    REAL(sync_file_range);
    return count(flags == SYNC_FILE_RANGE_WRITE ? hint_call : sync_call, fd) == Verdict::fail
               ? -1
               : real(fd, at, length, flags);
}

int ftruncate(int fd, off_t size) noexcept
{
    REAL(ftruncate);
    return count(size_call, fd) == Verdict::fail ? -1 : real(fd, size);
}

int ftruncate64(int fd, off64_t size) noexcept
{
    return ftruncate(fd, size);
}

int fallocate(int fd, int mode, off_t at, off_t length)
{
    REAL(fallocate);
    return count(size_call, fd) == Verdict::fail ? -1 : real(fd, mode, at, length);
}

int fallocate64(int fd, int mode, off64_t at, off64_t length)
{
    return fallocate(fd, mode, at, length);
}

// Returns the error instead of setting it.
int posix_fallocate(int fd, off_t at, off_t length)
{
    REAL(posix_fallocate);
    return count(size_call, fd) == Verdict::fail ? failing_error : real(fd, at, length);
}

int posix_fallocate64(int fd, off64_t at, off64_t length)
{
    return posix_fallocate(fd, at, length);
}

int ioctl(int fd, unsigned long request, ...) noexcept
{
    REAL(ioctl);
    va_list rest;
    va_start(rest, request);
    void *const argument = va_arg(rest, void *);
    va_end(rest);
    bool const clones = request == FICLONE || request == FICLONERANGE;
    return clones && count(copy_call, fd) == Verdict::fail ? -1 : real(fd, request, argument);
}

int link(const char *from, const char *to) noexcept
{
    REAL(link);
    return count(name_call) == Verdict::fail ? -1 : real(from, to);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) noexcept
{
    REAL(linkat);
    return count(name_call) == Verdict::fail ? -1 : real(from_folder, from, to_folder, to, flags);
}

int rename(const char *from, const char *to) noexcept
{
    REAL(rename);
    return count(name_call) == Verdict::fail ? -1 : real(from, to);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) noexcept
{
    REAL(renameat);
    return count(name_call) == Verdict::fail ? -1 : real(from_folder, from, to_folder, to);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) noexcept
{
    REAL(renameat2);
    return count(name_call) == Verdict::fail ? -1 : real(from_folder, from, to_folder, to, flags);
}

int open(const char *path, int flags, ...)
{
    REAL(open);
    va_list rest;
    va_start(rest, flags);
    auto const mode = va_arg(rest, unsigned);
    va_end(rest);
    bool const unnamed = (flags & O_TMPFILE) == O_TMPFILE;
    if (unnamed && no_tmpfile) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return unnamed && count(tmpfile_call) == Verdict::fail ? -1 : real(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    auto const mode = va_arg(rest, unsigned);
    va_end(rest);
    return open(path, flags, mode);
}

}  // extern "C"
// NOLINTEND
