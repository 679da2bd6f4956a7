// An image that was probed and not refused, made ready to be opened: the user's own file, or a bounded temporary copy
// unpacked out of its wrappers; with the backing files and extents that the user allowed by name, all opened by us.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <imgport/disk.hpp>
#include <imgport/image.hpp>
#include <imgport/progress.hpp>

#include "support/file.hpp"

namespace imgport {

struct SourceOptions {
    AllowedFiles allowed = {};
    std::string temp_dir = {};       // empty: the usual one
    std::uint64_t max_unpacked = 0;  // bytes, the holes of a sparse tar not counted; 0: 2 TiB
};

class Source {
public:
    // `image` is what probe() said of `path`. Unpacks wrapped images (an OVA's manifest sums are checked on the way),
    // copies a VHDX with a pending log and replays it there with `qemu-img check -r all`.
    // Where the image is an OVA, `image.member` says which disk.
    static Result<Source> open(const std::string &path, const ImageFacts &image, const SourceOptions &options,
                               ProgressSink &progress);
    Source(Source &&) noexcept;
    Source &operator=(Source &&) noexcept;
    ~Source();

    // What the unwrapped image is: for a plain file what probe() said, else a probe of the unpacked copy.
    const ImageFacts &facts() const;
    // The constant JSON that makes qemu open exactly this: the format we found, backing and extents only as allowed,
    // every file as /proc/self/fd/N. "json:{...}"
    std::string qemu_name() const;
    // The descriptors named in there, for Command::keep_fds.
    std::vector<int> fds() const;
    // The descriptor of the (unpacked) image file itself.
    int fd() const;
    // The same, to read from.
    const InputFile &file() const;
    // An error when the user's file, or one it leads to, was changed meanwhile.
    Result<void> check_unchanged() const;

private:
    friend Result<std::shared_ptr<Disk>> open_native_disk(const Source &source);
    struct State;
    explicit Source(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

// The virtual disk of a source: by our own reader of its format, and where there is none through QEMU. The source must
// outlive the disk.
Result<std::shared_ptr<Disk>> open_disk(const Source &source, const std::string &temp_dir);

// By our own readers alone (native_disk.hpp), with the backing chain and the extents. Unsupported, by name, where one
// of the files needs QEMU.
Result<std::shared_ptr<Disk>> open_native_disk(const Source &source);

// Through `qemu-nbd --read-only` on a socket in a private folder, by libnbd: any format.
Result<std::shared_ptr<Disk>> open_qemu_disk(const Source &source, const std::string &temp_dir);

// The same as an NBD server for others (the appliance): "unix:/path" of a socket that serves the raw bytes of the
// disk, read-only, as long as the object lives.
class DiskServer {
public:
    static Result<DiskServer> start(const Source &source, const std::string &temp_dir);
    DiskServer(DiskServer &&) noexcept;
    DiskServer &operator=(DiskServer &&) noexcept;
    ~DiskServer();
    const std::string &socket() const;  // its path
    Result<std::shared_ptr<Disk>> disk();

private:
    struct State;
    explicit DiskServer(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

}  // namespace imgport
