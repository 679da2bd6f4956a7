// What the kernel will find in its initramfs.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "guest/cpio.hpp"

namespace imgport {

// Visits the members of every cpio archive in an initramfs: uncompressed ones (early microcode) and compressed ones,
// one after the other with zeroes between, as the kernel unpacks them. Everything is read as a stream, and within
// bounds.
struct InitramfsLimits {
    std::uint64_t members = 200'000;
    std::uint64_t unpacked = 4ULL << 30;  // bytes out of all compressed segments
};
Result<void> walk_initramfs(FileStream &stream, const CpioVisitor &visit, const InitramfsLimits &limits = {});

// The same for whoever holds the reader: one segment at a time.
class InitramfsWalker {
public:
    explicit InitramfsWalker(const CpioVisitor &visit, const InitramfsLimits &limits = {});

    // Takes the archive, or the compressed archives, that begin at `in`. An error where neither does.
    Result<void> take_segment(ByteReader &in);
    std::uint64_t archives() const { return m_archives; }  // so far

private:
    Result<void> take_compressed(ByteReader &in, const std::string &compression);

    const CpioVisitor &m_visit;
    InitramfsLimits m_limits;
    CpioBudget m_budget;
    std::uint64_t m_unpacked_left;
    std::uint64_t m_archives = 0;
};

// Takes zeroes off `in`, until something else or the end comes.
Result<void> skip_zeroes(ByteReader &in);

struct InitramfsFacts {
    bool has_init = false;                     // a program that the kernel starts in it
    std::vector<std::string> modules = {};     // names, '-' as '_', sorted
    std::vector<std::string> udev_rules = {};  // paths of persistent-net rules that bind something
    std::vector<std::string> versions = {};    // of the lib/modules folders that hold modules, sorted
    std::vector<std::string> programs = {};    // names, of those that rules ask for: "multipathd"
    // A filesystem image inside, whose files were not looked at: dracut's squash module. Empty where there is none.
    std::string nested_image = {};
};

// Modules for other kernels than `version` do not count; modules outside of a lib/modules folder do. It is read to its
// end: that a module or a rule is not in it, which is what matters, cannot be said before, and later segments add to
// earlier ones.
Result<InitramfsFacts> read_initramfs(FileStream &stream, const std::string &version);

// The same of whatever shows its members to a visitor.
Result<InitramfsFacts> collect_initramfs(const std::function<Result<void>(const CpioVisitor &)> &walk,
                                         const std::string &version);

// "virtio_blk" of "kernel/drivers/block/virtio-blk.ko.xz"; empty where the file is no module.
std::string module_name(std::string_view path);

}  // namespace imgport
