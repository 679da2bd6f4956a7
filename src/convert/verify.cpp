#include "convert/verify.hpp"

#include <cerrno>

#include <fmt/format.h>
#include <unistd.h>

#include "convert/qemu_img.hpp"
#include "support/digest.hpp"
#include "support/file.hpp"
#include "support/workers.hpp"

namespace imgport {
namespace {

Error unverified(std::string message)
{
    return {ErrorCode::unverified, fmt::format("the output is wrong: {}", message)};
}

}  // namespace

Result<ImageFacts> verify_structure(int file, const ConversionPlan &plan)
{
    ImageFacts facts = probe(descriptor_path(file));
    // An ISO stays one when it is written as a raw disk. Any other magic at the start of a raw disk is a trap: every
    // tool that guesses formats would take the disk for an image and follow what it says.
    if (plan.target == Format::raw && facts.format == Format::iso)
        facts.format = Format::raw;
    if (facts.error)
        return fail(unverified(facts.error->message));
    if (facts.format != plan.target)
        return fail(unverified(fmt::format("it is {}, not {}", to_string(facts.format), to_string(plan.target))));
    if (facts.virtual_size != plan.virtual_size)
        return fail(unverified(
            fmt::format("its disk has {} bytes, not {}", facts.virtual_size.value_or(0), plan.virtual_size)));
    for (auto const &hazard : facts.hazards) {
        if (hazard.severity == HazardSeverity::refuse)
            return fail(unverified(hazard.message));
    }
    if (auto checked = qemu_img_check(file, plan.target); !checked)
        return fail(checked.error());
    return facts;
}

Result<std::string> digest_of_artifact(int file, const ImageFacts &artifact, const std::string &temp_dir,
                                       unsigned threads, ProgressSink &progress)
{
    auto source = Source::open(descriptor_path(file), artifact, {.allowed = {}, .temp_dir = temp_dir}, progress);
    if (!source)
        return fail(source.error());
    return digest_of_source(*source, temp_dir, threads, progress);
}

Result<bool> is_read_natively(const Source &source)
{
    auto const disk = open_native_disk(source);
    if (!disk && disk.error().code != ErrorCode::unsupported)
        return fail(disk.error());
    return disk.has_value();
}

Result<SourceDisks> disks_of(const Source &source, const std::string &temp_dir, unsigned threads)
{
    auto const native = is_read_natively(source);
    if (!native)
        return fail(native.error());
    if (!*native)
        return SourceDisks{[&source, temp_dir] { return open_qemu_disk(source, temp_dir); }, 1};
    return SourceDisks{[&source] { return open_native_disk(source); }, thread_count(threads)};
}

Result<std::string> digest_of_source(const Source &source, const std::string &temp_dir, unsigned threads,
                                     ProgressSink &progress)
{
    auto const disks = disks_of(source, temp_dir, threads);
    if (!disks)
        return fail(disks.error());
    return digest_of(disks->make, disks->threads, progress);
}

Result<FileDigests> digest_file(int file, const std::string &path, std::uint64_t size, ProgressSink &progress)
{
    Sha256 sha;
    std::uint64_t crc = 0;
    std::vector<std::byte> buffer(std::size_t{1} << 20);
    for (std::uint64_t offset = 0; offset < size;) {
        if (interrupted())
            return fail(ErrorCode::interrupted, "interrupted");
        ssize_t const n = ::pread(file, buffer.data(), buffer.size(), static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fail(system_error(ErrorCode::unreadable, "cannot be read", path, n < 0 ? errno : EIO));
        Bytes const bytes = std::span(buffer).first(static_cast<std::size_t>(n));
        sha.update(bytes);
        crc = crc64_ecma(crc, bytes);
        offset += bytes.size();
        progress.update(offset, size);
    }
    return FileDigests{to_hex(sha.finish()), std::to_string(crc)};
}

}  // namespace imgport
