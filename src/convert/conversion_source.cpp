#include "convert/conversion_source.hpp"

#include <fmt/format.h>

#include "convert/disk_changes.hpp"
#include "convert/verify.hpp"
#include "support/file.hpp"
#include "support/text.hpp"

namespace imgport {

Error with_file(Error error, const std::string &path)
{
    if (error.file.empty() || error.file.starts_with("/proc/self/fd/"))
        error.file = path;
    return error;
}

Result<void> check_convertible(const std::string &path, const ImageFacts &image, const ConvertOptions &options,
                               ProgressSink &progress)
{
    if (image.refused())
        return fail(with_file(image.refusal(), path));
    if (image.format == Format::archive)
        return fail({ErrorCode::usage,
                     "holds no disk, or several: which one is meant cannot be told",
                     path,
                     {},
                     {},
                     "unpack it and name the disk"});
    if (image.format == Format::iso)
        progress.note(fmt::format("{} is an installer: converted, it is still no installed system, and no cloud will "
                                  "boot it as one",
                                  printable(path)));
    if (options.compression == Compression::zstd)
        progress.note("QCOW2 with zstd is refused by many readers; use it only where you know the reader");
    return {};
}

Result<ConversionSource> open_conversion(const std::string &path, const ImageFacts &image,
                                         const ConvertOptions &options, ProgressSink &progress)
{
    if (auto planned = plan_conversion(image, options); !planned)
        return fail(with_file(planned.error(), path));
    auto opened = Source::open(
        path, image, {.allowed = options.allowed, .temp_dir = options.temp_dir, .max_unpacked = options.max_unpacked},
        progress);
    if (!opened)
        return fail(opened.error());
    // What was unpacked may know its size only now.
    auto plan = plan_conversion(opened->facts(), options);
    if (!plan)
        return fail(with_file(plan.error(), path));
    return ConversionSource{std::move(*opened), std::move(*plan)};
}

Result<ChangedDisks> changed_disks_of(const Source &source, const ConversionPlan &plan, const ConvertOptions &options)
{
    auto const disks = disks_of(source, temporary_directory(options.temp_dir), options.threads);
    if (!disks)
        return fail(disks.error());
    ChangedDisks result;
    result.threads = disks->threads;
    auto changes = plan_changes(disks->make, plan.virtual_size, options, result.dropped);
    if (!changes)
        return fail(changes.error());
    result.changed = !changes->empty();
    auto const shared = std::make_shared<const DiskChanges>(std::move(*changes));
    result.make = [make = disks->make, shared]() -> Result<std::shared_ptr<Disk>> {
        auto disk = make();
        if (!disk)
            return disk;
        return imgport::changed(std::move(*disk), shared);
    };
    return result;
}

}  // namespace imgport
