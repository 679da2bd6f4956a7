#include <imgport/convert.hpp>

#include <future>

#include <fmt/format.h>

#include "convert/content_digest.hpp"
#include "convert/plan.hpp"
#include "convert/qemu_img.hpp"
#include "convert/verify.hpp"
#include "format/source.hpp"
#include "support/file.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// Brackets a stage, whatever ends it.
class Stage {
public:
    Stage(ProgressSink &progress, std::string_view name, std::string_view subject) : m_progress(progress)
    {
        m_progress.begin(name, subject);
    }
    Stage(const Stage &) = delete;
    Stage &operator=(const Stage &) = delete;
    ~Stage() { m_progress.end(); }

private:
    ProgressSink &m_progress;
};

Error refusal_of(const std::string &path, const ImageFacts &image)
{
    Error error{ErrorCode::refused, "is not safe to convert", path};
    if (image.error)
        return {ErrorCode::malformed, image.error->message, path};
    for (auto const &hazard : image.hazards) {
        if (hazard.severity == HazardSeverity::refuse)
            error.message = hazard.message;
    }
    return error;
}

Error with_file(Error error, const std::string &path)
{
    if (error.file.empty() || error.file.starts_with("/proc/self/fd/"))
        error.file = path;
    return error;
}

// Source and output are read side by side: each by a reader of its own.
Result<std::string> compare_content(const Source &source, int output, const ImageFacts &artifact,
                                    const std::string &temp_dir, ProgressSink &progress)
{
    auto disk = open_disk(source, temp_dir);
    if (!disk)
        return fail(disk.error());
    auto there = std::async(std::launch::async,
                            [&] { return digest_of_artifact(output, artifact, temp_dir, silent_progress()); });
    auto const here = digest_of(**disk, progress);
    auto const back = there.get();
    if (!here)
        return fail(here.error());
    if (!back)
        return fail(back.error());
    if (*here != *back)
        return fail(ErrorCode::unverified,
                    fmt::format("the output is wrong: it does not hold the source's disk (content digest {}, not {})",
                                *back, *here));
    return *here;
}

Result<ConvertResult> convert_to(const Source &source, OutputFile &output, const ConversionPlan &plan,
                                 const ConvertOptions &options, ProgressSink &progress)
{
    ConvertResult result;
    result.path = output.path();
    result.engine = "qemu";
    auto const version = qemu_img_version();
    if (!version)
        return fail(version.error());
    result.engine_version = *version;
    {
        Stage const stage(progress, "convert", source.facts().path);
        if (auto done = qemu_img_convert(source, output.fd(), plan, options, progress); !done)
            return fail(done.error());
        // A full disk can show up only now.
        if (auto done = output.sync(); !done)
            return fail(done.error());
    }
    std::string const temp_dir = temporary_directory(options.temp_dir);
    Stage const stage(progress, "verify", output.path());
    result.artifact = plan.artifact;
    if (options.verify != Verify::none) {
        auto facts = verify_structure(output.fd(), plan);
        if (!facts)
            return fail(facts.error());
        result.artifact = std::move(*facts);
    }
    if (options.verify == Verify::content) {
        auto digest = compare_content(source, output.fd(), result.artifact, temp_dir, progress);
        if (!digest)
            return fail(digest.error());
        result.content_digest = std::move(*digest);
    } else if (options.digest) {
        auto digest = digest_of_artifact(output.fd(), result.artifact, temp_dir, progress);
        if (!digest)
            return fail(digest.error());
        result.content_digest = std::move(*digest);
    }
    if (result.content_digest) {
        auto const file = InputFile::open(descriptor_path(output.fd()));
        if (!file)
            return fail(file.error());
        auto const digests = digest_file(output.fd(), output.path(), file->size(), progress);
        if (!digests)
            return fail(digests.error());
        result.sha256 = digests->sha256;
        result.crc64ecma = digests->crc64ecma;
    }
    return result;
}

}  // namespace

Result<ConvertResult> convert(const std::string &source, const ImageFacts &image, const std::string &destination,
                              const ConvertOptions &options, ProgressSink &progress)
{
    if (image.refused())
        return fail(refusal_of(source, image));
    if (image.format == Format::archive)
        return fail({ErrorCode::usage,
                     "holds no disk, or several: which one is meant cannot be told",
                     source,
                     {},
                     {},
                     "unpack it and name the disk"});
    if (image.format == Format::iso)
        progress.note(fmt::format("{} is an installer: converted, it is still no installed system, and no cloud will "
                                  "boot it as one",
                                  printable(source)));
    if (options.compression == Compression::zstd)
        progress.note("QCOW2 with zstd is refused by many readers; use it only where you know the reader");

    // The output's name is looked at first: nobody wants to hear of it after an hour.
    auto output = OutputFile::create(destination, options.overwrite);
    if (!output)
        return fail(output.error());
    if (auto planned = plan_conversion(image, options); !planned)
        return fail(with_file(planned.error(), source));
    auto opened = Source::open(
        source, image, {.allowed = options.allowed, .temp_dir = options.temp_dir, .max_unpacked = options.max_unpacked},
        progress);
    if (!opened)
        return fail(opened.error());
    // What was unpacked may know its size only now.
    auto const plan = plan_conversion(opened->facts(), options);
    if (!plan)
        return fail(with_file(plan.error(), source));
    auto result = convert_to(*opened, *output, *plan, options, progress);
    if (!result)
        return fail(with_file(result.error(), result.error().code == ErrorCode::unverified ? destination : source));
    if (auto same = opened->check_unchanged(); !same)
        return fail(same.error());
    if (auto done = output->commit(); !done)
        return fail(done.error());
    result->artifact.path = destination;
    return result;
}

Result<std::string> content_digest(const std::string &path, const ImageFacts &image, const InspectOptions &options,
                                   ProgressSink &progress)
{
    if (image.refused())
        return fail(refusal_of(path, image));
    auto source = Source::open(
        path, image, {.allowed = options.allowed, .temp_dir = options.temp_dir, .max_unpacked = options.max_unpacked},
        progress);
    if (!source)
        return fail(source.error());
    auto disk = open_disk(*source, temporary_directory(options.temp_dir));
    if (!disk)
        return fail(disk.error());
    Stage const stage(progress, "digest", path);
    auto digest = digest_of(**disk, progress);
    if (!digest)
        return digest;
    if (auto same = source->check_unchanged(); !same)
        return fail(same.error());
    return digest;
}

}  // namespace imgport
