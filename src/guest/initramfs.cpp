#include "guest/initramfs.hpp"

#include <algorithm>
#include <set>

#include <imgport/progress.hpp>

#include <fmt/format.h>

#include "guest/decompress.hpp"
#include "guest/guest_text.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t max_modules = 50'000;
constexpr std::size_t max_module_name = 256;
constexpr std::size_t max_versions = 64;

// Counts what a decompressor gives and stops it at the bound.
class Metered final : public FileStream {
public:
    Metered(FileStream &source, std::uint64_t &left, std::uint64_t limit)
        : m_source(source), m_left(left), m_limit(limit)
    {}

    Result<std::size_t> read(std::span<std::byte> out) override
    {
        if (interrupted())
            return fail(ErrorCode::interrupted, "interrupted");
        auto n = m_source.read(out);
        if (n && *n > m_left)
            return fail(ErrorCode::malformed, fmt::format("it unpacks to more than {}", human_size(m_limit)));
        if (n)
            m_left -= *n;
        return n;
    }

private:
    FileStream &m_source;
    std::uint64_t &m_left;
    std::uint64_t m_limit;
};

// The VERSION of ".../lib/modules/VERSION/..."; nullopt where the path has none.
std::optional<std::string_view> version_of_path(std::string_view path)
{
    constexpr std::string_view folder = "lib/modules/";
    auto const at = path.find(folder);
    if (at == std::string_view::npos || (at > 0 && path[at - 1] != '/'))
        return std::nullopt;
    path.remove_prefix(at + folder.size());
    auto const end = path.find('/');
    if (end == 0 || end == std::string_view::npos || end > max_module_name)
        return std::nullopt;
    return path.substr(0, end);
}

}  // namespace

Result<void> skip_zeroes(ByteReader &in)
{
    for (;;) {
        auto const some = in.peek_some();
        if (!some)
            return fail(some.error());
        auto const nonzero = std::find_if(some->begin(), some->end(), [](std::byte b) { return b != std::byte{0}; });
        std::size_t const zeroes = static_cast<std::size_t>(nonzero - some->begin());
        if (zeroes == 0)
            return {};
        if (auto const skipped = in.skip(zeroes); !skipped)
            return skipped;
    }
}

InitramfsWalker::InitramfsWalker(const CpioVisitor &visit, const InitramfsLimits &limits)
    : m_visit(visit), m_limits(limits), m_budget{limits.members}, m_unpacked_left(limits.unpacked)
{}

Result<void> InitramfsWalker::take_segment(ByteReader &in)
{
    auto const head = in.peek(6);
    if (!head)
        return fail(head.error());
    if (is_cpio(*head)) {
        ++m_archives;
        return read_cpio(in, m_visit, m_budget);
    }
    std::string const compression = compression_of(*head);
    if (compression.empty())
        return fail({ErrorCode::malformed, "neither a cpio archive nor compressed data", {}, in.position(), {}, {}});
    return take_compressed(in, compression);
}

// Inside of a compressed segment nothing is compressed once more.
Result<void> InitramfsWalker::take_compressed(ByteReader &in, const std::string &compression)
{
    auto const plain = decompress(in, compression);
    if (!plain)
        return fail(plain.error());
    Metered metered(**plain, m_unpacked_left, m_limits.unpacked);
    ByteReader inner(metered);
    Result<void> read;
    while (read) {
        read = skip_zeroes(inner);
        auto const head = read ? inner.peek(6) : Result<Bytes>(Bytes());
        if (!head)
            read = fail(head.error());
        else if (head->empty())
            break;
        else if (is_cpio(*head))
            read = take_segment(inner);
        else
            read = fail(
                {ErrorCode::malformed, "neither a cpio archive nor compressed data", {}, inner.position(), {}, {}});
    }
    if (!read)
        read.error().message +=
            fmt::format(" (inside the {} data that begins at offset {})", compression, in.position());
    return read;
}

Result<void> walk_initramfs(FileStream &stream, const CpioVisitor &visit, const InitramfsLimits &limits)
{
    InitramfsWalker walker(visit, limits);
    ByteReader in(stream);
    for (;;) {
        if (auto const skipped = skip_zeroes(in); !skipped)
            return skipped;
        auto const head = in.peek(6);
        if (!head)
            return fail(head.error());
        if (head->empty())
            break;
        if (auto const taken = walker.take_segment(in); !taken)
            return taken;
    }
    if (walker.archives() == 0)
        return fail(ErrorCode::malformed, "no cpio archive in it");
    return {};
}

std::string module_name(std::string_view path)
{
    // npos + 1 is 0: without a slash the whole path is the name.
    std::string_view name = path.substr(path.rfind('/') + 1);
    for (std::string_view suffix : {".xz", ".gz", ".zst"}) {
        if (name.ends_with(suffix))
            name.remove_suffix(suffix.size());
    }
    if (!name.ends_with(".ko") || name.size() > max_module_name)
        return {};
    name.remove_suffix(3);
    std::string module(name);
    std::replace(module.begin(), module.end(), '-', '_');
    return module;
}

Result<InitramfsFacts> collect_initramfs(const std::function<Result<void>(const CpioVisitor &)> &walk,
                                         const std::string &version)
{
    InitramfsFacts facts;
    std::set<std::string> modules;
    std::set<std::string, std::less<>> versions;
    auto const visit = [&](const CpioMember &member, std::string_view content) {
        if (member.name == "init" || member.name == "sbin/init") {
            facts.has_init = true;
        } else if (std::string name = module_name(member.name); !name.empty()) {
            auto const whose = version_of_path(member.name);
            if (whose && versions.size() < max_versions && !versions.contains(*whose))
                versions.emplace(*whose);
            bool const ours = !whose || version.empty() || *whose == version;
            if (ours && modules.size() < max_modules)
                modules.insert(std::move(name));
        } else if (member.name.ends_with("sbin/multipathd") && facts.programs.empty()) {
            facts.programs.emplace_back("multipathd");
        } else if (member.name.find("persistent-net") != std::string::npos && member.name.ends_with(".rules") &&
                   member.name.find("generator") == std::string::npos && facts.udev_rules.size() < 100) {
            if (content.empty() ? member.size > 0 : has_active_line(content))
                facts.udev_rules.push_back("/" + member.name);
        } else if (member.size > 0 && (member.name == "squash/root.img" || member.name == "squash-root.img" ||
                                       member.name == "squashfs-root.img" || member.name == "erofs-root.img")) {
            facts.nested_image = "/" + member.name;
        }
    };
    if (auto const walked = walk(visit); !walked)
        return fail(walked.error());
    facts.modules.assign(modules.begin(), modules.end());
    facts.versions.assign(versions.begin(), versions.end());
    return facts;
}

Result<InitramfsFacts> read_initramfs(FileStream &stream, const std::string &version)
{
    return collect_initramfs([&](const CpioVisitor &visit) { return walk_initramfs(stream, visit); }, version);
}

}  // namespace imgport
